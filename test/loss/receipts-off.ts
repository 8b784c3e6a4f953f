// What receipts are for, as figures: the same load on Debian's Mosquitto, killed with SIGKILL, once from a client that
// takes PUBACK for the end of it, as clients do, and once through an outbox. Prints a table; ends with 1 if an outbox has
// lost anything. Not for: the proof that nothing is lost (test/e2e/receipts.test.ts, test/chaos).
//
//   npm run loss
import { setTimeout as sleep } from 'node:timers/promises'
import { connectAsync } from 'mqtt'
import pg from 'pg'
import { topicsUnder } from '../../schemas/topics.ts'
import { mosquittoMissing, startMosquitto } from '../brokers/mosquitto.ts'
import type { TestBroker } from '../brokers/server.ts'
import { commandsOf, startDevice } from '../device.ts'
import type { House } from '../house.ts'
import { journey } from '../journey.ts'

/** A way to send: `acknowledged` are the ids that the broker has answered for. */
interface Sender extends AsyncDisposable {
  emit(count: number): void
  readonly acknowledged: ReadonlySet<string>
  /** Nothing is left that it would still send. */
  done(): boolean
}

interface Row {
  'the house': string
  sender: string
  acknowledged: number
  lost: number
}

const PRODUCER = 'terminal-laptop'
const EACH_TICK = 10
const TICK_MS = 20
const ROUNDS = 5
const topics = topicsUnder('daybook')

/** Sends again what had no PUBACK when its connection ended, and forgets what had one. */
async function plainClient({ url, user = '', password = '' }: TestBroker): Promise<Sender> {
  const client = await connectAsync(url, { username: user, password, clientId: PRODUCER, reconnectPeriod: 100 })
  client.on('error', () => {})
  const acknowledged = new Set<string>()
  let emitted = 0
  return {
    acknowledged,
    emit(count) {
      for (const event of commandsOf(PRODUCER, emitted + 1, count)) {
        const topic = topics.activity({ ...event, producer: PRODUCER })
        client.publish(topic, JSON.stringify(event), { qos: 1 }, (error) => {
          if (!error) acknowledged.add(event.id)
        })
      }
      emitted += count
    },
    done: () => acknowledged.size === emitted,
    [Symbol.asyncDispose]: () => client.endAsync(true),
  }
}

async function outbox(broker: TestBroker, folder: string): Promise<Sender> {
  const device = await startDevice(broker, folder, PRODUCER)
  return {
    acknowledged: device.acknowledged,
    emit: device.emit,
    done: () => device.outbox.depth === 0,
    [Symbol.asyncDispose]: () => device[Symbol.asyncDispose](),
  }
}

async function stored(house: House): Promise<Set<string>> {
  const client = new pg.Client({ connectionString: house.credentials.database.url })
  await client.connect()
  const { rows } = await client.query<{ id: string }>('select id::text as id from activities')
  await client.end()
  return new Set(rows.map(({ id }) => id))
}

/** The house stands still for a moment before each kill, as it does when its database is away, or it keeps up. */
async function run(name: string, how: typeof outbox, standsStill: boolean): Promise<Row> {
  await using here = await journey()
  await using broker = await startMosquitto()
  const { url, user = '', password = '' } = broker
  const env = { DAYBOOK__BROKER__URL: url, DAYBOOK__BROKER__USER: user, DAYBOOK__BROKER__PASSWORD: password }
  const house = await here.start({ env })
  await using sender = await how(broker, here.folder)
  const load = setInterval(() => sender.emit(EACH_TICK), TICK_MS)
  for (let round = 0; round < ROUNDS; round++) {
    await sleep(1_000)
    if (standsStill) house.child.kill('SIGSTOP')
    if (standsStill) await sleep(500)
    await broker.kill()
    house.child.kill('SIGCONT')
    await broker.start()
    await sleep(2_000)
  }
  clearInterval(load)
  while (!sender.done()) await sleep(50)
  // What the broker still has for the house arrives.
  await sleep(3_000)
  const kept = await stored(house)
  await house.stop()
  const { acknowledged } = sender
  const lost = [...acknowledged].filter((id) => !kept.has(id)).length
  const about = standsStill ? 'stands still for 0.5 s before each kill' : 'keeps up'
  return { 'the house': about, sender: name, acknowledged: acknowledged.size, lost }
}

if (mosquittoMissing) {
  console.error(mosquittoMissing)
  process.exit(2)
}
const rows: Row[] = []
for (const standsStill of [false, true]) {
  rows.push(await run('a plain client, PUBACK is the end', plainClient, standsStill))
  rows.push(await run('an outbox, a receipt is', outbox, standsStill))
}
console.info(`Mosquitto as it is installed, killed ${ROUNDS} times under ${(EACH_TICK * 1_000) / TICK_MS} events/s:`)
console.table(rows)
if (rows.some(({ sender, lost }) => sender.startsWith('an outbox') && lost > 0)) process.exitCode = 1
