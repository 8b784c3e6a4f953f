// Reading what a hook told, field by field, so that what nobody asked for is kept as well. Pure. Not for: what the fields
// mean (tell.ts, tools.ts).

export type Facts = Record<string, unknown>

/** What every call says of itself; it is told otherwise: as session, cause, place. */
const OWN = [
  'session_id',
  'transcript_path',
  'hook_event_name',
  'cwd',
  'prompt_id',
  'turn_id',
  'scratchpad_dir',
  'model',
]
/** A text in `data` has at most this many characters; the whole is in the transcript. */
const TEXT = 64 * 1024
/** How deep and how wide values go. */
const MOST = { depth: 8, entries: 200 }

export interface Fields {
  /** Undefined if it is no text, or empty. */
  text(name: string): string | undefined
  number(name: string): number | undefined
  flag(name: string): boolean | undefined
  /** Whatever stands there. */
  value(name: string): unknown
  /** What was not asked for and says something, cut to a size; undefined: nothing. */
  rest(): Facts | undefined
}

export function fieldsOf(body: Facts): Fields {
  const asked = new Set(OWN)
  const value = (name: string) => {
    asked.add(name)
    return body[name]
  }
  return {
    value,
    text(name) {
      const found = value(name)
      return typeof found === 'string' && found !== '' ? cut(found) : undefined
    },
    number(name) {
      const found = value(name)
      return typeof found === 'number' && Number.isFinite(found) ? found : undefined
    },
    flag(name) {
      const found = value(name)
      return typeof found === 'boolean' ? found : undefined
    },
    rest() {
      const left = Object.entries(body).filter(([name, found]) => !asked.has(name) && saysSomething(found))
      return left.length > 0 ? (bounded(Object.fromEntries(left)) as Facts) : undefined
    },
  }
}

/** Without what is undefined. */
export function present(facts: Facts): Facts {
  return Object.fromEntries(Object.entries(facts).filter(([, value]) => value !== undefined))
}

/** A copy whose texts, lists and depth have an end. */
export function bounded(value: unknown, depth = 0): unknown {
  if (typeof value === 'string') return cut(value)
  if (typeof value !== 'object' || value === null) return value
  if (depth >= MOST.depth) return '…'
  if (Array.isArray(value)) return value.slice(0, MOST.entries).map((inner) => bounded(inner, depth + 1))
  const entries = Object.entries(value).slice(0, MOST.entries)
  return Object.fromEntries(entries.map(([key, inner]) => [key, bounded(inner, depth + 1)]))
}

export function cut(text: string, most = TEXT): string {
  return text.length > most ? `${text.slice(0, most - 1).replace(/[\uD800-\uDBFF]$/, '')}…` : text
}

function saysSomething(value: unknown): boolean {
  if (value === null || value === undefined || value === '') return false
  return typeof value !== 'object' || Object.keys(value).length > 0
}
