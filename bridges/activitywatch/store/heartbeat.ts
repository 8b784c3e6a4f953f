// When a heartbeat goes on with the last event, and when it begins a new one (aw-core: aw_transform/heartbeats.py). Pure.
// Not for: which event is the last one, or storing either (group.ts, open.ts).
import type { Data, Draft, Json } from './buckets.ts'

/** The last event grown by the heartbeat, or null if the heartbeat begins a new one; all in µs. */
export function merged<Event extends Draft>(last: Event, heartbeat: Draft, pulsetime: number): Event | null {
  // A watcher whose clock was set back sent it: it has no end that anything could follow.
  if (last.duration < 0) return null
  if (heartbeat.start < last.start || heartbeat.start > last.start + last.duration + pulsetime) return null
  if (!sameData(last.data, heartbeat.data)) return null
  const duration = Math.max(last.duration, heartbeat.start - last.start + heartbeat.duration)
  return duration === last.duration ? last : { ...last, duration }
}

/** Equal as JSON values: the order of keys is no difference. */
export function sameData(a: Data, b: Data): boolean {
  return same(a, b)
}

function same(a: Json | undefined, b: Json | undefined): boolean {
  if (a === b) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  if (Array.isArray(a) || Array.isArray(b)) {
    return Array.isArray(a) && Array.isArray(b) && a.length === b.length && a.every((item, at) => same(item, b[at]))
  }
  const keys = Object.keys(a)
  return keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && same(a[key], b[key]))
}
