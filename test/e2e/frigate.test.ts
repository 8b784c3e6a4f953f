// A started Daybook between a Frigate's messages, in the shapes that were recorded, and its HTTP API, which does whatever
// an API can do wrong: nothing is lost, nothing is doubled, and pictures outlive their source.
import { readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { connectAsync } from 'mqtt'
import { expect, test } from 'vitest'
import { type ActivityEvent, limits } from '../../schemas/activity.ts'
import { type FakeFrigate, type FakeOptions, fakeFrigate, type Misbehaviour } from '../frigate/fake.ts'
import { type Player, player } from '../frigate/player.ts'
import { picture, recorded, type Visit, type VisitOptions, visit } from '../frigate/story.ts'
import type { House } from '../house.ts'
import { daybook, journey } from '../journey.ts'

const SETTLE_MS = 60_000
const login = { user: 'daybook', password: 'of-a-viewer' }
const loginEnv = {
  DAYBOOK__BRIDGES__FRIGATE__USER: login.user,
  DAYBOOK__BRIDGES__FRIGATE__PASSWORD: login.password,
  DAYBOOK__BRIDGES__FRIGATE__TLS: 'insecure',
}
const env = (fake: FakeFrigate) => ({ DAYBOOK__BRIDGES__FRIGATE__URL: fake.url })

test('pictures outlive their source, the same picture is one object, and no message is large', async () => {
  // Sessions end in the middle of things.
  await using fake = await fakeFrigate({ login: { ...login, sessionMs: 2000 } })
  await using here = await journey()
  const house = await here.start({ env: { ...env(fake), ...loginEnv } })
  await caughtUp(house)
  await using eyes = await watching(house)
  await using camera = await playing(house)

  // Each picture has a trouble of its own; two show the same.
  const troubles: [name: string, trouble: Misbehaviour | undefined, picture: Buffer][] = [
    ['plain1', undefined, picture('the postman')],
    ['late01', { lateMs: 3000 }, picture('late')],
    ['slow01', { dripsMs: 5000 }, picture('slow', 60_000)],
    ['cut001', 'truncated', picture('cut', 60_000)],
    ['page01', 'page', picture('a page')],
    ['tired1', 500, picture('tired')],
    ['same01', undefined, picture('the postman')],
  ]
  const visits: Visit[] = []
  for (const [name, trouble, shown] of troubles) {
    const made = stored(fake, { name, subLabel: 'Ann', zones: ['front_yard'] }, shown)
    visits.push(made)
    if (trouble) fake.misbehave(`${made.object.id}/snapshot`, trouble)
    await camera.say(made.messages)
  }
  const never = stored(fake, { name: 'never1' }, picture('never there'))
  fake.misbehave(`${never.object.id}/snapshot`, 404)
  await camera.say(never.messages)
  await camera.say(recorded('mqtt_reviews_update_recorded.json').map((payload) => ({ topic: 'reviews', payload })))

  // The ends do not wait: all are there while no troubled picture can be.
  await until('every visit has ended', async () => (await endsOfToday(house)) === visits.length + 1)
  const early = await pictured(house)
  expect(early.filter(({ activityId }) => /slow01|cut001|page01|tired1/.test(`${activityId}`))).toEqual([])
  await until('the slow ones are there', async () => (await pictured(house)).length === 4)

  await fake.gone()
  const unseen = picture('nobody was there to give it')
  visits.push(stored(fake, { name: 'gone01', subLabel: 'Ann', zones: ['front_yard'] }, unseen))
  await camera.say(visits.at(-1)?.messages ?? [])
  await until('it has ended too', async () => (await endsOfToday(house)) === visits.length + 1)
  await fake.back()
  for (const { object } of visits) fake.misbehave(`${object.id}/snapshot`, null)
  await until('all pictures are there', async () => (await pictured(house)).length === visits.length)
  await until('the missing one is done without', async () => {
    const [row] = (await rows(house)).filter(
      ({ activityId, phase }) => `${activityId}`.endsWith('never1') && phase === 'enriched',
    )
    return row !== undefined && row.contentRef === undefined && row.attachments?.length === 1
  })

  fake.forget()
  await fake.gone()
  for (const [index, { review }] of visits.entries()) {
    const [folded] = await rows(house, `fold=true&activityId=${encodeURIComponent(`frigate/${review.id}`)}`)
    expect(folded).toMatchObject({ summary: 'Ann in the front yard', duration: 30_000, details: { person: 'Ann' } })
    const { storage, id } = folded?.contentRef ?? {}
    const answer = await house.api(`/objects/${storage}/${id}`)
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'image/jpeg'])
    expect(Buffer.from(await answer.arrayBuffer()).equals(troubles[index]?.[2] ?? unseen)).toBe(true)
  }
  const refs = (await pictured(house)).map(({ contentRef }) => contentRef?.id)
  expect(new Set(refs).size).toBe(refs.length - 1)
  const files = await readdir(join(here.data, 'objects'), { recursive: true })
  expect(files.filter((file) => file.includes(`${refs[0]}`))).toHaveLength(1)
  expect(files.filter((file) => /[0-9a-f]{60,}/.test(file))).toHaveLength(new Set(refs).size + 1)

  expect(eyes.largest()).toBeGreaterThan(500)
  expect(eyes.largest()).toBeLessThan(limits.publishedBytes)
  await nothingLost(house)
})

