// What the real ones answered is what we answer: aw-server over HTTP, and aw_query beneath it.
import { expect, test } from 'vitest'
import { QueryCrash, QueryError } from './failures.ts'
import { type RecordedBucket, readRecorded, sourceOf } from './recorded/read.ts'
import { runQuery } from './run.ts'
import type { QuerySource } from './source.ts'

interface Buckets {
  buckets: RecordedBucket[]
}
interface Outcome {
  answer?: unknown[]
  type?: string
  message?: string
  crash?: string
}
type Line = Outcome & { query: string; period: string }

function outcome({ query, period }: Line, source: QuerySource): Outcome {
  try {
    return { answer: JSON.parse(JSON.stringify(runQuery(query, [period], source, { name: 'nm' }))) }
  } catch (error) {
    if (error instanceof QueryError) return { type: error.type, message: error.message }
    if (error instanceof QueryCrash) return { crash: error.kind }
    throw error
  }
}
const expected = ({ answer, type, message, crash }: Outcome) =>
  answer ? { answer } : crash ? { crash } : { type, message }

const transforms = readRecorded<object, Line & Buckets>('transforms.jsonl')
test.each(transforms.lines)('$query', (line) => {
  expect(outcome(line, sourceOf(line.buckets))).toEqual(expected(line))
})

const language = readRecorded<Buckets, Line>('language.jsonl')
test.each(language.lines)('$query', (line) => {
  expect(outcome(line, sourceOf(language.head.buckets))).toEqual(expected(line))
})

const server = readRecorded<
  Buckets,
  { step: string; query: string; periods: string[]; status: number; body?: unknown }
>('server.jsonl')
test.each(server.lines)('the server at $step', ({ query, periods, status, body }) => {
  const run = () => runQuery([query], periods, sourceOf(server.head.buckets))
  if (status === 400) return expect(run).toThrow(QueryError)
  if (status !== 200) return expect(run).toThrow(QueryCrash)
  expect(comparable(run())).toEqual(comparable(body))
})

/** Without ids, and with moments of one shape, as the record has them. */
function comparable(value: unknown, key = ''): unknown {
  if (Array.isArray(value)) return value.map((item) => comparable(item))
  if (key === 'timestamp') return new Date(String(value)).toISOString()
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).filter(([name]) => name !== 'id')
  return Object.fromEntries(entries.map(([name, item]) => [name, comparable(item, name)]))
}
