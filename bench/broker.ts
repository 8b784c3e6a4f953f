// A session's backlog on Mosquitto to acknowledged batches, in a process that does nothing else: our connection against
// MQTT.js with deferred acknowledgement. `ratio` is messages a second over those of MQTT.js, medians of rounds that alternate.
// Not for: what a house makes of the messages (ingest.ts).
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { connect } from '../broker/foreign/connection/connect.ts'
import { mosquittoMissing, startMosquitto } from '../test/brokers/mosquitto.ts'
import type { Bench } from './bench.ts'
import { median, rounded } from './statistics.ts'

interface Round {
  seconds: number
  cpuSeconds: number
  largest: number
  memoryMb: number
}

const ways = ['ours', 'MQTT.js', 'MQTT.js, acknowledging past it']
const BODY = `{"id":"${'x'.repeat(400)}"}`

export const broker: Bench = {
  name: 'broker',
  summary: 'a backlog on Mosquitto to acknowledged batches, against MQTT.js',
  options: { rounds: 5, count: 60_000, window: 10_000, version: 5 },
  async run({ number, cleanup, say }) {
    if (mosquittoMissing) throw new Error(mosquittoMissing)
    const [count, window, version] = [number('count'), number('window'), number('version')]
    const lines = [
      `max_queued_messages ${count}`,
      'max_queued_bytes 0',
      `max_inflight_messages ${Math.min(window, 1_000)}`,
    ]
    const server = cleanup.use(await startMosquitto({ anonymous: true, persistence: false, lines }))

    async function consume(way: string, session: string, ...words: string[]): Promise<string> {
      const settings = Object.entries({ url: server.url, way, session, count, window, version })
      const given = settings.flatMap(([name, value]) => [`--${name}`, String(value)])
      const program = join(import.meta.dirname, 'consume.ts')
      const { stdout } = await promisify(execFile)(process.execPath, [program, ...given, ...words])
      return stdout
    }

    async function fill(): Promise<void> {
      const as = { clientId: 'fill', clean: true, version: 4, keepaliveSeconds: 30, received() {} } as const
      const connection = await connect({ url: server.url, ...as })
      for (let sent = 0; sent < count; sent += 500) {
        const some = Array.from({ length: Math.min(500, count - sent) }, () =>
          connection.publish('bench/reading', BODY),
        )
        await Promise.all(some)
      }
      await connection.end()
    }

    const rounds = new Map<string, Round[]>(ways.map((way) => [way, []]))
    for (let index = 1; index <= number('rounds'); index++) {
      for (const [way, measured] of rounds) {
        const session = `${way.replace(/\W/g, '')}-${index}`
        await consume(way, session, '--subscribe')
        await fill()
        measured.push(JSON.parse(await consume(way, session)) as Round)
        say(`${index}: ${way} ${Math.round(count / (measured.at(-1) as Round).seconds)} messages/s`)
      }
    }

    const figures = ways.map((way) => {
      const of = (figure: (round: Round) => number, digits = 2) =>
        rounded(median((rounds.get(way) ?? []).map(figure)), digits)
      return {
        perSecond: of(({ seconds }) => count / seconds, 0),
        cpuSecondsPer100000: of(({ cpuSeconds }) => (cpuSeconds * 100_000) / count),
        largestBatch: of(({ largest }) => largest, 0),
        memoryMb: of(({ memoryMb }) => memoryMb, 0),
      }
    })
    const [value = 0, baseline = 0] = figures.map(({ perSecond }) => perSecond)
    return {
      value,
      unit: 'messages/s',
      baseline: { name: 'MQTT.js with deferred acknowledgement', value: baseline },
      ratio: rounded(value / baseline),
      details: Object.fromEntries(ways.map((way, i) => [way, figures[i]])),
    }
  },
}
