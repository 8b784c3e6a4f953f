// What recorded messages of every version become, and how one review grows.
import { expect, test } from 'vitest'
import { limits } from '../../schemas/activity.ts'
import { recorded, type Said, visit } from '../../test/frigate/story.ts'
import type { Notification } from '../bridge.ts'
import { stateInMemory } from '../in-memory.ts'
import { exampleContext } from './examples.ts'
import { createMemory } from './memory.ts'
import { type FrigateContext, type Step, step, stepChanged, stepGone } from './translate.ts'

const AT = 1_760_000_000.25

/** A Frigate that is listened to from now on; `now` is our clock, epoch ms. */
function listener(more: Partial<FrigateContext> = {}) {
  const memory = createMemory(stateInMemory(), 'frigate')
  const context = { ...exampleContext, ...memory, now: AT * 1000, ...more }
  const told: Notification[] = []
  const keep = ({ notifications, reviews, detail }: Step) => {
    told.push(...notifications)
    for (const known of reviews) memory.set(known)
    if (detail) memory.setDetail(detail)
  }
  return {
    memory,
    context,
    told,
    keep,
    hear: (...messages: Said[]) => {
      for (const { topic, payload } of messages) keep(step({ kind: topic, payload }, context))
    },
  }
}

const shown = (told: readonly Notification[]) => told.map(({ phase, summary }) => `${phase}: ${summary}`)

test('a visit is one activity: start, an update when more is known, and its end with the duration', () => {
  const { told, hear } = listener()
  const { messages, review } = visit({ at: AT, name: 'aaaaaa', subLabel: 'Bob', zones: ['front_yard'] })
  hear(...messages)
  expect(shown(told)).toEqual([
    'start: A person in the front yard',
    'update: Bob in the front yard',
    'end: Bob in the front yard',
  ])
  expect(new Set(told.map(({ activityId }) => activityId))).toEqual(new Set([`frigate/${review.id}`]))
  expect(told.at(-1)).toMatchObject({ duration: 30_000, timestamp: (AT + 30) * 1000, data: { confidence: 0.87 } })
})

test('what is told twice over the line has the same ids, and read back too', () => {
  const { messages, review, object } = visit({ at: AT, name: 'aaaaaa' })
  const live = listener()
  live.hear(...messages)
  live.hear(...messages)
  expect(live.told.map(({ phase }) => phase)).toEqual(['start', 'update', 'end'])
  const late = listener()
  late.hear(
    { topic: 'events', payload: { type: 'end', after: object } },
    { topic: 'reviews', payload: { type: 'end', after: review } },
  )
  const ids = (told: readonly Notification[]) => told.filter(({ phase }) => phase !== 'update').map(({ id }) => id)
  expect(ids(late.told)).toEqual(ids(live.told))
})

test('there is at most one update a minute; what was held back comes with the next', () => {
  const { told, hear, context, memory, keep } = listener()
  const { messages } = visit({ at: AT, name: 'aaaaaa' })
  const [, begin, , update] = messages as [Said, Said, Said, Said]
  hear(begin, update)
  const { after } = update.payload as { after: { data: object } }
  const grown = { type: 'update', after: { ...after, data: { ...after.data, objects: ['person', 'dog'] } } }
  context.now += 10_000
  hear({ topic: 'reviews', payload: grown })
  expect(told).toHaveLength(2)
  context.now += 51_000
  for (const known of memory.open()) keep(stepChanged(known, context))
  for (const known of memory.open()) keep(stepChanged(known, context))
  expect(shown(told).at(-1)).toBe('update: A person and a dog at the front door (alert)')
  expect(told).toHaveLength(3)
})

test('what is found out late enriches a closed review, once; unsure faces and no names do nothing', () => {
  const { told, hear } = listener()
  const { messages, object } = visit({ at: AT, name: 'aaaaaa' })
  hear(...messages)
  const findings = recorded('mqtt_tracked_object_update.jsonl').map((one) => ({ ...(one as object), id: object.id }))
  const [description, face, , , attribute] = findings as [object, object, object, object, object]
  const say = (...payloads: object[]) =>
    hear(...payloads.map((payload) => ({ topic: 'tracked_object_update', payload })))
  say({ ...face, name: null }, { ...face, score: 0.5 }, { ...face, name: 'unknown' })
  expect(told).toHaveLength(3)
  say(description, description, face, face, attribute)
  expect(told.slice(3)).toMatchObject(
    [
      { phase: 'enriched', data: { description: 'The car is a red sedan moving away from the camera.' } },
      { phase: 'enriched', summary: 'John at the front door', data: { person: 'John', description: /red sedan/ } },
      { phase: 'enriched', data: { attributes: { helmet_detector: 'yes' }, person: 'John' } },
    ].map((one) => ({ ...one, data: expect.objectContaining(matching(one.data)) })),
  )
  expect(new Set(told.map(({ id }) => id)).size).toBe(told.length)
})