test('what Frigate saw while Daybook was away is read back, each once, with the ids that it had live', async () => {
  await using fake = await fakeFrigate()
  await using here = await journey()
  let house = await here.start({ env: env(fake) })
  await caughtUp(house)
  let camera = await playing(house)
  const seen = stored(fake, { name: 'seen01' })
  const open = stored(fake, { name: 'open01' })
  await camera.say(seen.messages)
  await camera.say(open.messages.slice(0, 3))
  await until('both have begun', async () => (await rows(house)).filter(isStart).length === 2)
  const before = await rows(house)

  await house.kill()
  const missed = ['away01', 'away02'].map((name) => stored(fake, { name }))
  house = await here.start({ env: env(fake) })
  await until('the gap is filled', async () => (await rows(house)).filter(isEnd).length === 4)
  await house.stop()
  const again = stored(fake, { name: 'away03' })
  house = await here.start({ env: env(fake) })
  await until('the second gap too', async () => (await rows(house)).filter(isEnd).length === 5)

  // Its messages come after all, as a broker that kept them would send them.
  camera = await playing(house)
  for (const { messages } of [seen, open, ...missed, again]) await camera.say(messages, 1)
  await pause(2000)
  const all = await rows(house)
  expect(all.filter(isStart).map(idOf).sort()).toEqual([seen, open, ...missed, again].map(idOfVisit).sort())
  expect(all.filter(isEnd).map(idOf).sort()).toEqual([seen, open, ...missed, again].map(idOfVisit).sort())
  expect(all.map(({ id }) => id)).toEqual(expect.arrayContaining(before.map(({ id }) => id)))
  await nothingLost(house)

  await daybook(here.data, 'import', 'frigate')
  await pause(1000)
  expect((await rows(house)).filter(isEnd)).toHaveLength(5)
  await camera[Symbol.asyncDispose]()
})

test('a Frigate that dies leaves nothing open', async () => {
  await using fake = await fakeFrigate()
  await using here = await journey()
  const house = await here.start({ env: env(fake) })
  await caughtUp(house)
  const camera = await playing(house)
  const made = stored(fake, { name: 'open01', seconds: 3600 })
  fake.forget()
  await camera.say(made.messages.slice(0, 3))
  await until('it has begun', async () => (await rows(house)).filter(isStart).length === 1)
  await camera.die()
  await until('it is closed', async () => (await rows(house)).filter(isEnd).length === 1)
  const [end] = (await rows(house)).filter(isEnd)
  expect(end).toMatchObject({ duration: 3000, details: { inferred: true } })
})

