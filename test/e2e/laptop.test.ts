// A laptop's week: notes and a terminal on a device whose network is cut for days, whose clock is wrong, whose disk quota
// is reached, and which is enrolled anew meanwhile. Nothing is lost, and `daybook status` says all of it. On the embedded
// broker, and on Debian's Mosquitto.
import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import type { ActivityEvent } from '../../schemas/activity.ts'
import type { Accounting } from '../../schemas/delivery.ts'
import type { HouseStatus } from '../../surfaces/operations/get-status.ts'
import { mosquittoMissing, startMosquitto } from '../brokers/mosquitto.ts'
import type { TestBroker } from '../brokers/server.ts'
import { proxyTo } from '../home-assistant/proxy.ts'
import type { House } from '../house.ts'
import { daybook, type Journey, journey, missing } from '../journey.ts'
import { Laptop } from '../laptop/laptop.ts'
import { type Command, commandNotification } from '../laptop/terminal.ts'

const DAY = 86_400_000
const BEHIND = -180_000
const DAYS = [6, 5, 4, 3, 2, 1]
const COMMANDS_A_DAY = 600
const NOTES_A_DAY = 20
const MEGABYTE = 1024 * 1024
const TERMINAL = 'terminal-laptop'
const quotas = { DAYBOOK__BRIDGES__OUTBOX_MEGABYTES: '1', DAYBOOK__BRIDGES__PAYLOAD_MEGABYTES: '1' }
const reason = mosquittoMissing ?? missing(['mosquitto_passwd', 'mosquitto'])
if (reason) console.warn(`skipped: ${reason}`)

/** The commands of a day, by a clock that is so far from ours: every 20th printed much, each something else. */
function dayOf(index: number, offset: number): Command[] {
  const midnight = Date.now() + offset
  return Array.from({ length: COMMANDS_A_DAY }, (_, i) => {
    const n = index * COMMANDS_A_DAY + i
    const output = n % 20 === 0 ? { output: `${n} compiled\n`.repeat(1_200) } : {}
    return { n, at: midnight + i * 1_000, ...output }
  })
}

const notesOf = (day: number) => Array.from({ length: NOTES_A_DAY }, (_, i) => `day ${day}, note ${i}\n`).join('')

/** Everything a producer has in the house. */
async function rows(house: House, producer: string): Promise<ActivityEvent[]> {
  const all: ActivityEvent[] = []
  for (let cursor: string | null = ''; cursor !== null; ) {
    const page = await house.api(`/api/v1/activities?producer=${producer}&limit=1000${cursor && `&cursor=${cursor}`}`)
    const { items, next } = (await page.json()) as { items: ActivityEvent[]; next: string | null }
    all.push(...items)
    cursor = next
  }
  return all
}

async function bridgeIn(house: House, producer: string) {
  const { bridges } = (await (await house.api('/api/v1/status')).json()) as HouseStatus
  return bridges.find((one) => one.producer === producer)
}

/** Enrols the laptop, by the line that the server prints. `admit` makes the account where the broker is not ours. */
async function enrol(here: Journey, laptop: Laptop, urls: { house: string; broker: string }, admit: Admit) {
  const line = await daybook(here.data, 'enroll', 'laptop', '--house', urls.house, '--broker', urls.broker)
  const { code, err } = await laptop.run(line.trim().split(/\s+/).slice(2))
  expect(err).toBe('')
  expect(code).toBe(0)
  await admit((await laptop.enrolment()).broker)
}

type Admit = (account: { user: string; password: string }) => Promise<void>

