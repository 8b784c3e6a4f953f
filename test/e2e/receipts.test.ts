// Receipts on Debian's Mosquitto, which acknowledges from memory: it is killed under load and has lost what it had
// acknowledged, the database is away for minutes, and everything is in the table, once, with true books.
// DAYBOOK_TEST_AWAY_SECONDS sets for how long the database is away.
import { setTimeout as sleep } from 'node:timers/promises'
import { connectAsync } from 'mqtt'
import pg from 'pg'
import { expect, test } from 'vitest'
import type { Account, Accounting } from '../../schemas/delivery.ts'
import { mosquittoMissing, startMosquitto } from '../brokers/mosquitto.ts'
import type { TestBroker } from '../brokers/server.ts'
import { debianPostgres } from '../debian-postgres.ts'
import { type Device, startDevice } from '../device.ts'
import type { House } from '../house.ts'
import { debianPostgresBinaries, journey } from '../journey.ts'

const awaySeconds = Number(process.env.DAYBOOK_TEST_AWAY_SECONDS ?? 20)
const binaries = debianPostgresBinaries()
const noDatabase = binaries ? null : 'PostgreSQL is not here: apt-get install postgresql'
for (const reason of new Set([mosquittoMissing, mosquittoMissing ?? noDatabase])) {
  if (reason) console.warn(`skipped: ${reason}`)
}

const onBroker = ({ url, user = '', password = '' }: TestBroker) => ({
  DAYBOOK__BROKER__URL: url,
  DAYBOOK__BROKER__USER: user,
  DAYBOOK__BROKER__PASSWORD: password,
})

const emptied = (device: Device, seconds: number) =>
  expect.poll(() => device.outbox.depth, { timeout: seconds * 1_000, interval: 20 }).toBe(0)

async function idsIn(house: House): Promise<string[]> {
  const client = new pg.Client({ connectionString: house.credentials.database.url })
  await client.connect()
  try {
    const { rows } = await client.query<{ id: string }>('select id::text as id from activities order by id')
    return rows.map(({ id }) => id)
  } finally {
    await client.end()
  }
}

async function account(house: House, { producer }: Device): Promise<Account | undefined> {
  const { producers } = (await (await house.api('/api/v1/accounting')).json()) as Accounting
  return producers.find((each) => each.producer === producer)
}

/** All of them, once, and the books say so. */
async function expectAll(house: House, devices: readonly Device[]): Promise<void> {
  expect(await idsIn(house)).toEqual(devices.flatMap(({ ids }) => ids).sort())
  for (const device of devices) {
    const { length } = device.ids
    const booked = await account(house, device)
    expect(booked).toMatchObject({ stored: length, missing: 0, gaps: [], rejected: 0, lastSeq: length })
    expect(booked?.received).toBe(length + (booked?.duplicates ?? 0))
  }
}

async function figures(house: House, part: string): Promise<Record<string, unknown>> {
  const { parts } = (await (await house.api('/api/v1/status')).json()) as {
    parts: Record<string, { figures?: Record<string, unknown> }>
  }
  return parts[part]?.figures ?? {}
}

/** What the broker says of itself under $SYS every second. */
async function watch({ url, user, password }: TestBroker) {
  const client = await connectAsync(url, {
    ...(user !== undefined && { username: user }),
    ...(password !== undefined && { password }),
  })
  const said = new Map<string, number>()
  client.on('message', (topic, payload) => said.set(topic.slice('$SYS/broker/'.length), Number(payload.toString())))
  await client.subscribeAsync('$SYS/broker/#')
  return {
    said: (name: string) => said.get(name),
    [Symbol.asyncDispose]: () => client.endAsync(true),
  }
}

test.skipIf(mosquittoMissing)(
  'a broker that is killed under load has lost what it acknowledged, and nothing is lost',
  {
    timeout: 180_000,
  },
  async () => {
    await using here = await journey()
    await using broker = await startMosquitto({ lines: ['autosave_interval 1800'] })
    const house = await here.start({ env: onBroker(broker) })
    await using device = await startDevice(broker, here.folder, 'terminal-laptop')

    const load = setInterval(() => device.emit(20), 20)
    try {
      await sleep(1_000)
      await broker.kill()
      await sleep(500)
      await broker.start()
      await sleep(3_000)
      // Now it has acknowledged for sure what nobody has stored.
      house.child.kill('SIGSTOP')
      await sleep(500)
      await broker.kill()
      house.child.kill('SIGCONT')
      await broker.start()
      await sleep(1_000)
    } finally {
      clearInterval(load)
      house.child.kill('SIGCONT')
    }
    await emptied(device, 60)

    await expectAll(house, [device])
    expect(await figures(house, 'broker')).toMatchObject({ sessionsLost: 2 })
    expect(house.log()).toContain('the broker has lost our session')
    expect(Number(device.outbox.health().figures?.lostSessions)).toBeGreaterThanOrEqual(1)
    expect(device.sent.again).toBeGreaterThan(0)
    console.info(`killed twice: ${device.ids.length} events, ${device.sent.again} of them sent again, 0 lost`)
    expect(await house.stop()).toBe(0)
  },
)

test.skipIf(mosquittoMissing ?? noDatabase)(
  `the database is away for ${awaySeconds} s, and the queue is not overrun`,
  {
    timeout: (awaySeconds + 180) * 1_000,
  },
  async () => {
    await using here = await journey()
    await using postgres = await debianPostgres(binaries ?? '')
    await using broker = await startMosquitto({ lines: ['sys_interval 1'] })
    await using stock = await watch(broker)
    const house = await here.start({ env: { ...onBroker(broker), DAYBOOK__DATABASE__URL: postgres.url } })
    const devices: Device[] = []
    await using running = new AsyncDisposableStack()
    for (const name of ['laptop', 'desk', 'phone']) {
      const device = await startDevice(broker, here.folder, `terminal-${name}`)
      devices.push(running.use(device))
      device.emit(500)
    }
    for (const device of devices) await emptied(device, 60)
    // To find its limit the house overfills a queue of its own there, once; that counts among the dropped.
    await expect.poll(() => figures(house, 'broker'), { timeout: 60_000 }).toHaveProperty('hints')
    await sleep(2_500)
    const droppedBefore = stock.said('publish/messages/dropped') ?? Number.NaN

    await postgres.kill()
    for (const device of devices) device.emit(1_000)
    const load = setInterval(() => devices.forEach((device) => void device.emit(1)), 500)
    let deepest = 0
    try {
      for (let second = 0; second < awaySeconds; second++) {
        await sleep(1_000)
        const unsettled = devices.map(({ outbox }) => Number(outbox.health().figures?.unreceipted))
        deepest = Math.max(
          deepest,
          unsettled.reduce((sum, each) => sum + each, 0),
        )
      }
    } finally {
      clearInterval(load)
    }
    await postgres.start()
    const back = Date.now()
    for (const device of devices) await emptied(device, 90)
    const seconds = (Date.now() - back) / 1_000
    // What it has dropped by now is said within a second.
    await sleep(2_500)

    await expectAll(house, devices)
    const again = devices.reduce((sum, { sent }) => sum + sent.again, 0)
    const dropped = (stock.said('publish/messages/dropped') ?? Number.NaN) - droppedBefore
    const events = devices.reduce((sum, { ids }) => sum + ids.length, 0)
    console.info({ awaySeconds, events, again, unreceiptedAtMost: deepest, dropped, settledAfterSeconds: seconds })
    expect(dropped).toBe(0)
    expect(deepest).toBeLessThan(1_000)
    expect(await house.stop()).toBe(0)
  },
)
