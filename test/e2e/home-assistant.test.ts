// A real Home Assistant, a real Daybook, and everything that comes between them: restarts of either, a cut line, a kill.
// In the end the rows are exactly what Home Assistant's own history has.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type HomeAssistant, newHomeAssistant } from '../home-assistant/home-assistant.ts'
import { installHomeAssistant } from '../home-assistant/install.ts'
import { freePort, proxyTo, type Wire } from '../home-assistant/proxy.ts'
import { changesIn, runsIn } from '../home-assistant/truth.ts'
import { type House, removeData, startHouse, temporaryData } from '../house.ts'
import { daybook } from '../journey.ts'

interface Activity {
  id: string
  eventType: string
  timestamp: number
  summary: string
  details: { entity_id?: string; new_state?: unknown; category?: string; attribute?: string }
  cause?: { id: string; parentId?: string; userId?: string }
}

const SETTLE_MS = 60_000
const installed = await installHomeAssistant()
const reason = 'missing' in installed ? installed.missing : ''
if (reason) console.warn(`skipped: ${reason}`)

let home: HomeAssistant
let proxy: Wire
let house: House
let data: string
let since: Date

beforeAll(async () => {
  if (!('python' in installed)) return
  const port = await freePort()
  home = await newHomeAssistant(installed.python, port)
  proxy = await proxyTo(port)
  data = await temporaryData()
}, 300_000)

afterAll(async () => {
  await house?.stop()
  await proxy?.close()
  await home?.remove()
  if (data) await removeData(data)
}, 60_000)

test.skipIf(reason)('the rows are exactly what Home Assistant remembers, whatever broke in between', async () => {
  await startDaybook()
  await until('the bridge is live', async () => (await bridge()).state === 'ok')
  since = new Date()

  await live(1)
  // The demo's lock takes its time, with states in between.
  await home.call('lock.unlock', { entity_id: 'lock.front_door' })
  await settled(since)
  await cutLine()
  await settled(since)
  await restartHomeAssistant()
  await settled(since)
  await daybookAway(() => house.stop())
  await settled(since)
  await daybookAway(() => house.kill())
  await bothAway()
  await settled(since)

  const rows = await activities(since)
  expect(new Set(rows.map(({ eventType }) => eventType))).toEqual(
    new Set(['device_state_change', 'environmental', 'presence_change', 'routine_trigger']),
  )
  const lamp = rows.filter(({ details }) => details.entity_id === 'input_boolean.hall_lamp')
  expect(lamp.map(({ cause }) => cause?.parentId)).toContainEqual(expect.stringMatching(/^[0-9A-Z]{26}$/))
  const stops = rows.filter(({ details }) => details.category === 'availability').map(({ summary }) => summary)
  expect(stops.filter((summary) => summary === 'Home Assistant stopped')).toHaveLength(2)
  expect(stops.filter((summary) => summary === 'Home Assistant started')).toHaveLength(2)
  const accounting = (await (await house.api('/api/v1/accounting')).json()) as {
    totals: { missing: number; rejected: number }
  }
  expect(accounting.totals).toMatchObject({ missing: 0, rejected: 0 })
})

test.skipIf(reason)('an import doubles nothing that was captured live', async () => {
  const { emitted } = await imported()
  expect(emitted).toBeGreaterThan(10)
  await settled(since)
})

test.skipIf(reason)('an import into an empty house brings in the same past, and once more brings nothing', async () => {
  await house.stop()
  const former = data
  data = await temporaryData()
  await removeData(former)
  await startDaybook()
  await until('the bridge is live', async () => (await bridge()).state === 'ok')
  const first = await imported()
  expect(first.new).toBeGreaterThan(10)
  await settled(since)
  const again = await imported()
  expect(again).toMatchObject({ new: 0, known: again.emitted })
  await settled(since)
})

test.skipIf(reason)('a refused token is said in health, and not tried again and again', async () => {
  await house.stop()
  house = await startHouse({ data, env: configured('not-the-token') })
  await until('it has failed', async () => (await bridge()).state === 'failed')
  expect(await bridge()).toMatchObject({ code: 'home_assistant_auth' })
  expect(house.log().match(/home_assistant_auth/g)).toHaveLength(1)
})

function configured(token: string): Record<string, string> {
  return {
    DAYBOOK__BRIDGES__HOME_ASSISTANT__URL: `http://127.0.0.1:${proxy.port}`,
    DAYBOOK__BRIDGES__HOME_ASSISTANT__TOKEN: token,
  }
}

