// Topic names and filters by chapter 4.7 of MQTT 3.1.1: what is well formed, what matches what. Not for: the topics that
// exist (schemas/topics.ts) or who may use them (access.ts).
import { DaybookError } from '../schemas/errors.ts'
import { names } from './embedded/limits.ts'

/** True for what may be published to: not empty, no wildcard, no U+0000 [MQTT-3.3.2-2, MQTT-4.7.3-1, MQTT-4.7.3-2]. */
export function isTopic(topic: string): boolean {
  if (topic.length === 0) return false
  for (let i = 0; i < topic.length; i++) {
    const char = topic.charCodeAt(i)
    if (char === 0x23 || char === 0x2b || char === 0) return false
  }
  return true
}

/** True for what may be subscribed to: wildcards fill whole levels, `#` the last one [MQTT-4.7.1-2, MQTT-4.7.1-3]. */
export function isFilter(filter: string): boolean {
  if (filter.length === 0 || filter.includes('\0')) return false
  const levels = filter.split('/')
  return levels.every((level, i) => {
    if (level === '#') return i === levels.length - 1
    return level === '+' || !/[+#]/.test(level)
  })
}

/**
 * Throws `topic_invalid` for what the house must not subscribe to: who shares a subscription ($share/ of 5.0, 4.8.2; $queue/
 * of EMQX) misses what the others get.
 */
export function checkFilter(filter: string): void {
  const shown = filter.slice(0, 200)
  if (!isFilter(filter)) throw new DaybookError('topic_invalid', `"${shown}" is no topic filter`)
  if (/^\$(share|queue)\//.test(filter)) throw new DaybookError('topic_invalid', `"${shown}" would share with others`)
}

/** True while a topic or filter stays within the bounds of names. */
export function isWithinLimits(name: string): boolean {
  if (name.length > names.topicBytes || Buffer.byteLength(name) > names.topicBytes) return false
  let levels = 1
  for (let i = name.indexOf('/'); i !== -1; i = name.indexOf('/', i + 1)) levels++
  return levels <= names.topicLevels
}

/** A test for one filter; topics beginning with `$` are not met by a leading wildcard [MQTT-4.7.2-1]. */
export function matcher(filter: string): (topic: string) => boolean {
  const levels = filter.split('/')
  if (!levels.includes('+') && !levels.includes('#')) return (topic) => topic === filter
  const hidesDollar = levels[0] === '+' || levels[0] === '#'
  return (topic) => !(hidesDollar && topic.startsWith('$')) && matches(levels, topic.split('/'))
}

function matches(filter: readonly string[], topic: readonly string[]): boolean {
  for (const [i, level] of filter.entries()) {
    if (level === '#') return true
    if (i >= topic.length || (level !== '+' && level !== topic[i])) return false
  }
  return filter.length === topic.length
}

/** Without those that another one covers: brokers deliver a message once for each filter that it meets. */
export function withoutCovered(filters: readonly string[]): string[] {
  const all = [...new Set(filters)]
  return all.filter((filter) => !all.some((other) => other !== filter && covers(other.split('/'), filter.split('/'))))
}

/** Every topic that `filter` meets is met by `wide`, too. */
function covers(wide: readonly string[], filter: readonly string[]): boolean {
  for (const [i, level] of wide.entries()) {
    // [MQTT-4.7.2-1]: a leading wildcard does not meet $SYS.
    if (i === 0 && /^[+#]$/.test(level) && filter[0]?.startsWith('$')) return false
    if (level === '#') return true
    const met = filter[i]
    if (met === undefined || met === '#' || (level !== '+' && level !== met)) return false
  }
  return wide.length === filter.length
}
