// Keeps what a bridge emits within what we publish (16 KB): long texts in `data` are cut and named, so that a reader
// sees that something is missing. Not for: what comes from elsewhere, or for payloads, which belong into objects.
import { type ActivityNotification, limits } from '../schemas/activity.ts'

/** Room for what the outbox and the topic add. */
const ROOM = 512
/** A text is never cut below this, bytes. */
const SHORTEST = 200
/** How many texts are cut before whole fields go, and how much of a path is named. */
const TEXTS = 20
const PATH = 100

type Data = Record<string, unknown>

/** The same notification, at most 16 KB as JSON; `data.cut` lists the paths of what was cut or left out. */
export function fitted<T extends Pick<ActivityNotification, 'data'>>(notification: T): T {
  let over = bytes(notification) + ROOM - limits.publishedBytes
  if (!notification.data || over <= 0) return notification
  const data: Data = structuredClone(notification.data)
  const cut: string[] = []
  const note = (path: string) => {
    cut.push(path.slice(0, PATH))
    over += bytes(path.slice(0, PATH)) + 1
  }
  for (const { owner, key, path, value, size } of longest(data)) {
    if (over <= 0) break
    note(path)
    const short = shortened(value, size - over)
    owner[key] = short
    over -= size - bytes(short)
  }
  const fields = Object.entries(data).map(([key, value]) => ({ key, size: bytes(key) + bytes(value) + 2 }))
  for (const { key, size } of fields.sort((a, b) => b.size - a.size)) {
    if (over <= 0) break
    delete data[key]
    over -= size
    note(key)
  }
  return { ...notification, data: { ...data, cut } }
}

/** The texts that are worth cutting, longest first. */
function longest(data: Data) {
  const sized = textsOf(data).map((text) => ({ ...text, size: bytes(text.value) }))
  const long = sized.filter(({ size }) => size > SHORTEST).sort((a, b) => b.size - a.size)
  return long.slice(0, TEXTS)
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
