// Which ends of a pause's first moments end nothing: a bridge may still tell that what went on is over, and nobody may
// tell of something new in that way. Not for: which events lie in those moments (suppression.ts).
import type { ActivityEvent } from '../schemas/activity.ts'
import type { ActivityStore } from '../storage/activity-store.ts'

/** Of these ends, those of activities that are neither stored nor begun in the same batch. Throws as the store does. */
export async function endsOfNothing(
  ends: readonly ActivityEvent[],
  { batch, activities }: { batch: readonly ActivityEvent[]; activities: Pick<ActivityStore, 'queryActivities'> },
): Promise<ReadonlySet<ActivityEvent>> {
  const begun = new Set(batch.filter(({ phase }) => phase !== 'end').map(nameOf))
  const ofNothing = new Set<ActivityEvent>()
  for (const end of ends) {
    const { source, activityId } = end
    if (activityId !== undefined && begun.has(nameOf(end))) continue
    const rows =
      activityId === undefined ? [] : (await activities.queryActivities({ source, activityId, limit: 1 })).items
    if (rows.length === 0) ofNothing.add(end)
  }
  return ofNothing
}

function nameOf({ source, activityId }: ActivityEvent): string {
  return `${source} ${activityId}`
}
