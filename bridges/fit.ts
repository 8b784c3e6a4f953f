// Keeps what a bridge emits within what we publish (16 KB): long texts in `data` are cut and named, so that a reader
// sees that something is missing. Not for: what comes from elsewhere, or for payloads, which belong into objects.
import { type ActivityNotification, limits } from '../schemas/activity.ts'

/** Room for what the outbox and the topic add. */
const ROOM = 512
/** A text is never cut below this, bytes. */
const SHORTEST = 200

type Data = Record<string, unknown>

/** The same notification, at most 16 KB as JSON; `data.cut` lists the paths of what was cut or left out. */
export function fitted<T extends Pick<ActivityNotification, 'data'>>(notification: T): T {
  const excess = () => bytes({ ...notification, data }) + ROOM - limits.publishedBytes
  let data: Data | undefined = notification.data
  if (!data || excess() <= 0) return notification
  data = structuredClone(data)
  const cut: string[] = []
  data.cut = cut
  for (const text of textsOf(data).sort((a, b) => bytes(b.value) - bytes(a.value))) {
    const over = excess() + text.path.length + 8
    if (over <= 0 || bytes(text.value) <= SHORTEST) break
    cut.push(text.path)
    text.owner[text.key] = shortened(text.value, bytes(text.value) - over)
  }
  for (const key of Object.keys(data).sort((a, b) => bytes(data?.[b]) - bytes(data?.[a]))) {
    if (excess() <= 0) break
    if (key === 'cut') continue
    delete data[key]
    cut.push(key)
    if (excess() > 0 && cut.length > 50) cut.splice(0, cut.length - 1)
  }
  return { ...notification, data }
}

function bytes(value: unknown): number {
  return value === undefined ? 0 : Buffer.byteLength(JSON.stringify(value))
}

/** The start of a text, so that it has about `target` bytes as JSON. */
function shortened(text: string, target: number): string {
  const share = Math.max(target, SHORTEST) / bytes(text)
  return `${text.slice(0, Math.floor(text.length * share * 0.95)).replace(/[\uD800-\uDBFF]$/, '')}…`
}

function textsOf(value: unknown, path = ''): { owner: Data; key: string; path: string; value: string }[] {
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, inner]) => {
    const at = path ? `${path}.${key}` : key
    return typeof inner === 'string' ? [{ owner: value as Data, key, path: at, value: inner }] : textsOf(inner, at)
  })
}
