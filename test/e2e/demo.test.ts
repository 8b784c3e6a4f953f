// The demo as somebody tries it first: one command, a day, and nothing left behind; or kept, to look around in.
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { type Credentials, credentialsFile } from '../../credentials.ts'
import type { ActivityEvent, ActivityNotification } from '../../schemas/activity.ts'
import type { Accounting } from '../../schemas/delivery.ts'
import { madeDay } from '../../surfaces/cli/demo/day.ts'
import type { DemoSummary } from '../../surfaces/cli/demo/ending.ts'
import { makeFolder } from '../embedded-postgres.ts'
import { daybook } from '../journey.ts'

const launcher = resolve(import.meta.dirname, '../../bin/daybook.js')
const options = { day: '2026-11-24', timeZone: 'Europe/Berlin' }
const made = madeDay(options)

/** In a process group of its own, with its temporary files in `folder` and a user whose own data are there, too. */
function startDemo(folder: string, ...words: string[]) {
  const child = spawn(process.execPath, [launcher, 'demo', '--day', options.day, ...words], {
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...process.env,
      // A house that npm starts sees its end in any case.
      npm_lifecycle_event: undefined,
      TMPDIR: folder,
      DAYBOOK__TIMEZONE: options.timeZone,
      DAYBOOK__DATA: join(folder, 'own'),
      // Settings of the user that would reach others, were they taken over.
      DAYBOOK__DATABASE__URL: 'postgres://127.0.0.1:9/own',
      DAYBOOK__BRIDGES__HOME_ASSISTANT__URL: 'http://127.0.0.1:9',
      DAYBOOK__BRIDGES__HOME_ASSISTANT__TOKEN: 'not-a-real-token',
    },
  })
  const said = { out: '', err: '' }
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    said.out += chunk
  })
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    said.err += chunk
  })
  const code = once(child, 'close').then(([given]) => given as number | null)
  return { child, said, code }
}

/** The user's own folder with something in it. */
function ownData(folder: string): void {
  mkdirSync(join(folder, 'own'))
  writeFileSync(join(folder, 'own', 'mine'), 'mine')
}

/** Throws if anything of it still runs: its process group, or a Postgres in its folder. */
async function expectNothingLeft(folder: string, group: number | undefined): Promise<void> {
  expect(() => process.kill(-(group ?? 0), 0)).toThrow('ESRCH')
  const { stdout } = await promisify(execFile)('ps', ['-eo', 'args'])
  expect(stdout).not.toContain(folder)
  expect(readdirSync(folder)).toEqual(['own'])
  expect(readdirSync(join(folder, 'own'))).toEqual(['mine'])
}

test('a day is played, shown and summed up; then nothing is left of it', async () => {
  await using folder = await makeFolder()
  ownData(folder.path)
  const { child, said, code } = startDemo(folder.path, '--speed', 'max')
  expect([await code, said.err]).toEqual([0, ''])
  expect(said.out).toContain('Tuesday, 24 November 2026')
  for (const { activity } of made) {
    const shown = activity.summary.slice(0, 40)
    expect(said.out).toContain(shown)
  }
  expect(said.out).toContain(`0 lost of ${made.length}`)
  await expectNothingLeft(folder.path, child.pid)
})

