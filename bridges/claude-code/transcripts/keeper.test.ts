// Transcripts are read and copied when something ends, at most once a minute while it goes on, also when nobody tells, and
// never twice with the same content. Files are real, time and host are made.

import { hash } from 'node:crypto'
import { appendFile, mkdtemp, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import pino from 'pino'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { ManualClock } from '../../../broker/outbox/outbox.world.ts'
import { DaybookError } from '../../../schemas/errors.ts'
import type { Notification } from '../../bridge.ts'
import { stateInMemory } from '../../in-memory.ts'
import { createKeeper, type Keeper } from './keeper.ts'

let folder: string
let path: string
let clock: ManualClock
let state: ReturnType<typeof stateInMemory>
let emitted: Notification[]
let copies: string[]
let refuse: DaybookError | undefined
let allowed: boolean
let keeper: Keeper

const time = (at: number) => new Date(at).toISOString()
const prompt = (id: string, at = clock.now()) =>
  `${JSON.stringify({ type: 'user', promptId: id, cwd: '/home/ada/tides', message: { content: `do ${id}` }, timestamp: time(at) })}\n`
const answer = (id: string, at = clock.now()) => {
  const message = { id, model: 'opus', usage: { input_tokens: 10, output_tokens: 2 }, content: [] }
  return `${JSON.stringify({ type: 'assistant', message, timestamp: time(at) })}\n`
}

function open(): Keeper {
  return createKeeper({
    source: 'claude_code',
    host: {
      space: 'home',
      clock,
      state,
      log: pino({ level: 'silent' }),
      signal: new AbortController().signal,
      privacy: {
        allows: () => allowed,
        clean: (facts) => JSON.parse(JSON.stringify(facts).replaceAll('hunter2', '[redacted]')),
      },
      emit: (notifications) => emitted.push(...notifications),
      room: async () => {},
      async attachFile(body, about) {
        if (refuse) throw refuse
        if (typeof body === 'string') throw new Error('a path')
        const bytes = await buffer(body)
        copies.push(bytes.toString())
        return { storage: 'fs', id: hash('sha256', bytes, 'hex'), size: bytes.length, ...about }
      },
    },
  })
}

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'daybook-keeper-'))
  path = join(folder, 's.jsonl')
  clock = new ManualClock()
  state = stateInMemory()
  emitted = []
  copies = []
  refuse = undefined
  allowed = true
  keeper = open()
})
afterEach(async () => {
  await keeper.close()
  await rm(folder, { recursive: true })
})

const notice = (event: string, more: object = {}) =>
  keeper.notice({ event, session: 's', path, at: clock.now(), ...more })
/** Goes on until this holds. */
async function until(holds: () => boolean, most = 120_000): Promise<void> {
  await vi.waitFor(
    async () => {
      if (!holds() && most > 0) {
        await clock.advance(500)
        most -= 500
      }
      expect(holds()).toBe(true)
    },
    { interval: 2, timeout: 8_000 },
  )
}
async function pass(ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= 500) {
    await clock.advance(500)
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
}
const told = () =>
  emitted.map(({ type, phase, data, contentRef }) => ({
    type,
    phase,
    out: data?.tokens_out,
    copy: contentRef !== undefined,
  }))

test('a turn that ends is told with its tokens, and the session so far with a copy', async () => {
  await writeFile(path, prompt('p-1') + answer('m-1'))
  notice('SessionStart')
  notice('UserPromptSubmit')
  await pass(3_000)
  expect(emitted).toEqual([])
  notice('Stop')
  await until(() => emitted.length === 2)
  expect(told()).toEqual([
    { type: 'prompt', phase: 'enriched', out: 2, copy: false },
    { type: 'session', phase: 'update', out: 2, copy: true },
  ])
  expect(emitted[1]).toMatchObject({ activityId: 'session/s', sessionId: 's', summary: 'Claude Code: do p-1' })
  expect(emitted[1]?.data).toMatchObject({
    title: 'do p-1',
    model: 'opus',
    project: 'tides',
    prompts: 1,
    tokens_in: 10,
  })
  expect(copies).toHaveLength(1)
  expect(keeper.grewAt('s')).toBe(emitted[1]?.timestamp)
})

