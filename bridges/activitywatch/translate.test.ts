// What events become, whatever is in them. The examples of the bridge are tested by its contract.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { activityNotification, limits } from '../../schemas/activity.ts'
import { isTopicWord } from '../../schemas/topics.ts'
import { meanings } from './meanings.ts'
import { translate } from './translate.ts'

const context = { space: 'home', now: 0 }
const bucket = { id: 'aw-watcher-x_desk', type: 'currentwindow', client: 'aw-watcher-x', hostname: 'desk' }
const [only, made] = [
  (input: unknown) => translate(input, context)[0],
  (about: object, data: object, event = {}) =>
    translate(
      { bucket: { ...bucket, ...about }, event: { timestamp: '2026-03-14T09:00:00Z', duration: 1, data, ...event } },
      context,
    )[0],
]

it('never throws and never makes what is invalid, whatever a watcher sends', () => {
  const type = fc.oneof(fc.constantFrom(...Object.keys(meanings)), fc.string())
  const key = fc.oneof(
    fc.constantFrom('url', 'title', 'app', 'status', 'file', 'project', 'label', '__proto__'),
    fc.string(),
  )
  const data = fc.dictionary(key, fc.jsonValue())
  const event = fc.record({ duration: fc.double({ noNaN: true, min: -1e9, max: 1e9 }), data })
  fc.assert(
    fc.property(type, fc.string(), fc.string(), event, (kind, id, client, { duration, data: given }) => {
      const told = made({ type: kind, id, client }, given, { duration })
      if (kind === 'general.stopwatch' && given.running === true) return expect(told).toBeUndefined()
      const { error } = activityNotification.safeParse(told)
      expect(error?.issues).toBeUndefined()
      expect(isTopicWord(told?.source ?? '') && isTopicWord(told?.type ?? '')).toBe(true)
    }),
  )
})

it('cuts what is too long for a line, and keeps all of it in the data', () => {
  const told = made({}, { app: 'a', title: '🙂'.repeat(5000) }, { duration: 200 })
  expect(told?.summary.length).toBeLessThanOrEqual(limits.summary)
  expect(told?.summary).toMatch(/…, 3 min$/)
  expect(told?.data?.title).toHaveLength(10_000)
})

describe('an event is the same one', () => {
  it('while it grows, whatever the order of its keys, and to the millisecond', () => {
    const once = made({}, { app: 'a', title: 'b' })
    expect(made({}, { title: 'b', app: 'a' }, { duration: 99 })?.id).toBe(once?.id)
    expect(made({}, { app: 'a', title: 'b' }, { timestamp: '2026-03-14T10:00:00.000999+0100' })?.id).toBe(once?.id)
  })

  it('only with the same start, data and bucket', () => {
    const ids = [
      made({}, { app: 'a' }),
      made({}, { app: 'b' }),
      made({}, { app: 'a', title: null }),
      made({ id: 'aw-watcher-x_laptop' }, { app: 'a' }),
      made({}, { app: 'a' }, { timestamp: '2026-03-14T09:00:00.001Z' }),
    ].map((one) => one?.id)
    expect(new Set(ids).size).toBe(5)
  })

  it('has an id a phase, one for its end however it was told, and one for each time it grew after', () => {
    const input = { bucket, event: { timestamp: '2026-03-14T09:00:00Z', duration: 70, data: { app: 'a' } } }
    const [whole, start, end, more] = [undefined, 'start', 'end', 'enriched'].map((phase) => only({ ...input, phase }))
    expect(whole?.id).toBe(end?.id)
    expect(new Set([start?.id, end?.id, more?.id]).size).toBe(3)
    expect(new Set([whole, start, end, more].map((one) => one?.activityId)).size).toBe(1)
    expect(only({ ...input, event: { ...input.event, duration: 80 }, phase: 'enriched' })?.id).not.toBe(more?.id)
    expect(start?.duration).toBeUndefined()
  })
})

it.each([
  ['aw-watcher-nvim', 'aw-watcher-nvim_desk', 'nvim'],
  ['aw-watcher-neovim', 'x', 'nvim'],
  ['nvim', 'aw-watcher-jetbrains_desk', 'jetbrains'],
  ['my own', 'notes', 'activitywatch'],
  ['aw-watcher-my editor', 'aw-watcher-my editor_desk', 'activitywatch'],
])('names an editor by its watcher: client %s, bucket %s', (client, id, source) => {
  expect(made({ type: 'app.editor.activity', client, id }, { file: 'a.ts' })).toMatchObject({ source, type: 'edit' })
})

it('keeps what it does not know, in snake_case, and leaves out what says nothing', () => {
  const told = made(
    { type: 'app.editor.activity' },
    { file: 'C:\\x\\a.ts', project: 'C:\\x', editorVersion: 2, branch: 'unknown' },
  )
  expect(told).toMatchObject({ summary: 'a.ts (x), 1 s' })
  expect(told?.data).toEqual({
    file: 'C:\\x\\a.ts',
    project: 'x',
    project_path: 'C:\\x',
    editor_version: 2,
    host: 'desk',
  })
})

it('makes nothing of what lies before 1970', () => {
  expect(made({}, {}, { timestamp: '1960-01-01T00:00:00Z' })).toBeUndefined()
})
