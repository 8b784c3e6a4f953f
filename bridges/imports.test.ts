// Imports: one of a source at a time, watched, ended, failed. Not for: what a bridge reads.
import pino from 'pino'
import { expect, test } from 'vitest'
import { randomIds, wallClock } from '../component.ts'
import { DaybookError } from '../schemas/errors.ts'
import { createImports, type Importable } from './imports.ts'

const range = { since: 0, until: 10 }

/** Imports from one source, which reads until it is told to go on or to fail. */
function imports() {
  const gate = Promise.withResolvers<void>()
  const slow: Importable = {
    source: 'slow',
    producer: 'slow-desk',
    async import(_range, progress, signal) {
      progress({ what: 'things', at: 5, read: 2, emitted: 1 })
      const ended = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()))
      await Promise.race([gate.promise, ended])
    },
  }
  const parts = { clock: wallClock, ids: randomIds, log: pino({ level: 'silent' }) }
  return { gate, all: createImports({ ...parts, bridges: () => [slow] }) }
}

const state = (of: ReturnType<typeof imports>, id: string) => of.all.get(id).state

test('it runs, tells how far it is, and ends', async () => {
  const one = imports()
  const { id, producer } = one.all.begin('slow', range)
  expect(producer).toBe('slow-desk')
  expect(one.all.get(id)).toMatchObject({ state: 'running', range, progress: { read: 2, emitted: 1 } })
  one.gate.resolve()
  await expect.poll(() => state(one, id)).toBe('done')
})

test('a source is imported once at a time, and another name is answered with those there are', () => {
  const one = imports()
  one.all.begin('slow', range)
  expect(() => one.all.begin('slow', range)).toThrow(expect.objectContaining({ code: 'already_running' }))
  expect(() => one.all.begin('nobody', range)).toThrow(/there are: slow/)
  expect(() => one.all.get('none')).toThrow(expect.objectContaining({ code: 'not_found' }))
})

test('it can be ended, and ends with the house', async () => {
  const one = imports()
  const first = one.all.begin('slow', range)
  expect(await one.all.end(first.id)).toMatchObject({ state: 'stopped' })
  const second = one.all.begin('slow', range)
  await one.all.stop()
  expect(state(one, second.id)).toBe('stopped')
})

test('why the source cannot be read is said', async () => {
  const one = imports()
  const { id } = one.all.begin('slow', range)
  one.gate.reject(new DaybookError('frigate_unreachable', 'gone'))
  await expect.poll(() => state(one, id)).toBe('failed')
  expect(one.all.get(id).error).toMatchObject({ code: 'frigate_unreachable', message: expect.stringMatching(/gone/) })
})
