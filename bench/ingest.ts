// QoS 1 publishes on four connections to committed rows, in a fresh house; against COPY of the same rows. Rounds of the
// two alternate, so that what else the machine does hits both. `ratio` is rows a second over COPY's, medians of rounds.
// Not for: latency, or a house that holds years.
import type pg from 'pg'
import { createRedactor } from '../pipeline/redact.ts'
import { FEW } from '../storage/postgres/append.ts'
import type { Bench } from './bench.ts'
import { copyAll, rowsOf, secondDatabase } from './copy.ts'
import { connection, freshHouse, row } from './house.ts'
import type { LoadResult } from './load.ts'
import { reading } from './load-frames.ts'
import { cpuSeconds, treesOf } from './processes.ts'
import { brokerUrl, startLoad } from './start-load.ts'
import { median, rounded } from './statistics.ts'

interface Round {
  load: LoadResult
  copySeconds: number
  cpu: { node: number; postgres: number }
  batches: Record<string, number>
}

export const ingest: Bench = {
  name: 'ingest',
  summary: 'QoS 1 publishes to committed rows, against COPY of the same rows',
  options: { rounds: 5, count: 40_000, connections: 4, window: 500, 'copy-batch': 2_000, 'cpu-profile': '' },
  async run({ number, text, cleanup, say }) {
    const count = number('count')
    const folder = text('cpu-profile')
    const house = await freshHouse(cleanup, folder ? { NODE_OPTIONS: `--cpu-prof --cpu-prof-dir=${folder}` } : {})
    const ours = await connection(cleanup, house.credentials.database.url)
    const theirs = await connection(cleanup, await secondDatabase(cleanup, house))

    async function round(): Promise<Round> {
      const run = crypto.randomUUID().slice(0, 8)
      const before = await row(ours, 'select coalesce(max(batch), 0) as batch from batches')
      await ours.query('checkpoint')
      const trees = await treesOf(house)
      const cpu = { node: cpuSeconds(trees.node), postgres: cpuSeconds(trees.postgres) }
      const { connections, window } = { connections: number('connections'), window: number('window') }
      const load = startLoad(brokerUrl(house), { count, connections, window, run, seconds: 120 })
      cleanup.defer(() => load.kill())
      const result = await load.result
      cpu.node = cpuSeconds(trees.node) - cpu.node
      cpu.postgres = cpuSeconds(trees.postgres) - cpu.postgres
      const batches = await row(ours, batchSql, [before.batch])
      await expectRows(ours, run, count)

      const pieces = await rowsOf(ours, run, number('copy-batch'))
      await theirs.query('checkpoint')
      const copySeconds = await copyAll(theirs, pieces)
      await expectRows(theirs, run, count)
      return { load: result, copySeconds, cpu, batches }
    }

    await round()
    const rounds: Round[] = []
    for (let index = 1; index <= number('rounds'); index++) {
      const measured = await round()
      rounds.push(measured)
      const { load, copySeconds } = measured
      say(`${index}: ${load.perSecond} rows/s, COPY ${Math.round(count / copySeconds)} rows/s`)
    }

    const of = (figure: (round: Round) => number, digits = 3) => rounded(median(rounds.map(figure)), digits)
    const per100k = (figure: (round: Round) => number) => of((each) => (figure(each) * 100_000) / count)
    const value = of(({ load }) => load.perSecond, 0)
    const copy = of(({ copySeconds }) => count / copySeconds, 0)
    return {
      value,
      unit: 'rows/s',
      baseline: { name: `COPY of the same rows, ${number('copy-batch')} a transaction`, value: copy },
      ratio: rounded(value / copy),
      details: {
        aims: { ratio: 0.45 },
        rows: count * rounds.length,
        rounds: rounds.map(({ load, copySeconds }) => [load.perSecond, Math.round(count / copySeconds)]),
        seconds: of(({ load }) => load.seconds),
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
