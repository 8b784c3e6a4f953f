// Window titles without what changes all the time: counts of unread messages, frame rates, marks of unsaved files.
// Not for: changing the events it is given.

import { Unfit } from '../failures.ts'
import type { Scope } from '../function.ts'
import { copyEvents, events, type Value } from '../values.ts'

/** Events without the key stay as they are (aw-core fails on them). */
export function simplifyTitles({ budget }: Scope, list: Value[], key: string): Value {
  return copyEvents(events(list, budget), budget).map((made) => {
    const title = made.data[key]
    if (title === undefined) return made
    if (typeof title !== 'string') throw new Unfit()
    budget.spend(title.length)
    made.data[key] = simplified(title, key === 'title' && 'app' in made.data)
    return made
  })
}

function simplified(title: string, ofWindow: boolean): string {
  const counted = title.replace(/^\([0-9]+\)\s*/, '')
  return ofWindow ? counted.replace(/FPS:\s+[0-9.]+/g, 'FPS: ...').replace(/^[●*]\s*/, '') : counted
}