test('a session is copied once a minute at most, and always at its end, but the same content never twice', async () => {
  await writeFile(path, prompt('p-1') + answer('m-1'))
  notice('Stop')
  await until(() => copies.length === 1)
  await appendFile(path, answer('m-2'))
  notice('Stop')
  await until(() => emitted.length === 3)
  await pass(30_000)
  expect(copies).toHaveLength(1)
  await until(() => copies.length === 2)
  await appendFile(path, answer('m-3'))
  notice('SessionEnd')
  await until(() => copies.length === 3, 5_000)
  expect(told().at(-1)).toEqual({ type: 'session', phase: 'enriched', out: 6, copy: true })
  const all = emitted.length
  notice('SessionEnd')
  await pass(90_000)
  expect([copies.length, emitted.length]).toEqual([3, all])
  expect(new Set(emitted.map(({ id }) => id)).size).toBe(all)
})

test('what was not copied before a restart is copied after it, and nothing else again', async () => {
  await writeFile(path, prompt('p-1') + answer('m-1'))
  notice('SessionEnd')
  await keeper.close()
  expect(copies).toEqual([])
  keeper = open()
  await until(() => copies.length === 1)
  await keeper.close()
  keeper = open()
  await pass(60_000)
  expect([copies.length, emitted.length]).toEqual([1, 2])
})

test('a transcript that grew and then rested is copied, though no hook told of it', async () => {
  notice('SessionStart')
  await writeFile(path, prompt('p-1') + answer('m-1'))
  await utimes(path, clock.now() / 1000, clock.now() / 1000)
  await pass(20_000)
  expect(copies).toEqual([])
  await until(() => copies.length === 1)
  expect(told().at(-1)).toMatchObject({ type: 'session', phase: 'update' })
})

test('one that is not there yet is looked for again, one that stays away is given up', async () => {
  notice('Stop')
  await pass(3_000)
  await writeFile(path, prompt('p-1') + answer('m-1'))
  await until(() => copies.length === 1, 20_000)
  await rm(path)
  notice('SessionEnd')
  await until(() => keeper.figures().transcriptsLost === 1)
  expect(copies).toHaveLength(1)
})

test('a full outbox is waited for, what is too large is told without a copy', async () => {
  await writeFile(path, prompt('p-1') + answer('m-1'))
  refuse = new DaybookError('outbox_full')
  notice('SessionEnd')
  await pass(5_000)
  refuse = new DaybookError('too_large')
  await until(() => emitted.some(({ type }) => type === 'session'))
  expect(told().at(-1)).toEqual({ type: 'session', phase: 'enriched', out: 2, copy: false })
  expect(keeper.figures()).toMatchObject({ transcriptsTooLarge: 1, transcriptsCopied: 0 })
})

test('lines of a pause are neither copied nor counted, and nothing is copied in one', async () => {
  const before = prompt('p-1') + answer('m-1')
  await writeFile(path, before)
  await clock.advance(1_000)
  keeper.pause(true)
  notice('SessionEnd')
  await clock.advance(1_000)
  await appendFile(path, `${prompt('p-2')}${answer('m-2')}{"type":"last-prompt","lastPrompt":"secret plan"}\n`)
  await pass(10_000)
  expect([copies, emitted]).toEqual([[], []])
  keeper.pause(false)
  await until(() => copies.length === 1)
  expect(copies[0]).toBe(before)
  await clock.advance(1_000)
  const after = prompt('p-3') + answer('m-3')
  await appendFile(path, after)
  notice('SessionEnd')
  await until(() => copies.length === 2)
  expect(copies[1]).toBe(before + after)
  expect(told().at(-1)).toMatchObject({ out: 4 })
})