test('two Frigates behind a login, whose pictures stay with them and are read on demand', async () => {
  const options: FakeOptions = { login: { ...login, sessionMs: 1500 } }
  await using farm = await fakeFrigate(options)
  await using barn = await fakeFrigate(options)
  await using here = await journey()
  const file = join(here.folder, 'daybook.yaml')
  const one = ({ url }: FakeFrigate, name: string) =>
    `{name: ${name}, url: '${url}', topicPrefix: ${name}, user: ${login.user}, password: ${login.password}, tls: insecure}`
  await writeFile(
    file,
    `bridges: {frigate: {pictures: refer, instances: [${one(farm, 'farm')}, ${one(barn, 'barn')}]}}`,
  )
  const house = await here.start({ env: { DAYBOOK__CONFIG: file } })
  await caughtUp(house)
  for (const [name, fake] of [
    ['farm', farm],
    ['barn', barn],
  ] as const) {
    await using camera = await playing(house, name)
    await camera.say(stored(fake, { name: `${name}xx`.slice(0, 6) }, picture(name)).messages)
  }
  await until('both visits have ended', async () => (await rows(house)).filter(isEnd).length === 2)
  await pause(2000)
  for (const { contentRef, details } of (await rows(house)).filter(isEnd)) {
    expect(contentRef?.storage).toBe('frigate')
    const answer = await house.api(`/objects/frigate/${encodeURIComponent(`${contentRef?.id}`)}`)
    expect(answer.status).toBe(200)
    expect(Buffer.from(await answer.arrayBuffer()).equals(picture(`${details?.instance}`))).toBe(true)
  }
  barn.forget()
  const [gone] = (await rows(house)).filter(({ details, phase }) => details?.instance === 'barn' && phase === 'end')
  const answer = await house.api(`/objects/frigate/${encodeURIComponent(`${gone?.contentRef?.id}`)}`)
  expect([answer.status, ((await answer.json()) as { code: string }).code]).toEqual([404, 'object_missing'])
})

/** A visit of a minute ago that Frigate has in its database, with its pictures. */
function stored(fake: FakeFrigate, options: Omit<VisitOptions, 'at'>, shown = picture(options.name)): Visit {
  const made = visit({ at: Date.now() / 1000 - 60, ...options })
  fake.reviews.set(made.review.id, made.review)
  fake.objects.set(made.object.id, made.object)
  fake.pictures.set(`${made.object.id}/snapshot.jpg`, shown)
  fake.pictures.set(`${made.object.id}/thumbnail.jpg`, picture('a thumbnail', 200))
  return made
}

function playing({ ready, credentials }: House, prefix = 'frigate'): Promise<Player> {
  return player(ready.mqtt.url, { ...credentials.mqtt, prefix })
}

/** The size of everything that is on the bus from now on. */
async function watching({ ready, credentials }: House) {
  let largest = 0
  const client = await connectAsync(ready.mqtt.url, credentials.mqtt)
  client.on('message', (topic, payload) => {
    largest = Math.max(largest, payload.length + topic.length)
  })
  await client.subscribeAsync('#')
  return { largest: () => largest, [Symbol.asyncDispose]: () => client.endAsync(true) }
}

async function rows(house: House, filter = ''): Promise<ActivityEvent[]> {
  const answer = await house.api(`/api/v1/activities?source=frigate&limit=1000&${filter}`)
  return ((await answer.json()) as { items: ActivityEvent[] }).items
}

async function pictured(house: House): Promise<ActivityEvent[]> {
  return (await rows(house)).filter(({ contentRef }) => contentRef !== undefined)
}

/** Without that of the recorded review, which is of another year and closed whenever that is found out. */
async function endsOfToday(house: House): Promise<number> {
  return (await rows(house)).filter((row) => isEnd(row) && row.timestamp > Date.now() - 3_600_000).length
}

const isStart = ({ phase }: ActivityEvent) => phase === 'start'
const isEnd = ({ phase }: ActivityEvent) => phase === 'end'
const idOf = ({ activityId }: ActivityEvent) => activityId
const idOfVisit = ({ review }: Visit) => `frigate/${review.id}`

async function nothingLost(house: House): Promise<void> {
  const accounting = (await (await house.api('/api/v1/accounting')).json()) as { totals: Record<string, number> }
  expect(accounting.totals).toMatchObject({ missing: 0, rejected: 0 })
}

async function caughtUp(house: House): Promise<void> {
  await until('it has looked at Frigate', async () => {
    const status = (await (await house.api('/api/v1/status')).json()) as {
      parts: Record<string, { figures?: Record<string, unknown> }>
    }
    const figures = Object.entries(status.parts['bridge frigate']?.figures ?? {})
    const seen = figures.filter(([name]) => name.endsWith('seenAt'))
    return seen.length > 0 && seen.every(([, at]) => at !== null)
  })
}

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + SETTLE_MS
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`not within ${SETTLE_MS} ms: ${what}`)
    await pause(100)
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