test("a language model's summary comes as a fourth type, after the end", () => {
  const { told, hear } = listener()
  const { messages, review } = visit({ at: AT, name: 'aaaaaa' })
  hear(...messages)
  const metadata = { title: 'Parcel delivered', shortSummary: 'A courier leaves a parcel.', potential_threat_level: 0 }
  const after = { ...review, data: { ...(review.data as object), metadata } }
  hear({ topic: 'reviews', payload: { type: 'genai', before: review, after } })
  expect(told.at(-1)).toMatchObject({
    phase: 'enriched',
    summary: 'A person at the front door (alert): Parcel delivered',
    data: { title: 'Parcel delivered', description: 'A courier leaves a parcel.', threat_level: 0 },
  })
})

test('a review that Frigate left open is closed where it was last known to go on, and mended by its real end', () => {
  const { told, hear, memory, keep, context } = listener()
  const { messages } = visit({ at: AT, name: 'aaaaaa' })
  hear(...messages.slice(0, 3))
  for (const known of memory.open()) keep(stepGone(known, context))
  expect(told.at(-1)).toMatchObject({
    phase: 'end',
    timestamp: (AT + 3) * 1000,
    duration: 3000,
    data: { inferred: true },
  })
  hear(...messages.slice(3))
  expect(told.at(-1)).toMatchObject({ phase: 'enriched', duration: 30_000, data: { inferred: false } })
  expect(told.filter(({ phase }) => phase === 'end')).toHaveLength(1)
})

test('tracked objects alone tell nothing, unless they are to be activities of their own', () => {
  const events = recorded('mqtt_events_lifecycle.jsonl').map((payload) => ({ topic: 'events', payload }))
  const quiet = listener()
  quiet.hear(...events)
  expect(quiet.told).toEqual([])
  const alone = listener({ objectsAlone: true })
  alone.hear(...events)
  expect(shown(alone.told)).toEqual([
    'start: A person in the driveway',
    'start: A car at the backyard',
    'start: A dog in the yard',
    'end: A dog in the yard',
  ])
})

test.each([
  ['mqtt_events_update_0_11_recorded.json', 'car', { zone: 'street', confidence: 0.70703125 }],
  ['mqtt_events_update.json', 'person', { person: 'John Smith', plate: 'ABC12345' }],
  ['mqtt_object_before_new_0_16_recorded.json', 'person', {}],
  ['mqtt_object_license_plate_recorded.jsonl', 'car', { zone: 'Lp' }],
])('objects of every version are understood: %s', (file, label, data) => {
  const [message] = recorded(file) as [{ after?: object }]
  const after = { ...(message.after ?? message), false_positive: false }
  const { told, hear } = listener({ objectsAlone: true })
  hear({ topic: 'events', payload: { type: 'new', after } })
  expect(told).toMatchObject([{ phase: 'start', data: { objects: [label], ...data } }])
})

test('the reviews of the API, whose times are text in some answers, are understood', () => {
  const { told, hear } = listener()
  const [rows] = recorded('api_reviews_ui_mock.json') as [object[]]
  hear(...rows.map((after) => ({ topic: 'reviews', payload: { type: 'end', after } })))
  expect(told.filter(({ phase }) => phase === 'end')).toMatchObject([
    {
      summary: 'A person in the front yard (alert)',
      timestamp: Date.parse('2026-06-05T11:30:39.365Z'),
      duration: 30_000,
    },
    { summary: 'A car in the driveway (alert)' },
    { summary: 'A person at the garage' },
    { summary: 'A car in the front yard' },
  ])
})

test('debug replays, unwanted cameras and unheard-of types tell nothing', () => {
  const { told, hear } = listener({ wants: (camera) => camera === 'garden' })
  const { messages } = visit({ at: AT, name: 'aaaaaa' })
  hear(...messages)
  const replay = listener()
  replay.hear(...visit({ at: AT, name: 'aaaaaa', camera: '_replay_front_door' }).messages)
  const odd = listener()
  odd.hear(
    ...messages.map(({ topic, payload }) => ({ topic, payload: { ...(payload as object), type: 'unheard_of' } })),
  )
  expect([told, replay.told, odd.told]).toEqual([[], [], []])
})

test('a busy street fits into a message, and a usual visit into two kilobytes', () => {
  const { told, hear } = listener()
  const { messages, review } = visit({ at: AT, name: 'aaaaaa', zones: ['front_yard'], subLabel: 'Bob' })
  hear(...messages)
  for (const one of told) expect(JSON.stringify(one).length).toBeLessThan(2048)
  const detections = Array.from({ length: 500 }, (_, n) => `${(AT + n).toFixed(6)}-object`)
  const description = 'Somebody walks by. '.repeat(500)
  const data = { ...(review.data as object), detections, metadata: { title: 'Busy', scene: description } }
  hear({ topic: 'reviews', payload: { type: 'end', after: { ...review, id: `${AT}-street`, data } } })
  for (const one of told) expect(JSON.stringify(one).length).toBeLessThan(limits.dataBytes)
})

function matching(data: object): object {
  return Object.fromEntries(
    Object.entries(data).map(([key, value]) => [key, value instanceof RegExp ? expect.stringMatching(value) : value]),
  )
}
