// QoS 1 publishes on four connections to committed rows, in a fresh house on a broker of choice; against COPY of the same
// rows. Rounds of the two alternate, so that what else the machine does hits both. `ratio` is rows a second over COPY's,
// medians of rounds. Then, at a moderate rate, how long each event took from its publish to its commit. Not for: a single
// publish at a time (latency.ts), or a house that holds years.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type pg from 'pg'
import { createRedactor } from '../pipeline/redact.ts'
import { FEW } from '../storage/postgres/append.ts'
import type { House } from '../test/house.ts'
import type { Bench } from './bench.ts'
import { brokerNamed, urlFor } from './brokers.ts'
import { copyAll, rowsOf, secondDatabase } from './copy.ts'
import { connection, freshHouse, row, temporaryFolder } from './house.ts'
import type { LoadResult } from './load.ts'
import { reading } from './load-frames.ts'
import { cpuSeconds, treesOf } from './processes.ts'
import { startLoad } from './start-load.ts'
import { type Distribution, distribution, median, rounded } from './statistics.ts'

interface Round {
  load: LoadResult
  /** From the first publish until every row was committed. */
  seconds: number
  copySeconds: number
  cpu: { node: number; postgres: number }
  batches: Record<string, number>
}

export const ingest: Bench = {
  name: 'ingest',
  summary: 'QoS 1 publishes to committed rows, against COPY of the same rows',
  options: {
    broker: 'embedded',
    rounds: 5,
    count: 40_000,
    connections: 4,
    window: 500,
    rate: 1_000,
    'copy-batch': 2_000,
    'cpu-profile': '',
  },
  async run({ number, text, cleanup, say }) {
    const count = number('count')
    const folder = text('cpu-profile')
    const broker = await brokerNamed(text('broker'), cleanup)
    const profile = folder ? { NODE_OPTIONS: `--cpu-prof --cpu-prof-dir=${folder}` } : {}
    const house = await freshHouse(cleanup, { ...broker?.env, ...profile }, { commitTimes: true })
    const url = urlFor(house, broker)
    const ours = await connection(cleanup, house.credentials.database.url)
    const theirs = await connection(cleanup, await secondDatabase(cleanup, house))

    async function round(): Promise<Round> {
      const run = crypto.randomUUID().slice(0, 8)
      const before = await row(ours, 'select coalesce(max(batch), 0) as batch from batches')
      await ours.query('checkpoint')
      const trees = await treesOf(house)
      const cpu = { node: cpuSeconds(trees.node), postgres: cpuSeconds(trees.postgres) }
      const { connections, window } = { connections: number('connections'), window: number('window') }
      const load = startLoad(url, { count, connections, window, run, seconds: 120 })
      cleanup.defer(() => load.kill())
      const result = await load.result
      await allCommitted(ours, before.batch ?? 0, count)
      const { at = 0 } = await row(ours, lastCommit, [before.batch])
      const seconds = (at - result.began) / 1_000
      cpu.node = cpuSeconds(trees.node) - cpu.node
      cpu.postgres = cpuSeconds(trees.postgres) - cpu.postgres
      const batches = await row(ours, batchSql, [before.batch])
      await expectRows(ours, run, count)

      const pieces = await rowsOf(ours, run, number('copy-batch'))
      await theirs.query('checkpoint')
      const copySeconds = await copyAll(theirs, pieces)
      await expectRows(theirs, run, count)
      return { load: result, seconds, copySeconds, cpu, batches }
    }

    /** From publish to commit, ms, at a rate that keeps nobody waiting. */
    async function latencies(): Promise<Distribution> {
      const run = crypto.randomUUID().slice(0, 8)
      const times = join(await temporaryFolder(cleanup), 'times.json')
      const [rate, seconds] = [number('rate'), 5]
      const before = await row(ours, 'select max(batch) as batch from batches')
      const load = startLoad(url, { count: rate * seconds, connections: 4, rate, run, times, seconds: 60 })
      cleanup.defer(() => load.kill())
      await load.result
      await allCommitted(ours, before.batch ?? 0, rate * seconds)
      const sent = JSON.parse(await readFile(times, 'utf8')) as Record<string, number[]>
      const { rows } = await ours.query<{ producer: string; seq: string; at: string }>(commitTimes, [run])
      return distribution(rows.map(({ producer, seq, at }) => Number(at) - (sent[producer]?.[Number(seq) - 1] ?? 0)))
    }

    await round()
    const rounds: Round[] = []
    for (let index = 1; index <= number('rounds'); index++) {
      const measured = await round()
      rounds.push(measured)
      const { seconds, copySeconds } = measured
      say(`${index}: ${Math.round(count / seconds)} rows/s, COPY ${Math.round(count / copySeconds)} rows/s`)
    }

    const { p50, p95, p99, max } = await latencies()

    const of = (figure: (round: Round) => number, digits = 3) => rounded(median(rounds.map(figure)), digits)
    const per100k = (figure: (round: Round) => number) => of((each) => (figure(each) * 100_000) / count)
    const value = of(({ seconds }) => count / seconds, 0)
    const copy = of(({ copySeconds }) => count / copySeconds, 0)
    return {
      value,
      unit: 'rows/s',
      baseline: { name: `COPY of the same rows, ${number('copy-batch')} a transaction`, value: copy },
      ratio: rounded(value / copy),
      details: {
        aims: { ratio: 0.45 },
        rows: count * rounds.length,
        rounds: rounds.map(({ seconds, copySeconds }) => [
          Math.round(count / seconds),
          Math.round(count / copySeconds),
        ]),
        seconds: of(({ seconds }) => seconds),
        acknowledgedPerSecond: of(({ load }) => load.perSecond, 0),
        broker: { name: text('broker'), ...(await brokerFigures(house)) },
        publishToCommitMs: { rate: number('rate'), p50, p95, p99, max },
        longestWaitMs: of(({ load }) => load.longestWait),
        frameBytes: of(({ load }) => load.frameBytes, 0),
        cpuSecondsPer100000: {
          node: per100k(({ cpu }) => cpu.node),
          postgres: per100k(({ cpu }) => cpu.postgres),
          load: per100k(({ load }) => load.cpuSeconds),
        },
        batches: {
          meanRows: of(({ batches }) => batches.mean ?? 0, 0),
          largest: Math.max(...rounds.map(({ batches }) => batches.largest ?? 0)),
          shareByCopy: of(({ batches }) => (batches.copied ?? 0) / count),
        },
        redactionMicroseconds: redaction(),
      },
    }
  },
}

