// An event as a row and back: the column list, COPY text and array literals. Not for: deciding which way a row goes in.
import type { ActivityEvent } from '../../schemas/activity.ts'
import type { ActivityRow } from './tables.ts'

/** The columns of `activities` that an event fills, with their types; `batch` is the commit's and comes last. */
export const columns = [
  ['id', 'uuid'],
  ['space', 'text'],
  ['source', 'text'],
  ['event_type', 'text'],
  ['producer', 'text'],
  ['summary', 'text'],
  ['timestamp', 'timestamptz'],
  ['received_at', 'timestamptz'],
  ['session_id', 'text'],
  ['activity_id', 'text'],
  ['phase', 'text'],
  ['duration', 'float8'],
  ['epoch', 'text'],
  ['seq', 'int8'],
  ['native_id', 'text'],
  ['details', 'jsonb'],
  ['content_ref', 'jsonb'],
  ['attachments', 'jsonb'],
  ['cause', 'jsonb'],
] as const

type Field = string | null

function fields(event: ActivityEvent): Field[] {
  return [
    event.id,
    event.space,
    event.source,
    event.eventType,
    event.producer,
    event.summary,
    new Date(event.timestamp).toISOString(),
    new Date(event.receivedAt).toISOString(),
    event.sessionId,
    event.activityId ?? null,
    event.phase ?? null,
    event.duration === undefined ? null : String(event.duration),
    event.epoch ?? null,
    event.seq === undefined ? null : String(event.seq),
    event.nativeId ?? null,
    json(event.details),
    json(event.contentRef),
    json(event.attachments),
    json(event.cause),
  ]
}

function json(value: unknown): Field {
  return value === undefined ? null : JSON.stringify(value)
}

/** COPY text format (Postgres documentation, COPY, "Text Format"). */
export function copyText(events: readonly ActivityEvent[], batch: number): string {
  let text = ''
  for (const event of events) text += `${fields(event).map(copyField).join('\t')}\t${batch}\n`
  return text
}

const COPY_SPECIAL = /[\\\t\n\r]/
const COPY_ESCAPES: Record<string, string> = { '\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r' }

function copyField(field: Field): string {
  if (field === null) return '\\N'
  return COPY_SPECIAL.test(field) ? field.replace(/[\\\t\n\r]/g, (character) => COPY_ESCAPES[character] ?? '') : field
}

/** The fields of all events one after the other, for VALUES. */
export function rowValues(events: readonly ActivityEvent[]): Field[] {
  return events.flatMap(fields)
}

/** `($1, $2), ($3, $4)`: parameters for so many rows, the first of them $<from>, each row followed by `more` if given. */
export function placeholders(rows: number, width: number, { from = 1, more = '' } = {}): string {
  const row = (at: number) => Array.from({ length: width }, (_, column) => `$${from + at * width + column}`).join(', ')
  return Array.from({ length: rows }, (_, at) => `(${row(at)}${more})`).join(', ')
}

/** One array literal a column, for `unnest`. */
export function columnArrays(events: readonly ActivityEvent[]): string[] {
  const rows = events.map(fields)
  return columns.map((_, column) => arrayLiteral(rows.map((row) => row[column] ?? null)))
}

/** A Postgres array literal of texts. */
export function arrayLiteral(items: readonly Field[]): string {
  return `{${items.map((item) => (item === null ? 'NULL' : `"${item.replace(/[\\"]/g, '\\$&')}"`)).join(',')}}`
}

type Selected = {
  [Column in keyof ActivityRow]: ActivityRow[Column] extends { __select__: infer T } ? T : ActivityRow[Column]
}

/** A selected row as the event it is; absent columns are absent keys. */
export function toEvent(row: Selected): ActivityEvent {
  const event: Record<string, unknown> = {
    id: row.id,
    space: row.space,
    source: row.source,
    eventType: row.event_type,
    summary: row.summary,
    timestamp: row.timestamp,
    details: row.details,
    contentRef: row.content_ref,
    attachments: row.attachments,
    sessionId: row.session_id,
    duration: row.duration,
    producer: row.producer,
    epoch: row.epoch,
    seq: row.seq,
    activityId: row.activity_id,
    phase: row.phase,
    cause: row.cause,
    nativeId: row.native_id,
    receivedAt: row.received_at,
    batch: row.batch,
  }
  for (const key of Object.keys(event)) if (event[key] === null) delete event[key]
  return event as ActivityEvent
}
