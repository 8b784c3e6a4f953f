// Events for the contract suites of this folder: plausible, complete, and different by a number. Not for: production.
import type { ActivityEvent } from '../schemas/activity.ts'
import { eventId } from '../schemas/ids.ts'

export const NOON = Date.UTC(2026, 10, 24, 12)

/** The n-th event of a day at noon, a second apart; anything may be overridden. */
export function exampleEvent(n: number, override: Partial<ActivityEvent> = {}): ActivityEvent {
  const timestamp = override.timestamp ?? NOON + n * 1_000
  const source = override.source ?? 'iot'
  return {
    id: eventId({ space: 'home', source, key: `example ${n}`, phase: override.phase, timestamp }),
    space: 'home',
    source,
    eventType: 'environmental',
    producer: 'example-desk',
    summary: `Hall sensor ${n} reads 21.${n % 10} °C`,
    timestamp,
    receivedAt: NOON + 3_600_000,
    sessionId: 'example-desk/2026-11-24',
    details: { entity_id: `sensor.hall_${n % 3}`, area: 'hall', new_state: 21 + (n % 10) / 10 },
    ...override,
  }
}
