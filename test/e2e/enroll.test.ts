// Users and devices of a started house, with the programs that people have: who is added gets in, who is removed is out,
// a device has all it needs after one line. On the embedded broker, and on Debian's Mosquitto.
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFile, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import type { Enrolment } from '../../schemas/enrolment.ts'
import { topicsUnder } from '../../schemas/topics.ts'
import { mosquittoMissing, startMosquitto } from '../brokers/mosquitto.ts'
import type { House } from '../house.ts'
import { daybook, type Journey, journey, missing } from '../journey.ts'

const run = promisify(execFile)
const topic = topicsUnder('daybook').activity({ source: 'iot', type: 'environmental', producer: 'balcony' })
const reason = missing(['mosquitto_pub', 'mosquitto-clients'])
const noBroker = reason ?? mosquittoMissing

for (const why of new Set([reason, noBroker])) if (why) console.warn(`skipped: ${why}`)

const login = (url: string, user: string, password: string) => {
  const { hostname, port } = new URL(url)
  return ['-h', hostname, '-p', port, '-u', user, '-P', password]
}
const publish = (url: string, user: string, password: string) => {
  const body = { id: `${user}-${Date.now()}`, summary: `From ${user}`, timestamp: Date.now() }
  return run('mosquitto_pub', [...login(url, user, password), '-q', '1', '-t', topic, '-m', JSON.stringify(body)])
}
const rows = async (house: House) =>
  (
    (await (await house.api('/api/v1/activities?producer=balcony')).json()) as { items: { summary: string }[] }
  ).items.map(({ summary }) => summary)
const asUser = (house: House, token: string) =>
  fetch(`${house.ready.http.url}/api/v1/status`, { headers: { authorization: `Bearer ${token}` } })
const added = async (data: string, name: string) =>
  JSON.parse(await daybook(data, 'user', 'add', name, '--json')) as { secret: string; account: { line: string } | null }
const enrolmentIn = async (data: string) =>
  JSON.parse(await readFile(join(data, 'enrolment.json'), 'utf8')) as Enrolment
/** What the CLI said when it failed. */
const failure = (asked: Promise<string>) =>
  asked.then(
    () => 'it did not fail',
    (error: { stderr: string }) => error.stderr,
  )

describe.skipIf(reason !== null)('a house with its own broker', { timeout: 60_000 }, () => {
  let here: Journey
  let house: House
  let device: string

  beforeAll(async () => {
    here = await journey()
    house = await here.start()
    device = join(here.folder, 'device')
  }, 60_000)
  afterAll(() => here[Symbol.asyncDispose]())

  test('who is added gets in by MQTT and HTTP with one secret; who is removed is put out and stays out', async () => {
    const { secret, account } = await added(here.data, 'balcony')
    expect(account).toBeNull()
    await publish(house.ready.mqtt.url, 'balcony', secret)
    expect(await rows(house)).toEqual(['From balcony'])
    expect((await asUser(house, secret)).status).toBe(200)

    await run('mosquitto_pub', [...login(house.ready.mqtt.url, 'balcony', secret), '-r', '-t', 'journey', '-m', 'yes'])
    const listening = spawn('mosquitto_sub', [...login(house.ready.mqtt.url, 'balcony', secret), '-t', 'journey'])
    onTestFinished(() => void listening.kill())
    // The retained message says that it has subscribed.
    await once(listening.stdout, 'data')
    const gone = once(listening, 'exit')
    await daybook(here.data, 'user', 'remove', 'balcony')
    // It comes again by itself, and ends when it is refused.
    expect(await gone).not.toEqual([0, null])
    await expect(publish(house.ready.mqtt.url, 'balcony', secret)).rejects.toThrow(/bad user name|not authori[sz]ed/i)
    expect((await asUser(house, secret)).status).toBe(401)
  })

  test('one line gives a device all that it needs, once', async () => {
    const line = (await daybook(here.data, 'enroll', 'laptop')).trim()
    const code = line.replace('npx daybook enroll ', '')
    expect(await daybook(device, 'enroll', code)).toContain('This device is laptop now')
    expect((await stat(join(device, 'enrolment.json'))).mode & 0o777).toBe(0o600)
    const { broker, house: at } = await enrolmentIn(device)
    await publish(broker.url, broker.user, broker.password)
    expect((await asUser(house, at.token)).status).toBe(200)
    expect(await failure(daybook(join(here.folder, 'other'), 'enroll', code))).toContain('was used')
  })

  test('users and open codes outlive a restart; no secret was ever logged', async () => {
    const { broker, house: at } = await enrolmentIn(device)
    const code = (await daybook(here.data, 'enroll', 'tablet')).trim().split(' ').at(-1) ?? ''
    await house.kill()
    const before = house.log()
    house = await here.start()
    expect((await asUser(house, at.token)).status).toBe(200)
    await publish(broker.url, broker.user, broker.password)
    await daybook(join(here.folder, 'tablet'), 'enroll', code)
    const log = before + house.log()
    for (const secret of [at.token, code]) expect(log).not.toContain(secret)
  })

  test('a device that is enrolled again has another secret, and the old one is good for nothing', async () => {
    const old = await enrolmentIn(device)
    await daybook(device, 'enroll', (await daybook(here.data, 'enroll', 'laptop')).trim().split(' ').at(-1) ?? '')
    const now = await enrolmentIn(device)
    await publish(now.broker.url, now.broker.user, now.broker.password)
    await expect(publish(old.broker.url, old.broker.user, old.broker.password)).rejects.toThrow()
    expect((await asUser(house, old.house.token)).status).toBe(401)
  })
})

describe.skipIf(noBroker !== null)('a house on Mosquitto', { timeout: 60_000 }, () => {
  test('the printed lines are accounts there, of a user and of a device', async () => {
    await using broker = await startMosquitto()
    await using here = await journey()
    const url = `mqtt://${broker.user}:${broker.password}@127.0.0.1:${broker.port}`
    const house = await here.start({ env: { DAYBOOK__BROKER__URL: url } })
    const passwords = join(broker.folder, 'passwords')
    const reread = () => process.kill(broker.pid ?? 0, 'SIGHUP')

    const { secret, account } = await added(here.data, 'balcony')
    await expect(publish(broker.url, 'balcony', secret)).rejects.toThrow()
    await appendFile(passwords, `${account?.line}\n`)
    reread()
    await publish(broker.url, 'balcony', secret)

    const made = JSON.parse(await daybook(here.data, 'enroll', 'laptop', '--json'))
    expect(made).toMatchObject({ broker: broker.url, account: { broker: broker.url } })
    const [program, ...words] = made.account.command.replace('FILE', passwords).split(' ')
    await run(program, words)
    reread()
    const device = join(here.folder, 'device')
    await daybook(device, 'enroll', made.code)
    const enrolled = await enrolmentIn(device)
    await publish(enrolled.broker.url, enrolled.broker.user, enrolled.broker.password)
    expect((await asUser(house, enrolled.house.token)).status).toBe(200)
    await expect.poll(() => rows(house), { timeout: 10_000 }).toEqual(['From laptop', 'From balcony'])
  })
})
