// Window 1: from a publish to its PUBACK, against a bare commit of an equal row into the same table by a prepared INSERT.
// The two alternate in short turns, so that what else the machine does hits both. `ratio` is p50 over p50.
// Not for: latency under load.
import { once } from 'node:events'
import type pg from 'pg'
import type { Bench } from './bench.ts'
import { connection, freshHouse } from './house.ts'
import { LoadConnection } from './load-connection.ts'
import { Frames, reading } from './load-frames.ts'
import { brokerUrl } from './start-load.ts'
import { distribution, rounded } from './statistics.ts'

const TURN = 10
const counted = { producer: 'line1', epoch: 'latency' }
const bareCounted = { producer: 'bare', epoch: 'latency' }

const insertSql = `insert into activities
  (id, space, source, event_type, producer, summary, "timestamp", received_at, session_id, epoch, seq, batch, details)
  values ($1, 'home', $2, $3, $4, $5, $6, now(), $7, $8, $9, 0, $10)`

export const latency: Bench = {
  name: 'latency',
  summary: 'Publish to PUBACK at window 1, against a bare single-row commit',
  options: { count: 3_000, 'warm-up': 500 },
  async run({ number, cleanup, say }) {
    const house = await freshHouse(cleanup)
    const client = await connection(cleanup, house.credentials.database.url)
    const publisher = await publisherTo(brokerUrl(house), cleanup)
    const published: number[] = []
    const bare: number[] = []
    for (let seq = 1; seq <= number('warm-up') + number('count'); seq += TURN) {
      for (let each = seq; each < seq + TURN; each++) published.push(await publisher())
      for (let each = seq; each < seq + TURN; each++) bare.push(await insert(client, each))
      if ((seq - 1) % 1_000 === 0) say(`${seq - 1} of ${number('count')}`)
    }
    const ours = distribution(published.slice(number('warm-up')))
    const theirs = distribution(bare.slice(number('warm-up')))
    const over = (key: 'p50' | 'p95' | 'p99' | 'max') => rounded(ours[key] / theirs[key])
    return {
      value: ours.p50,
      unit: 'ms',
      baseline: { name: 'a bare commit of an equal row', value: theirs.p50 },
      ratio: over('p50'),
      details: {
        aims: { ratio: 1.5, p99Ratio: 3 },
        p95Ratio: over('p95'),
        p99Ratio: over('p99'),
        maxRatio: over('max'),
        published: ours,
        bare: theirs,
      },
    }
  },
}

/** A function that publishes one and resolves with the ms to its PUBACK. */
async function publisherTo(url: string, cleanup: AsyncDisposableStack): Promise<() => Promise<number>> {
  const frames = new Frames(counted, 'daybook')
  const acked = new EventTarget()
  const connected = new LoadConnection({
    url: new URL(url),
    clientId: 'latency',
    frames,
    window: 1,
    latency: true,
    onAcked: () => acked.dispatchEvent(new Event('acked')),
  })
  cleanup.defer(() => connected.close())
  await connected.open()
  return async () => {
    const next = connected.acked + 1
    frames.encode(next)
    const done = once(acked, 'acked')
    connected.allow(next)
    await done
    return connected.latencies.at(-1) ?? 0
  }
}

async function insert(client: pg.Client, seq: number): Promise<number> {
  const { id, source, type, producer, summary, timestamp, epoch, data } = reading(bareCounted, seq, Date.now())
  const session = `${producer}/2026-01-01`
  const details = JSON.stringify(data)
  const values = [id, source, type, producer, summary, new Date(timestamp), session, epoch, seq, details]
  const begin = performance.now()
  await client.query({ name: 'bare', text: insertSql, values })
  return performance.now() - begin
}