async function week(broker: TestBroker | null): Promise<void> {
  await using here = await journey()
  const file = join(here.folder, 'daybook.yaml')
  writeFileSync(file, 'http: { allowedHosts: ["127.0.0.1"] }\n')
  const account = broker && {
    DAYBOOK__BROKER__USER: broker.user ?? '',
    DAYBOOK__BROKER__PASSWORD: broker.password ?? '',
  }
  const house = await here.start({
    env: { DAYBOOK__CONFIG: file, ...(broker && { DAYBOOK__BROKER__URL: broker.url, ...account }) },
  })
  const admit: Admit = async ({ user, password }) => {
    if (!broker) return
    await promisify(execFile)('mosquitto_passwd', ['-b', join(broker.folder, 'passwords'), user, password])
    if (broker.pid !== undefined) process.kill(broker.pid, 'SIGHUP')
  }
  const portOf = (url: string) => Number(new URL(url).port)
  const [bus, web] = [await proxyTo(portOf(house.ready.mqtt.url)), await proxyTo(portOf(house.ready.http.url))]
  await using wires = new AsyncDisposableStack()
  wires.defer(() => bus.close())
  wires.defer(() => web.close())
  const urls = { house: `http://127.0.0.1:${web.port}`, broker: `mqtt://127.0.0.1:${bus.port}` }
  await using laptop = new Laptop(join(here.folder, 'laptop'), quotas)
  const status = () => daybook(here.data, 'status')

  // At home: what is written arrives at once.
  await enrol(here, laptop, urls, admit)
  const firstSecret = await laptop.enrolment()
  let offset = BEHIND - 7 * DAY
  expect(await laptop.startTerminal(offset)).toMatchObject({ producer: TERMINAL })
  const typed = dayOf(0, offset).slice(0, 20)
  laptop.type(typed)
  expect(await laptop.run(['bridge', 'manual', '--once'], 'day 7, note 0\n')).toMatchObject({ code: 0 })
  await expect.poll(async () => (await rows(house, TERMINAL)).length, { timeout: 20_000 }).toBe(20)
  expect(await rows(house, 'manual-laptop')).toHaveLength(1)

  // Away, for days. The terminal goes on until it finds no room; the lines behind it wait.
  bus.cut()
  web.cut()
  await expect.poll(status, { timeout: 20_000 }).toMatch(/terminal-laptop: offline/)
  for (const [index, day] of DAYS.entries()) {
    offset = BEHIND - day * DAY
    laptop.setClock(offset)
    const commands = dayOf(index + 1, offset)
    typed.push(...commands)
    laptop.type(commands)
    const note = await laptop.run(['bridge', 'manual', '--once', '--timeout', '0.1'], notesOf(day))
    expect(note).toMatchObject({ code: 1, err: expect.stringContaining('not known to be stored yet') })
    const isTaken = () => laptop.kept.has(commands.at(-1)?.n ?? 0) || laptop.log.includes('lines wait')
    await expect.poll(isTaken, { timeout: 60_000 }).toBe(true)
  }
  offset = BEHIND
  laptop.setClock(offset)
  expect(laptop.log).toContain('lines wait: The outbox has reached its quota')
  expect(laptop.kept.size).toBeLessThan(typed.length)
  const { outbox, payloads } = laptop.sizes(TERMINAL)
  expect(payloads).toBeLessThanOrEqual(MEGABYTE)
  // Its log of writes may be as large again before it is folded in.
  expect(outbox).toBeLessThan(8 * MEGABYTE)

  // Its owner makes a new code: the old secret is dead, and who still has it is refused.
  web.mend()
  await enrol(here, laptop, urls, admit)
  web.cut()
  expect((await laptop.enrolment()).broker.password).not.toBe(firstSecret.broker.password)
  const old = { headers: { authorization: `Bearer ${firstSecret.house.token}` } }
  expect((await fetch(`${house.ready.http.url}/api/v1/status`, old)).status).toBe(401)
  bus.mend()
  await expect.poll(() => laptop.log, { timeout: 30_000 }).toContain('The broker refuses us')
  const stopped = await laptop.stopTerminal()
  expect(stopped.code).toBe(0)
  expect(stopped.ms).toBeLessThan(10_000)

  // With the new one it is there again; while the house takes no payloads, status says what holds it up.
  await laptop.startTerminal(offset)
  laptop.type(typed.filter(({ n }) => !laptop.kept.has(n)))
  await expect
    .poll(status, { timeout: 30_000, interval: 500 })
    .toMatch(/terminal-laptop: [\d,]+ wait there, the oldest from 6 d ago; outbox_full: .*; its clock is 3 min behind/)

  web.mend()
  const isAllKept = () => laptop.kept.size
  await expect.poll(isAllKept, { timeout: 120_000 }).toBe(typed.length)
  expect(await laptop.run(['bridge', 'manual', '--once'])).toMatchObject({ code: 0 })
  await expect.poll(async () => (await bridgeIn(house, TERMINAL))?.outboxDepth, { timeout: 60_000 }).toBe(0)

  const stored = await rows(house, TERMINAL)
  const expected = typed.map((command) => commandNotification(command, 'home'))
  const byId = (all: { id: string; timestamp: number }[]) => all.map(({ id, timestamp }) => `${id} ${timestamp}`).sort()
  expect(byId(stored)).toEqual(byId(expected))
  expect(await rows(house, 'manual-laptop')).toHaveLength(1 + DAYS.length * NOTES_A_DAY)
  const { totals } = (await (await house.api('/api/v1/accounting')).json()) as Accounting
  expect(totals).toMatchObject({ missing: 0, rejected: 0, stored: stored.length + 1 + DAYS.length * NOTES_A_DAY })

  for (const { n, output } of typed.filter((command) => command.output !== undefined)) {
    const ref = stored.find(({ summary }) => summary === `make target-${n}`)?.contentRef
    const answer = await house.api(`/objects/${ref?.storage}/${ref?.id}`)
    expect([n, answer.status, await answer.text()]).toEqual([n, 200, output])
  }

  const line = await bridgeIn(house, TERMINAL)
  expect(line).toMatchObject({ online: true, outboxDepth: 0, health: 'ok' })
  expect(Math.abs((line?.clockOffsetMs ?? 0) - BEHIND)).toBeLessThan(2_000)
  const said = await status()
  expect(said).toContain('terminal-laptop: its clock is 3 min behind')
  expect(said).toMatch(/terminal-laptop +0 lost of 3,620/)
  expect(laptop.sizes(TERMINAL).payloads).toBeLessThanOrEqual(MEGABYTE)
  expect(await laptop.stopTerminal()).toMatchObject({ code: 0 })
  await expect.poll(status, { timeout: 20_000 }).toMatch(/terminal-laptop: offline/)
  expect(await house.stop()).toBe(0)
}

describe("a laptop's week", () => {
  test('on the embedded broker', { timeout: 300_000 }, () => week(null))

  test.skipIf(reason !== null)('on Mosquitto', { timeout: 300_000 }, async () => {
    await using broker = await startMosquitto()
    await week(broker)
  })
})
