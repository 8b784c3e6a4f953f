// What was measured at a broker that is not ours: how much it sends before it is acknowledged, how much it keeps for who is
// away, and what it does otherwise than MQTT says. Not for: measuring it (probe.ts), or what to change (hints.ts).
import { z } from 'zod'

export const findings = z.object({
  /** 4 is MQTT 3.1.1. */
  version: z.union([z.literal(4), z.literal(5)]),
  /** Which broker it is, as far as it tells or shows. */
  broker: z.enum(['mosquitto', 'emqx', 'rabbitmq', 'nats', 'unknown']),
  /** Messages that it sends before any is acknowledged; null: no end was met. */
  window: z.number().nullable(),
  /** Messages that it keeps for a session that is away; it takes more, and drops them. null: no end was met. */
  queue: z.number().nullable(),
  /** `exact`: kept, but who subscribes by a wildcard does not get them. */
  retained: z.enum(['kept', 'exact', 'none']),
  /** An empty retained message clears the topic. */
  cleared: z.boolean(),
  /**
   * Of a shared subscription. `silent`: it is granted, and nothing ever comes; `copies`: everybody gets everything;
   * `refused`: it says that it has none.
   */
  shared: z.enum(['works', 'silent', 'copies', 'refused']),
  /** A topic with a dot comes out as it went in. */
  dots: z.boolean(),
})

/** Plain JSON: a house remembers it. */
export type Findings = z.infer<typeof findings>
