// kill -9 at random points under load, of Daybook, of its Postgres, of one backend, of both at once: what was
// acknowledged is there, exactly once. CRASH_ROUNDS and CRASH_SEED set how often and where.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import mqtt from 'mqtt'
import pg from 'pg'
import { expect, test } from 'vitest'
import { tree } from '../../bench/processes.ts'
import { brokerUrl, startLoad } from '../../bench/start-load.ts'
import { type Accounting, receipt } from '../../schemas/delivery.ts'
import { topicsUnder } from '../../schemas/topics.ts'
import { dice } from '../dice.ts'
import type { House } from '../house.ts'
import { journey } from '../journey.ts'

const rounds = Number(process.env.CRASH_ROUNDS ?? 20)
const seed = Number(process.env.CRASH_SEED ?? Date.now() % 1_000_000)
const EVENTS_PER_SECOND = 1_500

interface Status {
  queue: { pending: number }
  parts: { postgres: { figures: { pid: number } } }
}

const status = async (house: House) => (await (await house.api('/api/v1/status')).json()) as Status

/** The running Postgres of a house: its postmaster first. There are none for a moment after one was killed. */
async function postgres(house: House): Promise<[postmaster: number, ...backends: number[]]> {
  for (;;) {
    const [postmaster, ...backends] = tree((await status(house)).parts.postgres.figures.pid)
    if (postmaster !== undefined && backends.length > 0) return [postmaster, ...backends]
    await sleep(20)
  }
}

/** Each kills something; true when Daybook itself has to be started again. */
const crashes: Record<string, (house: House, random: () => number) => Promise<boolean>> = {
  async daybook(house) {
    await house.kill()
    return true
  },
  async postgres(house) {
    const [postmaster] = await postgres(house)
    process.kill(postmaster, 'SIGKILL')
    return false
  },
  async backend(house, random) {
    const [postmaster, ...backends] = await postgres(house)
    process.kill(backends[Math.floor(random() * backends.length)] ?? postmaster, 'SIGKILL')
    return false
  },
  async both(house) {
    const [postmaster] = await postgres(house)
    process.kill(postmaster, 'SIGKILL')
    await house.kill()
    return true
  },
}

test(`${rounds} crashes under load lose nothing and double nothing`, {
  timeout: 120_000 + rounds * 30_000,
}, async () => {
  console.info(`CRASH_SEED=${seed}`)
  const random = dice(seed)
  await using here = await journey()
  let house = await here.start()
  const acked = join(here.folder, 'acked')
  writeFileSync(acked, '')
  const run = `crash-${seed}`
  const seconds = 60 + rounds * 30
  const load = startLoad(brokerUrl(house), { rate: EVENTS_PER_SECOND, count: 5_000_000, acked, run, seconds })
  await using _ = { [Symbol.asyncDispose]: async () => load.kill() }

  const names = Object.keys(crashes)
  let slowest = { name: '', ms: 0 }
  for (let round = 0; round < rounds; round++) {
    await sleep(200 + random() * 1_500)
    const name = names[round % names.length] ?? ''
    const before = sizeOf(acked)
    const begin = performance.now()
    if (await crashes[name]?.(house, random)) house = await here.start()
    await expect.poll(() => sizeOf(acked), { timeout: 60_000, interval: 20 }).toBeGreaterThan(before)
    const ms = Math.round(performance.now() - begin)
    if (ms > slowest.ms) slowest = { name, ms }
    if (round % 20 === 19) console.info(`${round + 1} rounds, slowest ${slowest.ms} ms after ${slowest.name}`)
  }

  const result = await load.finish()
  const known = new Set(readFileSync(acked, 'utf8').trimEnd().split('\n'))
  const stored = await idsOf(house, run)
  const accounting = (await (await house.api('/api/v1/accounting')).json()) as Accounting
  const { received, duplicates, ...totals } = accounting.totals
  console.info({ rounds, slowest, ...result, received, duplicates })

  expect(result.acked).toBe(result.sent)
  expect(known.size).toBe(result.acked)
  expect([...known].filter((id) => !stored.has(id))).toEqual([])
  expect([...stored].filter((id) => !known.has(id))).toEqual([])
  expect(totals).toEqual({ stored: result.sent, rejected: 0, suppressed: 0, missing: 0 })
  expect(received).toBe(result.sent + duplicates)
  expect(duplicates).toBeLessThanOrEqual(result.resent)
  expect(accounting.producers.flatMap(({ gaps }) => gaps)).toEqual([])
  expect((await status(house)).queue.pending).toBe(result.sent)
  const told = Object.fromEntries(accounting.producers.map((each) => [each.producer, each.lastSeq]))
  await expect.poll(() => receiptsOf(house), { timeout: 10_000 }).toEqual(told)
  expect(await house.stop()).toBe(0)
})

function sizeOf(file: string): number {
  return readFileSync(file).length
}

/** Every row of the run by id; fails on a second one of the same. */
async function idsOf(house: House, run: string): Promise<Set<string>> {
  const client = new pg.Client({ connectionString: house.credentials.database.url })
  await client.connect()
  try {
    const { rows } = await client.query<[string]>({
      text: 'select id from activities where epoch = $1',
      values: [run],
      rowMode: 'array',
    })
    const ids = new Set(rows.map(([id]) => id))
    expect(ids.size).toBe(rows.length)
    return ids
  } finally {
    await client.end()
  }
}

/** Up to which number each producer has been told that everything is settled. */
async function receiptsOf(house: House): Promise<Record<string, number>> {
  const client = await mqtt.connectAsync(brokerUrl(house))
  const told: Record<string, number> = {}
  client.on('message', (topic, payload) => {
    told[topic.split('/').at(-1) ?? ''] = receipt.parse(JSON.parse(payload.toString())).upTo
  })
  await client.subscribeAsync(topicsUnder('daybook').receipt('+'))
  await sleep(200)
  await client.endAsync()
  return told
}
