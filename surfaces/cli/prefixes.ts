// Where replayed messages go: our own topics under another prefix in place of ours, topics of others below it, so that
// nobody who listens to the live ones hears them. Pure. Not for: what topics of ours there are (schemas/topics.ts).
import { DaybookError } from '../../schemas/errors.ts'
import { topicPrefix } from '../../schemas/topics.ts'

/** daybook/activity/... -> sandbox/activity/..., frigate/events -> sandbox/frigate/events. */
export function movedTopic(topic: string, { own, prefix }: { own: string; prefix: string }): string {
  return isUnder(topic, own) ? prefix + topic.slice(own.length) : `${prefix}/${topic}`
}

/** True for a topic at or below a prefix. */
export function isUnder(topic: string, prefix: string): boolean {
  return topic === prefix || topic.startsWith(`${prefix}/`)
}

/** Throws `usage` for what is no prefix, and for one that lies in the live one or around it unless that is wanted. */
export function checkPrefix(prefix: string, live: string, liveIsWanted: boolean): void {
  if (!topicPrefix.safeParse(prefix).success) {
    throw new DaybookError('usage', `--prefix ${prefix}: write lower case words such as sandbox, no slash at the ends.`)
  }
  if (liveIsWanted || !(isUnder(prefix, live) || isUnder(live, prefix))) return
  throw new DaybookError(
    'usage',
    `--prefix ${prefix}: the live topics are under ${live}, and they would be touched. Take another, or add --into-live.`,
  )
}

/** Throws `usage` for a foreign topic of the family in which the prefix lies: whoever listens to that would hear both. */
export function checkFamily(topic: string, { own, prefix }: { own: string; prefix: string }): void {
  const family = topic.split('/', 1)[0] ?? ''
  if (isUnder(topic, own) || !isUnder(prefix, family)) return
  throw new DaybookError(
    'usage',
    `--prefix ${prefix}: the recording holds ${family}/..., and who listens there would hear this, too. Take another, or add --into-live.`,
  )
}