test('a folder that nobody may know of is not told of', async () => {
  allowed = false
  await writeFile(path, prompt('p-1') + answer('m-1'))
  notice('SessionEnd')
  await pass(10_000)
  expect([copies, emitted]).toEqual([[], []])
})

test('a subagent has a copy of its own, and its tokens count for the session', async () => {
  const own = join(folder, 'agent-a.jsonl')
  await writeFile(path, prompt('p-1') + answer('m-1'))
  await writeFile(own, answer('m-9'))
  keeper.notice({ event: 'SubagentStop', session: 's', path: own, agent: 'a', at: clock.now() })
  await until(() => copies.length === 1)
  expect(emitted).toMatchObject([{ type: 'subagent', phase: 'enriched', activityId: 'subagent/s/a', sessionId: 's' }])
  notice('SessionEnd')
  await until(() => copies.length === 2)
  expect(told().at(-1)).toMatchObject({ type: 'session', out: 4 })
})

test('a resumed session goes on under its new run', async () => {
  await writeFile(path, prompt('p-1') + answer('m-1'))
  notice('SessionEnd', { activity: 'run-1' })
  await until(() => copies.length === 1)
  notice('SessionStart', { activity: 'run-2' })
  await appendFile(path, answer('m-2'))
  notice('Stop', { activity: 'run-2' })
  await until(() => copies.length === 2)
  expect(emitted.filter(({ type }) => type === 'session')).toMatchObject([
    { activityId: 'run-1', phase: 'enriched' },
    { activityId: 'run-2', phase: 'update' },
  ])
})

test('a secret in a title is not kept with what is remembered', async () => {
  await writeFile(path, prompt('hunter2') + answer('m-1'))
  notice('SessionEnd')
  await until(() => copies.length === 1)
  const kept = state.keys().map((key) => JSON.stringify(state.get(key)))
  expect(kept.join().replaceAll('"id":"hunter2"', '').replaceAll('"prompt":"hunter2"', '')).toContain('do [redacted]')
  expect(kept.join()).not.toContain('do hunter2')
})

test('forgets what was in a stretch of time, and takes no path that is none', async () => {
  await writeFile(path, prompt('p-1'))
  notice('SessionEnd')
  await until(() => copies.length === 1)
  keeper.notice({ event: 'Stop', session: 'x', path: 'relative.jsonl', at: 0 })
  keeper.notice({ event: 'Stop', session: 'x', path: '/etc/passwd', at: 0 })
  expect(keeper.figures().transcripts).toBe(1)
  expect(keeper.forget(0, 1_000)).toBe(0)
  expect(keeper.forget(0, clock.now() + 1)).toBe(1)
  expect(keeper.figures().transcripts).toBe(0)
})

test('each run of a session is told what it added up to, also one that ended just before the next began', async () => {
  await writeFile(path, prompt('p1') + answer('m1'))
  notice('SessionStart', { activity: 'session/s' })
  notice('SessionEnd', { activity: 'session/s' })
  await until(() => emitted.some(({ phase, type }) => phase === 'enriched' && type === 'session'))
  await pass(5_000)
  notice('SessionStart', { activity: 'session/s/2' })
  await appendFile(path, prompt('p2') + answer('m2') + answer('m3'))
  notice('SessionEnd', { activity: 'session/s/2' })
  // So soon that nobody has read what the second added.
  await clock.advance(100)
  notice('SessionStart', { activity: 'session/s/3' })
  await appendFile(path, prompt('p3') + answer('m4'))
  notice('SessionEnd', { activity: 'session/s/3' })
  await until(() => emitted.some(({ activityId }) => activityId === 'session/s/3'))
  const sessions = emitted.filter(({ type }) => type === 'session')
  expect(sessions.map(({ activityId, phase, data }) => [activityId, phase, data?.tokens_in, data?.prompts])).toEqual([
    ['session/s', 'enriched', 10, 1],
    ['session/s/2', 'enriched', 20, 1],
    ['session/s/3', 'enriched', 10, 1],
  ])
})
