// Keeps data within a size: long texts are cut and named, so that a reader sees that something is missing. For what we
// publish (16 KB) and for the head of data that moved into an object. Not for: moving it. Pure.
import { type ActivityNotification, limits } from './activity.ts'

/** Room for what the outbox and the topic add. */
const ROOM = 512
/** A text is never cut below this, bytes. */
const SHORTEST = 200
/** How many texts are cut before whole fields go, how much of a path is named, and how much all names may take, bytes. */
const TEXTS = 20
const PATH = 100
const NAMES = 512
/** Stands for all further names. */
const MORE = '…'

export type Data = Record<string, unknown>

/** The same notification, at most 16 KB as JSON; `data.cut` lists the paths of what was cut or left out. */
export function fitted<T extends Pick<ActivityNotification, 'data'>>(notification: T): T {
  const { data } = notification
  const over = bytes(notification) + ROOM - limits.publishedBytes
  return data && over > 0 ? { ...notification, data: cutBy(data, over) } : notification
}

/** What stays readable of data that moved into an object: at most 2 KB as JSON, `cut` lists what is not whole. */
export function headOf(data: Data): Data {
  const over = bytes(data) + bytes({ cut: [] }) - limits.headBytes
  return over > 0 ? cutBy(data, over) : data
}

function cutBy(whole: Data, bytesOver: number): Data {
  let over = bytesOver
  const data: Data = structuredClone(whole)
  const cut: string[] = []
  let room = NAMES
  const note = (path: string) => {
    const name = room > 0 ? path.slice(0, PATH).replace(/[\uD800-\uDBFF]$/, '') : MORE
    if (cut.includes(name)) return
    const size = bytes(name) + 1
    cut.push(name)
    room -= size
    over += size
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
  return { ...data, cut }
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
