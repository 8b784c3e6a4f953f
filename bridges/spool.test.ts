// Looking into a spool: at once, on a change, again after a failure, and never after the end.
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pino from 'pino'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { wallClock } from '../component.ts'
import { watchSpool } from './spool.ts'

let folder: string
beforeEach(() => {
  folder = join(mkdtempSync(join(tmpdir(), 'daybook-spool-')), 'deep', 'spool')
})
afterEach(() => rmSync(join(folder, '..', '..'), { recursive: true }))

test('what is there and what comes is seen; a failed look is tried again', async () => {
  const end = new AbortController()
  const seen = new Set<string>()
  let failures = 1
  const watched = watchSpool({
    folder,
    clock: wallClock,
    signal: end.signal,
    log: pino({ level: 'silent' }),
    look() {
      if (failures-- > 0) throw new Error('the outbox is full')
      for (const name of readdirSync(folder)) seen.add(name)
    },
  })
  expect(statSync(folder).mode & 0o777).toBe(0o700)
  writeFileSync(join(folder, 'a'), '')
  await expect.poll(() => [...seen], { timeout: 5000 }).toEqual(['a'])
  writeFileSync(join(folder, 'b'), '')
  await expect.poll(() => [...seen], { timeout: 5000 }).toEqual(['a', 'b'])
  end.abort()
  await watched
  writeFileSync(join(folder, 'c'), '')
  expect(seen.has('c')).toBe(false)
})
