// A device comes back with 10,000 events in its outbox: from CONNACK until the first of them, one that
// happens at that moment, and all of them are committed; against MQTT.js with as many in its queue, whose times end with
// the broker's acknowledgement. `ratio` is the time to the first over that of MQTT.js, medians of rounds that alternate.
// Not for: what a device costs while it is away.
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import mqtt from 'mqtt'
import type pg from 'pg'
import pino from 'pino'
import { foreignConfig } from '../broker/foreign/config.ts'
import { createTalker } from '../broker/foreign/talker/talker.ts'
import { openOutbox } from '../broker/outbox/outbox.ts'
import { randomIds, wallClock } from '../component.ts'
import { topicsUnder } from '../schemas/topics.ts'
import { proxyTo } from '../test/home-assistant/proxy.ts'
import type { Bench } from './bench.ts'
import { brokerNamed, urlFor } from './brokers.ts'
import { connection, freshHouse, row, temporaryFolder } from './house.ts'
import { reading } from './load-frames.ts'
import { median, rounded } from './statistics.ts'

/** Ms from CONNACK. */
interface Times {
  first: number
  /** Of an event that happens when the line comes back. */
  live: number
  all: number
}

const topics = topicsUnder('daybook')
const AT_ONCE = 500

export const reconnect: Bench = {
  name: 'reconnect',
  summary: '10,000 events in an outbox when the line comes back, against MQTT.js',
  options: { broker: 'mosquitto', rounds: 3, count: 10_000 },
  async run({ number, text, cleanup, say }) {
    const count = number('count')
    const broker = await brokerNamed(text('broker'), cleanup)
    const house = await freshHouse(cleanup, broker?.env, { commitTimes: true })
    const rows = await connection(cleanup, house.credentials.database.url)
    const target = new URL(urlFor(house, broker))
    const folder = await temporaryFolder(cleanup)

    /** A line that is down. */
    async function line() {
      const wire = await proxyTo(Number(target.port))
      cleanup.defer(() => wire.close())
      wire.cut()
      const url = new URL(target)
      url.port = String(wire.port)
      return { wire, url: url.href }
    }

    async function ours(index: number): Promise<Times> {
      const producer = `device-${index}`
      const { wire, url } = await line()
      const log = pino({ level: 'silent' })
      const config = foreignConfig.parse({ url })
      const about = { clientId: `daybook-bridge-${producer}`, clean: false, topics, clock: wallClock, log }
      // Whoever waits 15 s for the next try measures the pause.
      const talker = createTalker({ config, ...about, random: () => 0.01 })
      const file = join(folder, `${producer}.sqlite`)
      const outbox = openOutbox({
        file,
        producer,
        source: 'iot',
        topics,
        transport: talker,
        clock: wallClock,
        ids: randomIds,
      })
      const events = Array.from({ length: count }, (_, i) => event(producer, i + 1))
      for (let at = 0; at < count; at += AT_ONCE) outbox.append(events.slice(at, at + AT_ONCE))
      await talker.start()
      await outbox.start()
      try {
        const back = Promise.withResolvers<number>()
        talker.onConnection(() => back.resolve(Date.now()))
        wire.mend()
        const began = await back.promise
        outbox.append([event(producer, count + 1)])
        while (outbox.depth > 0) await sleep(10)
        const at = await row(rows, commits, [producer, count + 1])
        return { first: (at.first ?? 0) - began, live: (at.live ?? 0) - began, all: (at.all ?? 0) - began }
      } finally {
        await outbox.stop()
        await talker.stop()
      }
    }

    async function theirs(index: number): Promise<Times> {
      const producer = `plain-${index}`
      const { wire, url } = await line()
      const client = mqtt.connect(url, { clientId: producer, clean: false, reconnectPeriod: 20 })
      client.on('error', () => {})
      const acknowledged: number[] = []
      const publish = (seq: number) => {
        const { id, source, type, summary, timestamp, data } = reading({ producer, epoch: 'plain' }, seq, Date.now())
        const body = JSON.stringify({ id, summary, timestamp, data })
        return client.publishAsync(topics.activity({ source, type, producer }), body, { qos: 1 }).then(() => {
          acknowledged[seq - 1] = Date.now()
        })
      }
      const published = Array.from({ length: count }, (_, i) => publish(i + 1))
      // `connect` is told only when all of the queue is on its way.
      const back = new Promise<number>((resolve) => {
        client.on('packetreceive', ({ cmd }) => cmd === 'connack' && resolve(Date.now()))
      })
      wire.mend()
      const began = await back
      await Promise.all([...published, publish(count + 1)])
      await client.endAsync()
      await settled(rows, producer, count + 1)
      const [first = 0, live = 0] = [acknowledged[0], acknowledged[count]]
      return { first: first - began, live: live - began, all: Math.max(...acknowledged) - began }
    }

    const rounds: { ours: Times; theirs: Times }[] = []
    for (let index = 1; index <= number('rounds'); index++) {
      rounds.push({ ours: await ours(index), theirs: await theirs(index) })
      say(`${index}: ${JSON.stringify(rounds.at(-1))}`)
    }
    const of = (who: 'ours' | 'theirs'): Times => {
      const figure = (name: keyof Times) => rounded(median(rounds.map((round) => round[who][name])), 1)
      return { first: figure('first'), live: figure('live'), all: figure('all') }
    }
    const [device, plain] = [of('ours'), of('theirs')]
    return {
      value: device.first,
      unit: 'ms',
      baseline: { name: 'MQTT.js, from its queue to the acknowledgements', value: plain.first },
      ratio: rounded(device.first / plain.first),
      details: { broker: text('broker'), count, outboxToCommit: device, mqttJsToAcknowledgement: plain },
    }
  },
}

const commits = `select min(at) as first, max(at) as all, max(at) filter (where seq = $2) as live from (
  select seq, extract(epoch from pg_xact_commit_timestamp(xid::xid)) * 1000 as at
  from activities join batches using (batch) where producer = $1) as each`

function event(producer: string, seq: number) {
  const { producer: _, epoch: _epoch, seq: _seq, ...rest } = reading({ producer, epoch: 'outbox' }, seq, Date.now())
  return rest
}

async function settled(client: pg.Client, producer: string, count: number): Promise<void> {
  for (const until = Date.now() + 60_000; ; await sleep(50)) {
    const { rows = 0 } = await row(client, 'select count(*) as rows from activities where producer = $1', [producer])
    if (rows >= count) return
    if (Date.now() > until) throw new Error(`${count} were acknowledged, ${rows} are there after a minute`)
  }
}
