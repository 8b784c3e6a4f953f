// What nobody in good faith asks: queries that would take the house down elsewhere end with an error here, soon.
import { expect, test } from 'vitest'
import type { Limits } from './budget.ts'
import { QueryError } from './failures.ts'
import { runQuery } from './run.ts'
import type { QuerySource, SourceEvent } from './source.ts'

const day = '2024-03-01/2024-03-02'
const noon = Date.UTC(2024, 2, 1, 12) * 1000
const seconds = (at: number, data: SourceEvent['data'] = {}): SourceEvent => ({
  id: at,
  start: noon + at * 1_000_000,
  duration: 1_000_000,
  data,
})
const source = (events: readonly SourceEvent[]): QuerySource => ({
  list: () => [{ id: 'b', hostname: 'h' }],
  events: (_, { limit = events.length }) => events.slice(0, limit),
  count: () => events.length,
})
const one = source([seconds(0, { title: `${'a'.repeat(40_000)}!`, app: 'Übung' })])

function failure(query: string, from = one, limits: Partial<Limits> = {}) {
  const began = performance.now()
  try {
    runQuery(query, [day], from, { limits })
  } catch (error) {
    expect(performance.now() - began).toBeLessThan(20_000)
    expect(error).toBeInstanceOf(QueryError)
    return error as QueryError
  }
  throw new Error('The query was answered')
}
const limit = (message: RegExp) => ({ type: 'QueryLimitException', message: expect.stringMatching(message) })

test('lists that double with every line', () => {
  const doubling = `x = query_bucket("b"); ${'x = concat(x, x);'.repeat(40)} RETURN = 1;`
  expect(failure(doubling)).toMatchObject(limit(/events/))
  expect(failure(`x = [1]; ${'x = [x, x];'.repeat(40)} RETURN = x;`)).toMatchObject(limit(/answer|steps/))
  expect(failure(`x = "${'y'.repeat(100_000)}"; ${'x = [x, x];'.repeat(20)} RETURN = x;`)).toMatchObject(
    limit(/answer/),
  )
})
test('brackets within brackets, written or made', () => {
  expect(failure(`RETURN = ${'['.repeat(1000)}1${']'.repeat(1000)};`)).toMatchObject(limit(/nests/))
  expect(failure(`RETURN = ${'nop('.repeat(5000)}${')'.repeat(5000)};`)).toMatchObject(limit(/nests/))
  expect(failure(`x = 1; ${'x = [x];'.repeat(5000)} RETURN = x;`)).toMatchObject(limit(/nests/))
  expect(failure(`${'('.repeat(50_000)}`).type).toBe('QueryParseException')
  expect(failure(`RETURN = ${'f('.repeat(50_000)};`).type).toBe('QueryParseException')
})
test('more events, characters, periods or time than are given', () => {
  const many = source(Array.from({ length: 100 }, (_, i) => seconds(i)))
  expect(failure('RETURN = query_bucket("b");', many, { events: 99 })).toMatchObject(limit(/99 events/))
  expect(failure('x = query_bucket("b"); RETURN = flood(x);', many, { events: 199 })).toMatchObject(limit(/199 events/))
  expect(failure(`RETURN = "${'x'.repeat(1_000_000)}";`)).toMatchObject(limit(/characters/))
  expect(() => runQuery('RETURN = 1;', Array(2001).fill(day), one)).toThrow(/periods/)
  let now = 0
  const late = () =>
    runQuery('RETURN = flood(query_bucket("b"));', Array(2000).fill(day), many, { now: () => now++ * 100 })
  expect(late).toThrow(/longer than 5000 ms/)
})
test('a list that is printed in an error is cut', () => {
  const { message } = failure('x = query_bucket("b"); RETURN = query_bucket([x, x, x]);')
  expect(message).toMatch(/^Variable '\[\[\{'id': 0, .*Expected <class 'str'> but was <class 'list'>$/)
  expect(message.length).toBeLessThan(2500)
})

const matches = (regex: string) =>
  (
    runQuery(
      `x = query_bucket("b"); y = filter_keyvals_regex(x, "title", "${regex}"); RETURN = y;`,
      [day],
      one,
    )[0] as object[]
  ).length === 1

test.each(['(a+)+$', '(a|aa)+$', '(a*)*b', '^([a-zA-Z]+)*$', '(.*a){12}b', '(x+x+)+y'])('%s takes no time', (regex) => {
  const began = performance.now()
  expect(matches(regex)).toBe(false)
  expect(performance.now() - began).toBeLessThan(20_000) // A guard against explosion, not a figure of speed.
})
test.each([
  ['a(?=b)', /lookahead/],
  ['(a)\\\\1', /back references/],
  ['(?P<x>a)(?P=x)', /back references/],
  ['(a', /missing closing|closing/],
  ['[a', /not closed/],
  ['a{1,2000}', /repeat/],
  ['((a{1,500}){1,500}){1,500}', /large|repeat/],
  ['\\\\q', /not known/],
  ['(?x)a b', /flag x/],
  ['a'.repeat(5001), /5000 characters/],
])('%s is refused by name', (regex, why) => {
  const error = failure(
    `x = query_bucket("b"); y = filter_keyvals_regex(x, "title", "${regex.replaceAll('\\\\', '\\')}"); RETURN = y;`,
  )
  expect(error).toMatchObject({ type: 'QueryFunctionException', message: expect.stringMatching(why) })
})
test('names of the machinery are names like any other', () => {
  const query = `x = {"__proto__": {"a": 1}, "constructor": 2}; RETURN = [x, [__proto__]];`
  expect(failure(query).message).toMatch(/'__proto__' which is not defined/)
  expect(failure('RETURN = constructor();').message).toMatch(/'constructor' which doesn't exist/)
  const [answer] = runQuery('RETURN = {"__proto__": {"a": 1}};', [day], one)
  expect(JSON.stringify(answer)).toBe('{"__proto__":{"a":1}}')
  expect(({} as { a?: number }).a).toBeUndefined()
})
test('the events of the source stay as they are', () => {
  const event = seconds(0, { url: 'http://x/y', app: 'A' })
  const rule = '[[["Work"], {"regex": "A"}]]'
  runQuery(
    `x = query_bucket("b"); x = split_url_events(x); x = categorize(x, ${rule}); RETURN = x;`,
    [day],
    source([event]),
  )
  expect(event.data).toEqual({ url: 'http://x/y', app: 'A' })
})
test('an event without what a function works on stays as it is', () => {
  const odd = source([seconds(0, { url: null }), seconds(1, { url: 'http://[x/' }), seconds(2, {})])
  const query = 'x = query_bucket("b"); x = split_url_events(x); RETURN = simplify_window_titles(x, "title");'
  expect((runQuery(query, [day], odd)[0] as { data: object }[]).map(({ data }) => data)).toEqual([
    { url: null },
    { url: 'http://[x/' },
    {},
  ])
})
