// Where the reference to `data` that moved into an object goes, so that bridges and pipeline say it the same way. Pure.
// Not for: what stays of the data (fit.ts), or for keeping it.
import { type ActivityNotification, limits } from './activity.ts'
import type { ContentRef } from './content-ref.ts'

/** The name of the attachment that holds moved `data` whole, as JSON. */
export const MOVED_DATA = 'data'

type References = Pick<ActivityNotification, 'contentRef' | 'attachments'>

/** A free place among references. */
export interface Place {
  /** What the moved data is called there: `data`, or where something else bears that name, `data-2` and so on. */
  name: string
  /** The references with this one at the place. */
  holding(ref: ContentRef): References
}

/** Among the attachments, or where these are all taken, as contentRef; undefined if that is taken too. */
export function placeForData({ contentRef, attachments = [] }: References): Place | undefined {
  const name = unused(attachments.map((one) => one.name))
  if (attachments.length < limits.attachments)
    return { name, holding: (ref) => ({ attachments: [...attachments, { ...ref, name }] }) }
  return contentRef ? undefined : { name, holding: (ref) => ({ contentRef: { ...ref, name } }) }
}

function unused(taken: readonly string[]): string {
  let name = MOVED_DATA
  for (let n = 2; taken.includes(name); n++) name = `${MOVED_DATA}-${n}`
  return name
}
