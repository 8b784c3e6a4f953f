// A request as notifications, all of it at once as if nothing were to follow. Pure: the bridge's `translate`. Not for: what
// comes over time, of which teller.ts makes the same notifications.
import type { Notification, TranslateContext } from '../bridge.ts'
import { type Heartbeat, hashOf, readHeartbeat } from './heartbeat.ts'
import { fold, laneOf, type Rule } from './stretch.ts'
import { tell } from './tell.ts'

/** One request of a client. */
export interface Sent {
  heartbeats: readonly unknown[]
  userAgent: string
  machine: string
}

const rule: Rule = { timeout: 15 * 60 * 1e6, isCut: () => false, isBroken: () => false }

export function translate(sent: Sent, { space, now }: TranslateContext): Notification[] {
  const { heartbeats, userAgent = '', machine = '' } = Object(sent) as Partial<Sent>
  if (!Array.isArray(heartbeats)) return []
  const read = heartbeats.map((beat) => readHeartbeat(beat, { userAgent, machine, now }))
  const beats = new Map(
    read.filter((beat): beat is Heartbeat => !('refused' in beat)).map((beat) => [hashOf(beat), beat] as const),
  )
  const lanes = Map.groupBy([...beats.values()].sort(inOrder), laneOf)
  return [...lanes.values()].flatMap((lane) => fold(lane, rule)).map((stretch) => tell(stretch, 'end', space))
}

/** The order in which heartbeats are folded: by time, and one that does not depend on how they came. */
export function inOrder(a: Heartbeat, b: Heartbeat): number {
  return a.time - b.time || (hashOf(a) < hashOf(b) ? -1 : 1)
}
