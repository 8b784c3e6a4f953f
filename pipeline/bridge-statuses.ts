// What every bridge has said of itself last: whether it is there, what waits in its outbox, and how far its clock is from
// ours. It lives in memory: the bus keeps statuses, and tells them again. Not for: what an outbox has lost, which the
// ledger books (receipts.ts hears the same statuses for that), or changing any timestamp.
import type { Bus, Message } from '../broker/bus.ts'
import type { Clock, Component, Logger } from '../component.ts'
import { type BridgeStatus, bridgeStatus } from '../schemas/delivery.ts'
import type { Topics } from '../schemas/topics.ts'

/** A bridge as it said it was; times are epoch ms, null is unknown. */
export interface KnownBridge {
  producer: string
  /** Null: it was there when we stopped, and has not been heard since. */
  online: boolean | null
  /** How long that has been so, by our clock, or by its own if it was not heard to change. */
  since: number | null
  /** When it wrote what is known of it, by its own clock. */
  at: number | null
  outboxDepth: number | null
  /** The time of the oldest event that waits there. */
  oldestAt: number | null
  /** `ok`, or the error code that holds it up. */
  health: string
  /** Its clock minus ours, ms, as of the last time it was heard to speak. */
  clockOffsetMs: number | null
}

export interface BridgeStatuses extends Component {
  /** Each bridge that has a status, by producer. */
  known(): readonly KnownBridge[]
}

export interface BridgeStatusesOptions {
  bus: Bus
  topics: Topics
  /** The broker goes on while we are away, so that what it retained is true when we come back. */
  brokerGoesOn: boolean
  /** Those that run inside this house have its clock, however late a broker brings their words. */
  isInside(producer: string): boolean
  clock: Clock
  log: Logger
}

/** A clock further from ours than this is wrong, ms; less may be the way here. */
export const CLOCK_TOLERANCE_MS = 2_000

/** Anyone on the bus may write a status; memory stays bounded all the same. */
const MOST = 10_000

export function createBridgeStatuses(options: BridgeStatusesOptions): BridgeStatuses {
  const { bus, topics, brokerGoesOn, isInside, clock, log } = options
  const bridges = new Map<string, KnownBridge>()
  let unsubscribe: (() => void) | null = null

  function hear({ topic, payload, retain }: Message): void {
    const producer = topics.statusProducer(topic)
    if (producer === null) return
    if (payload.length === 0) {
      bridges.delete(producer)
      return
    }
    const status = read(payload)
    const before = bridges.get(producer)
    if (!status || (!before && bridges.size >= MOST)) return
    const heard = retain ? { live: false as const, brokerGoesOn } : { live: true as const, now: clock.now() }
    const after = afterStatus(before, status, heard)
    const bridge = { producer, ...after, ...(isInside(producer) && { clockOffsetMs: null }) }
    bridges.set(producer, bridge)
    if (isClockOff(bridge) && !(before && isClockOff(before)))
      log.warn({ producer, clockOffsetMs: bridge.clockOffsetMs }, 'the clock of a bridge is off')
  }

  return {
    name: 'bridge statuses',
    known: () => [...bridges.values()].sort((a, b) => (a.producer < b.producer ? -1 : 1)),
    async start() {
      unsubscribe ??= await bus.subscribe(topics.statuses, hear)
    },
    async stop() {
      unsubscribe?.()
      unsubscribe = null
    },
    health() {
      const all = [...bridges.values()]
      const offline = all.filter(({ online }) => online === false).length
      const waiting = all.reduce((sum, { outboxDepth }) => sum + (outboxDepth ?? 0), 0)
      return { state: 'ok', figures: { bridges: all.length, offline, waiting } }
    },
  }
}

/** How a status was heard: as it was said, or as the broker had kept it. */
type Heard = { live: true; now: number } | { live: false; brokerGoesOn: boolean }

/**
 * What is known after a status. A will is older than the last words of who left it, so it tells that its bridge has gone
 * and nothing else. Only who is there tells the time, and only once: what a broker may have lost is said again as it was.
 */
export function afterStatus(
  before: Omit<KnownBridge, 'producer'> | undefined,
  status: BridgeStatus,
  heard: Heard,
): Omit<KnownBridge, 'producer'> {
  const online = status.online && !heard.live && !heard.brokerGoesOn ? null : status.online
  const at = status.at ?? null
  const since = before && before.online === online ? before.since : heard.live ? heard.now : at
  const isWill = !status.online && before !== undefined && (at ?? 0) < (before.at ?? 0)
  if (isWill) return { ...before, online, since }
  const heardSpeaking = heard.live && status.online && at !== null && at !== before?.at
  return {
    online,
    since,
    at,
    outboxDepth: status.outboxDepth ?? null,
    oldestAt: status.oldestAt ?? null,
    health: status.health ?? 'ok',
    clockOffsetMs: heardSpeaking ? at - heard.now : (before?.clockOffsetMs ?? null),
  }
}

function isClockOff({ clockOffsetMs }: KnownBridge): boolean {
  return Math.abs(clockOffsetMs ?? 0) > CLOCK_TOLERANCE_MS
}

/** Undefined for what is no status. */
function read(payload: Buffer): BridgeStatus | undefined {
  try {
    return bridgeStatus.safeParse(JSON.parse(payload.toString('utf8'))).data
  } catch {
    return undefined
  }
}