async function startDaybook(): Promise<void> {
  house = await startHouse({ data, env: configured(home.token) })
}

/** A bit of a day, quick enough that nothing but the events themselves can tell it. */
async function live(times: number): Promise<void> {
  for (let i = 0; i < times; i++) {
    for (let j = 0; j < 3; j++) await home.call('input_boolean.toggle', { entity_id: 'input_boolean.hall_motion' })
    await home.call('input_number.set_value', { entity_id: 'input_number.target', value: 10 + 5 * Math.random() })
    await home.call('script.good_night')
    await home.call('scene.turn_on', { entity_id: 'scene.evening' })
    await home.call('light.toggle', { entity_id: 'light.kitchen_lights' })
    await home.call('light.turn_on', { entity_id: 'light.bed_light', brightness: 1 + Math.floor(Math.random() * 250) })
    await home.call('climate.set_temperature', { entity_id: 'climate.heatpump', temperature: 18 + i })
    await home.call('input_button.press', { entity_id: 'input_button.doorbell' })
    await home.call('input_select.select_option', { entity_id: 'input_select.house_mode', option: 'Away' })
    for (const location_name of ['Work', 'home'])
      await home.call('device_tracker.see', { dev_id: 'alex_phone', location_name })
  }
}

async function imported(): Promise<{ new: number; known: number; emitted: number }> {
  const ended = JSON.parse(await daybook(data, 'import', 'home-assistant', '--json'))
  expect(ended.state).toBe('done')
  return { new: ended.new, known: ended.known, emitted: ended.progress.emitted }
}

async function cutLine(): Promise<void> {
  proxy.cut()
  await live(2)
  proxy.mend()
  await live(1)
}

async function restartHomeAssistant(): Promise<void> {
  await live(1)
  await home.stop()
  await home.start()
  await live(1)
}

async function daybookAway(end: () => Promise<unknown>): Promise<void> {
  const busy = live(3)
  await end()
  await busy
  await startDaybook()
  await live(1)
}

async function bothAway(): Promise<void> {
  await house.stop()
  await live(1)
  await home.stop()
  await home.start()
  await live(1)
  await startDaybook()
}

/** Waits until the rows are what history and logbook have, and then says where they differ. */
async function settled(since: Date): Promise<void> {
  let found: string[] = []
  let truth: string[] = []
  const compare = async () => {
    truth = [...(await changesIn(home, since)), ...(await runsIn(home, since))]
    const rows = await activities(since)
    found = [...rows.flatMap(stateOf).sort(), ...rows.flatMap(runOf).sort()]
    return JSON.stringify(found) === JSON.stringify(truth)
  }
  await until('the rows are complete', compare).catch(() => undefined)
  expect(truth.length).toBeGreaterThan(10)
  expect(found).toEqual(truth)
}

/** The row of a discrete state as "entity state ms", as in the truth. */
function stateOf({ details, timestamp, eventType }: Activity): string[] {
  const { entity_id, new_state, attribute, category } = details
  const sampled = category === 'energy' || category === 'usage' || 'unit' in details
  const event = eventType === 'routine_trigger' && !/^(scene|button|input_button|event)\./.test(entity_id ?? '')
  if (!entity_id || new_state === undefined || attribute || sampled || event) return []
  return [`${entity_id} ${new_state} ${timestamp}`]
}

/** The row of a run of an automation or script as "entity ms". */
function runOf({ details, timestamp }: Activity): string[] {
  const { category, entity_id } = details
  return category === 'automation' || category === 'script' ? [`${entity_id} ${timestamp}`] : []
}

async function activities(since: Date): Promise<Activity[]> {
  const items: Activity[] = []
  let cursor: string | null = ''
  while (cursor !== null) {
    const query = new URLSearchParams({ source: 'home_assistant', since: String(since.getTime()), limit: '1000' })
    if (cursor) query.set('cursor', cursor)
    const page = (await (await house.api(`/api/v1/activities?${query}`)).json()) as {
      items: Activity[]
      next: string | null
    }
    items.push(...page.items)
    cursor = page.next
  }
  return items
}

async function bridge(): Promise<{ state: string; code?: string }> {
  const status = (await (await house.api('/api/v1/status')).json()) as { parts: Record<string, { state: string }> }
  return status.parts['bridge home_assistant'] ?? { state: 'absent' }
}

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + SETTLE_MS
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`not within ${SETTLE_MS} ms: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 500))
  }
}