/** Of this load all is new by its numbers, so the size alone decides whether a batch goes in by COPY. */
const batchSql = `select avg(rows) as mean, max(rows) as largest, sum(rows) filter (where rows >= ${FEW}) as copied
  from batches where batch > $1`

const lastCommit = `select extract(epoch from max(pg_xact_commit_timestamp(xid::xid))) * 1000 as at
  from batches where batch > $1`

const commitTimes = `select producer, seq, extract(epoch from pg_xact_commit_timestamp(xid::xid)) * 1000 as at
  from activities join batches using (batch) where epoch = $1`

/** A broker that is not ours acknowledges first, and the rows come later. */
async function allCommitted(client: pg.Client, after: number, count: number): Promise<void> {
  for (const until = performance.now() + 60_000; ; await sleep(20)) {
    const { rows = 0 } = await row(client, 'select sum(rows) as rows from batches where batch > $1', [after])
    if (rows >= count) return
    if (performance.now() > until) throw new Error(`${count} were acknowledged, ${rows} are there after a minute`)
  }
}

/** What the house says of its broker. */
async function brokerFigures(house: House): Promise<Record<string, unknown>> {
  const { parts } = (await (await house.api('/api/v1/status')).json()) as {
    parts: { broker: { figures: Record<string, unknown> } }
  }
  const { version = 4, window = null, sessionsLost = 0 } = parts.broker.figures
  return { version, window, sessionsLost }
}

async function expectRows(client: pg.Client, run: string, count: number): Promise<void> {
  const { rows } = await row(client, 'select count(*) as rows from activities where epoch = $1', [run])
  if (rows !== count) throw new Error(`${count} were acknowledged, ${rows} are there`)
}

/** What redaction costs an event of this load, measured by itself. */
function redaction(): number {
  const redactor = createRedactor()
  const times = Array.from({ length: 5 }, (_, round) => {
    const events = Array.from({ length: 10_000 }, (_, seq) => reading({ producer: 'line1', epoch: 'r' }, seq, round))
    const begin = performance.now()
    for (const event of events) redactor.redact(event)
    return (performance.now() - begin) / 10
  })
  return rounded(median(times))
}
