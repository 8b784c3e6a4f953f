// The fold of phases: start, update, end and enriched rows of one activityId seen as one event. Not for: storing it;
// rows stay as they came and every reader folds.
//
//   start ──┐
//   update ─┤   the latest phase wins, then the highest seq, then the later id;
//   end ────┼─▶ what the winner leaves out is taken from those before it
//   enriched┘
import { type ActivityEvent, phases } from './activity.ts'

/** Rank of a phase; a row without one stands alone and ranks as an end. */
export function phaseRank(phase: ActivityEvent['phase']): number {
  return phase ? phases.indexOf(phase) : phases.indexOf('end')
}

/** Orders rows of one activity from first to latest. */
export function byPhase(a: ActivityEvent, b: ActivityEvent): number {
  return phaseRank(a.phase) - phaseRank(b.phase) || (a.seq ?? -1) - (b.seq ?? -1) || (a.id < b.id ? -1 : 1)
}

/** Folds the rows of one activity, in any order; at least one. The result has the winner's id. */
export function foldActivity(rows: readonly ActivityEvent[]): ActivityEvent {
  const inOrder = [...rows].sort(byPhase)
  const folded: ActivityEvent = Object.assign({}, ...inOrder)
  if (folded.details) folded.details = Object.assign({}, ...inOrder.map((row) => row.details))
  return folded
}

/** Folds a list: one event for each activityId, rows without one as they are, in the order of the winners' ids. */
export function foldActivities(rows: readonly ActivityEvent[]): ActivityEvent[] {
  const groups = new Map<string, ActivityEvent[]>()
  for (const row of rows) {
    const key = row.activityId === undefined ? row.id : `${row.source} ${row.activityId}`
    groups.set(key, [...(groups.get(key) ?? []), row])
  }
  return [...groups.values()].map(foldActivity).sort((a, b) => (a.id < b.id ? -1 : 1))
}
