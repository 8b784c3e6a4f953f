// Values as aw_query prints them in its messages: the notation of the language it is written in. Not for: the answer
// of a query (answer.ts).
import { QueryEvent, Span, type Value } from './values.ts'

/** What a message may show of a value. */
const LONGEST = 2000

const typeNames = { list: 'list', str: 'str', int: 'int' } as const
export type TypeName = keyof typeof typeNames

/** As `str()` prints it, cut where it gets too long to read. */
export function printed(value: Value): string {
  if (typeof value === 'string') return shortened(value)
  return shortened(value instanceof Span ? spanText(value.us) : notation(value, { left: LONGEST }))
}

/** As `repr()` prints it, cut likewise. */
export const quoted = (value: Value) => shortened(notation(value, { left: LONGEST }))

export function typeName(value: Value): string {
  if (value === null) return 'NoneType'
  if (typeof value === 'boolean') return 'bool'
  if (typeof value === 'number') return Number.isInteger(value) ? 'int' : 'float'
  if (typeof value === 'string') return 'str'
  if (value instanceof Span) return 'datetime.timedelta'
  if (value instanceof QueryEvent) return 'aw_core.models.Event'
  return Array.isArray(value) ? 'list' : 'dict'
}

export function isType(value: Value, type: TypeName): boolean {
  if (type === 'list') return Array.isArray(value)
  if (type === 'str') return typeof value === 'string'
  return typeof value === 'boolean' || Number.isInteger(value)
}

const shortened = (text: string) => (text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text)

/** `left` is counted down so that a message never costs more than it may show. */
function notation(value: Value, room: { left: number }): string {
  const text = notationOf(value, room)
  room.left -= text.length
  return text
}

function notationOf(value: Value, room: { left: number }): string {
  if (room.left <= 0) return '…'
  room.left--
  if (value === null) return 'None'
  if (typeof value === 'boolean') return value ? 'True' : 'False'
  if (typeof value === 'number') return String(value)
  if (typeof value === 'string') return stringNotation(value.slice(0, LONGEST + 1))
  if (value instanceof Span) return `datetime.timedelta(${spanArguments(value.us)})`
  if (Array.isArray(value)) return `[${someOf(value, room, (item) => notation(item, room))}]`
  if (!(value instanceof QueryEvent)) {
    return `{${someOf(Object.entries(value), room, ([key, item]) => `${stringNotation(key)}: ${notation(item, room)}`)}}`
  }
  const { id, start, duration, data } = value
  const parts = [
    `'id': ${id ?? 'None'}`,
    `'timestamp': datetime.datetime(${dateArguments(start)}, tzinfo=datetime.timezone.utc)`,
  ]
  parts.push(`'duration': datetime.timedelta(${spanArguments(duration)})`, `'data': ${notation(data, room)}`)
  return `{${parts.join(', ')}}`
}

function someOf<T>(list: T[], room: { left: number }, print: (item: T) => string): string {
  const texts: string[] = []
  for (const item of list) {
    texts.push(print(item))
    if (room.left <= 0) break
  }
  return texts.join(', ')
}

function stringNotation(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'"
  const escapes: Record<string, string> = { '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t', [quote]: `\\${quote}` }
  const inner = text.replace(/[\\'"\p{C}\p{Zl}\p{Zp}\p{Zs}]/gu, (c) => escapes[c] ?? escaped(c))
  return `${quote}${inner}${quote}`
}

function escaped(character: string): string {
  if (character === ' ' || character === "'" || character === '"') return character
  const hex = (character.codePointAt(0) ?? 0).toString(16)
  if (hex.length <= 2) return `\\x${hex.padStart(2, '0')}`
  return hex.length <= 4 ? `\\u${hex.padStart(4, '0')}` : `\\U${hex.padStart(8, '0')}`
}

const DAY = 86_400_000_000

function spanParts(us: number) {
  const days = Math.floor(us / DAY)
  const rest = us - days * DAY
  return { days, seconds: Math.floor(rest / 1_000_000), microseconds: rest % 1_000_000 }
}

function spanArguments(us: number): string {
  const parts = Object.entries(spanParts(us)).filter(([, value]) => value !== 0)
  return parts.map(([name, value]) => `${name}=${value}`).join(', ') || '0'
}

function spanText(us: number): string {
  const { days, seconds, microseconds } = spanParts(us)
  const two = (value: number) => String(value).padStart(2, '0')
  const clock = `${Math.floor(seconds / 3600)}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`
  const fraction = microseconds ? `.${String(microseconds).padStart(6, '0')}` : ''
  return `${days ? `${days} day${Math.abs(days) === 1 ? '' : 's'}, ` : ''}${clock}${fraction}`
}

function dateArguments(us: number): string {
  const at = new Date(us / 1000)
  const parts = [at.getUTCFullYear(), at.getUTCMonth() + 1, at.getUTCDate(), at.getUTCHours(), at.getUTCMinutes()]
  const [second, micro] = [at.getUTCSeconds(), at.getUTCMilliseconds() * 1000]
  return [...parts, ...(second || micro ? [second] : []), ...(micro ? [micro] : [])].join(', ')
}
