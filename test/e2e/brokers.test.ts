// The bus over brokers that people have: the contract of all buses on each of them, and what a probe measures there, to the
// message. Not for: losing nothing when one is killed, which chaos tries.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { busContract, topics } from '../../broker/bus.contract.ts'
import { foreignConfig } from '../../broker/foreign/config.ts'
import { foreignUnderTest } from '../../broker/foreign/foreign.harness.ts'
import { linesContract } from '../../broker/foreign/lines.contract.ts'
import type { Findings } from '../../broker/foreign/probe/findings.ts'
import { hintsOf } from '../../broker/foreign/probe/hints.ts'
import { probeBroker } from '../../broker/foreign/probe/probe.ts'
import { installHiveMq, startHiveMq } from '../brokers/hivemq.ts'
import { mosquittoMissing, startMosquitto } from '../brokers/mosquitto.ts'
import { installNats, startNats } from '../brokers/nats.ts'
import { rabbitMqMissing, startRabbitMq } from '../brokers/rabbitmq.ts'
import type { TestBroker } from '../brokers/server.ts'

interface Kind {
  name: string
  /** Why there is none here, or null. */
  missing: string | null
  /** What to connect to, and what to end. */
  start(): Promise<[broker: TestBroker, end: AsyncDisposable]>
  version: 4 | 5
  finds: Partial<Findings>
  /** Options that its hints name. */
  hints: string[]
  /** What it cannot do, by the title of the test. */
  skip?: Record<string, string>
}

const [nats, hive] = [await installNats(), await installHiveMq()]
const one = async (broker: Promise<TestBroker>): Promise<[TestBroker, AsyncDisposable]> => [await broker, await broker]
const sound = { retained: 'kept', cleared: true, dots: true } as const

const FIRST = 'a listener gets retained messages first, then live ones, until it is taken off'
const LATER = 'a listener that comes later gets retained messages, too, and the others do not get them again'
const FED = 'a feed gets what others publish, retained values first, in order and once, and nothing of ours'
const QOS_2 = 'an activity with QoS 2 comes once'
/** Those that hold several messages at once. */
const HELD = [
  'listeners of the house see what was stored, once it is stored, and nothing else',
  'what is unsettled when the line is cut is one message still, and settled once',
  'what is settled while there is no line is acknowledged on the next one, and comes in once',
  'what comes while the house is away waits for it, in order, and so does what it had not settled',
]
const KEPT = 'a retained activity is taken once by a new house, and not again at each start'

const kinds: Kind[] = [
  {
    name: 'Mosquitto, MQTT 3.1.1',
    missing: mosquittoMissing,
    start: () => one(startMosquitto()),
    version: 4,
    finds: { ...sound, broker: 'mosquitto', window: 20, queue: 1_000, shared: 'works' },
    hints: ['max_inflight_messages', 'max_queued_messages'],
  },
  {
    name: 'Mosquitto, MQTT 5',
    missing: mosquittoMissing,
    start: () => one(startMosquitto()),
    version: 5,
    finds: { ...sound, broker: 'mosquitto', window: null, queue: 1_000, shared: 'works' },
    hints: ['max_queued_messages'],
  },
  {
    name: 'NATS, three nodes',
    missing: 'missing' in nats ? nats.missing : null,
    async start() {
      const cluster = await startNats('server' in nats ? nats.server : '', {
        // What was not acknowledged it sends again by time alone, by default after 30 s.
        mqtt: ['ack_wait: "3s"'],
      })
      return [cluster.nodes[0], cluster]
    },
    version: 4,
    finds: { ...sound, broker: 'nats', window: 1_024, queue: null, shared: 'silent' },
    hints: [],
  },
  {
    name: 'RabbitMQ, quorum queues',
    missing: rabbitMqMissing,
    start: () => one(startRabbitMq()),
    version: 4,
    finds: {
      broker: 'rabbitmq',
      window: 10,
      queue: null,
      retained: 'exact',
      cleared: true,
      shared: 'silent',
      dots: false,
    },
    hints: ['mqtt.prefetch', 'topics of states', 'bridges.producer'],
    skip: {
      [FIRST]: 'a filter with a wildcard gets no retained messages',
      [FED]: 'a filter with a wildcard gets no retained messages',
      [KEPT]: 'a filter with a wildcard gets no retained messages',
      [QOS_2]: 'it has no QoS 2, and answers nothing to it',
    },
  },
  {
    name: 'HiveMQ, MQTT 5',
    missing: 'missing' in hive ? hive.missing : null,
    start: () => one(startHiveMq('libraries' in hive ? hive.libraries : '')),
    version: 5,
    finds: { ...sound, broker: 'unknown', queue: 1_000, shared: 'works' },
    hints: ['server-receive-maximum', 'max-queue-size'],
    skip: {
      [LATER]: 'it sends retained messages some time after SUBACK, so that nobody knows for whom',
      [FED]: 'it sends retained messages some time after SUBACK, perhaps after live ones',
      ...Object.fromEntries(
        HELD.map((title) => [title, 'while anything is unacknowledged it may hold back what comes after']),
      ),
    },
  },
]

for (const { name, missing, start, version, finds, hints, skip } of kinds) {
  if (missing) console.warn(`skipped: ${name}: ${missing}`)
  describe.skipIf(missing)(name, { timeout: 60_000 }, () => {
    let broker: TestBroker
    let end: AsyncDisposable
    beforeAll(async () => {
      ;[broker, end] = await start()
    })
    afterAll(() => end?.[Symbol.asyncDispose]())

    const url = () => {
      const there = new URL(broker.url)
      there.username = broker.user ?? ''
      there.password = broker.password ?? ''
      return there.href
    }
    const config = (more: object = {}) => foreignConfig.parse({ url: url(), version, ...more })

    busContract(name, (accept) => foreignUnderTest(url(), accept, { config: { version } }), skip)
    linesContract(name, url, skip, { version })

    test('a probe finds its limits, and says which options to change', async () => {
      const findings = await probeBroker({ config: config(), topics, name: 'test' })
      expect(findings).toMatchObject({ version, ...finds })
      const said = hintsOf(findings, config()).map(({ fix }) => fix)
      expect(said).toEqual(hints.map((option) => expect.stringContaining(option)))
    })

    test(
      finds.shared === 'works' ? 'workers may share the load' : 'whoever is to share the load does not start',
      async () => {
        const starting = foreignUnderTest(url(), undefined, { config: { version, share: true } })
        if (finds.shared !== 'works') {
          await expect(starting).rejects.toMatchObject({ code: 'share_refused' })
          return
        }
        const under = await starting
        expect(under.bus.health()).toMatchObject({ state: 'ok', figures: { share: true } })
        await under.bus.stop()
        await under.clear()
      },
    )
  })
}
