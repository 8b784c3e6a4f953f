// The load generator, a process of its own that costs little beside what it measures: QoS 1 publishes on raw sockets,
// encoded before the clock starts. Prints one JSON line (LoadResult). Not for: deciding what a figure means.
//
//   node bench/load.ts --url mqtt://user:password@127.0.0.1:1883 [--count 100000] [--connections 4] [--window 500]
//     [--rate 1000] [--latency] [--acked FILE] [--times FILE] [--seconds 600] [--run NAME] [--prefix daybook]
//
// With --rate (events a second over all connections) it goes on until its stdin ends, then waits for what it has sent.
// Either way it comes back after a lost connection and sends again what was not acknowledged. --acked appends each id
// to a file as its PUBACK arrives; --times writes one when all is done: for each producer when its events were sent.
import { appendFileSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { LoadConnection } from './load-connection.ts'
import { Frames } from './load-frames.ts'
import { type Distribution, distribution, rounded } from './statistics.ts'

/** What a run of load was. */
export interface LoadResult {
  /** Different events that were sent; with `acked` equal all of them were acknowledged. */
  sent: number
  acked: number
  /** Publishes repeated after a lost connection. */
  resent: number
  disconnects: number
  /** When the first publish was, epoch ms. */
  began: number
  /** From then to the last PUBACK. */
  seconds: number
  perSecond: number
  /** The longest time without any PUBACK, ms. */
  longestWait: number
  cpuSeconds: number
  /** Of a frame, bytes. */
  frameBytes: number
  /** ms from publish to PUBACK; null without --latency. */
  latency: Distribution | null
}

const MOST = { count: 5_000_000, connections: 64, window: 60_000, seconds: 7_200, rate: 200_000 }
const TICK_MS = 10

const { values } = parseArgs({
  options: {
    url: { type: 'string', default: 'mqtt://127.0.0.1:1883' },
    count: { type: 'string', default: '100000' },
    connections: { type: 'string', default: '4' },
    window: { type: 'string', default: '500' },
    seconds: { type: 'string', default: '600' },
    rate: { type: 'string', default: '0' },
    run: { type: 'string', default: crypto.randomUUID().slice(0, 8) },
    prefix: { type: 'string', default: 'daybook' },
    acked: { type: 'string' },
    times: { type: 'string' },
    latency: { type: 'boolean', default: false },
  },
})
const bounded = (name: keyof typeof MOST) => Math.min(Number(values[name]), MOST[name])
const paced = bounded('rate') > 0
const window = bounded('window')

let lastAck = 0
let longestWait = 0
const lines = Array.from({ length: bounded('connections') }, (_, index) => {
  const frames = new Frames({ producer: `line${index + 1}`, epoch: values.run }, values.prefix)
  const connection = new LoadConnection({
    url: new URL(values.url),
    clientId: `load-${values.run}-${index + 1}`,
    frames,
    window,
    latency: values.latency || values.times !== undefined,
    onAcked: (from, to) => onAcked(frames, from, to),
  })
  const share = Math.floor((bounded('count') + index) / bounded('connections'))
  return { frames, connection, share }
})
const sum = (of: (line: (typeof lines)[number]) => number) => lines.reduce((total, line) => total + of(line), 0)

function onAcked(frames: Frames, from: number, to: number): void {
  lastAck = performance.now()
  longestWait = Math.max(longestWait, lastAck - previousAck)
  previousAck = lastAck
  if (values.acked) {
    let ids = ''
    for (let index = from; index < to; index++) ids += `${frames.id(index)}\n`
    appendFileSync(values.acked, ids)
  }
  if (paced) frames.forget(to)
  check()
}

/** Everything at once: the windows set the pace. */
async function atOnce(): Promise<void> {
  for (const { connection, share } of lines) connection.allow(share)
  await until(() => lines.every(({ connection, share }) => connection.acked === share))
}

/** At the rate, until stdin ends; a silence of the broker costs no memory, and what became due in it follows. */
async function atPace(): Promise<void> {
  const begin = performance.now()
  let due = 0
  const ticks = setInterval(() => {
    due = Math.floor(((performance.now() - begin) / 1_000) * (bounded('rate') / lines.length))
    for (const { frames, connection, share } of lines) {
      const to = Math.min(due, share, connection.acked + window)
      frames.encode(to)
      connection.allow(to)
    }
    check()
  }, TICK_MS)
  let told = false
  process.stdin.once('end', () => {
    told = true
    check()
  })
  process.stdin.resume()
  await until(() => told || lines.every(({ share }) => due >= share))
  clearInterval(ticks)
  await until(() => lines.every(({ connection }) => connection.acked === connection.highest))
}

let check = () => {}
const late = AbortSignal.timeout(bounded('seconds') * 1_000)
late.addEventListener('abort', () => check())

function until(condition: () => boolean): Promise<void> {
  return new Promise((resolve) => {
    check = () => (condition() || late.aborted) && resolve()
    check()
  })
}

if (!paced) for (const { frames, share } of lines) frames.encode(share)
await Promise.all(lines.map(({ connection }) => connection.open()))
const begin = performance.now()
let previousAck = begin
const cpu = process.cpuUsage()
await (paced ? atPace() : atOnce())
const { user, system } = process.cpuUsage(cpu)
const acked = sum(({ connection }) => connection.acked)
const seconds = (lastAck - begin) / 1_000
const result: LoadResult = {
  sent: sum(({ connection }) => connection.highest),
  acked,
  began: performance.timeOrigin + begin,
  resent: sum(({ connection }) => connection.resent),
  disconnects: sum(({ connection }) => connection.connects - 1),
  seconds: rounded(seconds),
  perSecond: Math.round(acked / seconds),
  longestWait: rounded(longestWait),
  cpuSeconds: rounded((user + system) / 1e6),
  frameBytes: Math.round(sum(({ frames }) => frames.bytesEncoded) / sum(({ frames }) => frames.encoded)),
  latency: values.latency ? distribution(lines.flatMap(({ connection }) => connection.latencies)) : null,
}
if (values.times) {
  const times = lines.map(({ connection }, i) => [`line${i + 1}`, connection.sentAt])
  writeFileSync(values.times, JSON.stringify(Object.fromEntries(times)))
}
for (const { connection } of lines) connection.close()
process.stdin.destroy()
process.stdout.write(`${JSON.stringify(result)}\n`)
