// Spans between two moments, and how two of them lie to each other; ends may come before starts, where events have a
// negative duration. Not for: events.

export interface Slot {
  start: number
  end: number
}

const contains = (a: Slot, b: Slot) => a.start <= b.start && b.end <= a.end

/** What lies in both, edges that touch excepted; undefined for nothing. */
export function intersection(a: Slot, b: Slot): Slot | undefined {
  if (contains(a, b)) return b
  if (a.start <= b.start && b.start < a.end) return { start: b.start, end: a.end }
  if (a.start < b.end && b.end <= a.end) return { start: a.start, end: b.end }
  return contains(b, a) ? a : undefined
}

export const intersects = (a: Slot, b: Slot) =>
  (a.start <= b.start && b.start < a.end) || (a.start < b.end && b.end <= a.end) || contains(a, b) || contains(b, a)

/** Whether time lies between them. */
export const apart = (a: Slot, b: Slot) => a.end < b.start || b.end < a.start