test('kept, it answers as the summary says, until it is told to end', async () => {
  await using folder = await makeFolder()
  ownData(folder.path)
  const { child, said, code } = startDemo(folder.path, '--speed', 'max', '--keep', '--json')
  await expect.poll(() => said.out, { timeout: 120_000 }).toContain('"demo":true')
  const lines = said.out
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
  const summary = lines.at(-1) as DemoSummary
  const shown = lines.slice(0, -1) as ActivityNotification[]
  expect(shown.map(({ id }) => id)).toEqual(made.map(({ activity }) => activity.id))
  expect(summary).toMatchObject({ day: options.day, activities: made.length, stored: made.length, lost: 0 })

  const ask = async <T>(...words: string[]) => JSON.parse(await daybook(summary.data, ...words, '--json')) as T
  const { items } = await ask<{ items: ActivityEvent[] }>('query', '--all')
  expect(new Set(items.map(({ id }) => id))).toEqual(new Set(shown.map(({ id }) => id)))
  expect(summary.sources).toEqual([...new Set(items.map(({ source }) => source))].sort())
  const { producers } = await ask<Accounting>('status')
  expect(producers.map(({ producer }) => producer)).toHaveLength(summary.sources.length)

  const { http } = JSON.parse(readFileSync(credentialsFile(summary.data), 'utf8')) as Credentials
  const get = (path: string) => fetch(summary.http + path, { headers: { authorization: `Bearer ${http.token}` } })
  const { totals } = (await (await get('/api/v1/accounting')).json()) as Accounting
  expect(totals).toMatchObject({ received: made.length, stored: made.length, missing: 0, rejected: 0 })
  const bytes = made.flatMap(({ content, attachments }) => [...(content ? [content] : []), ...attachments])
  expect(summary.objects).toHaveLength(bytes.length)
  for (const { storage, id, size, mediaType } of summary.objects) {
    const response = await get(`/objects/${storage}/${id}`)
    const kept = Buffer.from(await response.arrayBuffer())
    expect([response.status, kept.length]).toEqual([200, size])
    expect(bytes.some((each) => each.bytes().equals(kept))).toBe(true)
    if (mediaType === 'image/png') expect(kept.subarray(1, 4).toString()).toBe('PNG')
  }
  const person = items.find(
    ({ source, phase, contentRef }) => source === 'frigate' && phase === 'enriched' && contentRef,
  )
  expect(person?.attachments?.[0]).toMatchObject({ name: 'thumbnail', mediaType: 'image/png' })
  // What was too long to travel: a head of it is in the row, all of it in an object.
  const failed = items.find(({ summary: text }) => text === '$ npm test (exit 1)')
  const moved = failed?.attachments?.find(({ name }) => name === 'data')
  const whole = await (await get(`/objects/${moved?.storage}/${moved?.id}`)).json()
  expect(whole).toEqual(made.find(({ activity }) => activity.summary === '$ npm test (exit 1)')?.activity.data)

  child.kill('SIGINT')
  expect([await code, said.err]).toEqual([0, ''])
  await expectNothingLeft(folder.path, child.pid)
})

test.each(['SIGTERM', 'SIGHUP'] as const)('ended by %s in the middle of the day it goes as it came', async (signal) => {
  await using folder = await makeFolder()
  ownData(folder.path)
  const { child, said, code } = startDemo(folder.path, '--speed', '3600')
  await expect.poll(() => said.out, { timeout: 60_000 }).toContain('Heating')
  child.kill(signal)
  expect([await code, said.err]).toEqual([0, ''])
  expect(said.out).not.toContain('Dishwasher')
  await expectNothingLeft(folder.path, child.pid)
})

test('killed, it takes its house along, and the next one removes its folder', async () => {
  await using folder = await makeFolder()
  ownData(folder.path)
  const { child, said, code } = startDemo(folder.path, '--speed', 'max', '--keep', '--json')
  await expect.poll(() => said.out, { timeout: 120_000 }).toContain('"demo":true')
  child.kill('SIGKILL')
  await code
  const nobody = expect.poll(
    async () => {
      const { stdout } = await promisify(execFile)('ps', ['-eo', 'pgid,args'])
      return stdout.split('\n').filter((line) => line.includes(folder.path) || line.trim().startsWith(`${child.pid} `))
    },
    { timeout: 20_000, interval: 200 },
  )
  await nobody.toEqual([])
  expect(readdirSync(folder.path)).toHaveLength(2)
  const next = startDemo(folder.path, '--speed', 'max')
  expect([await next.code, next.said.err]).toEqual([0, ''])
  await expectNothingLeft(folder.path, next.child.pid)
})

test('a folder with something in it is not taken', async () => {
  await using folder = await makeFolder()
  ownData(folder.path)
  const taken = startDemo(folder.path, '--data', join(folder.path, 'own'))
  expect([await taken.code, taken.said.err]).toEqual([2, expect.stringContaining('--data')])
  await expectNothingLeft(folder.path, taken.child.pid)
})
