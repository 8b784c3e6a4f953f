// Which data moves, what stays of it, and what it is called.
import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { type ActivityEvent, activityEvent, limits } from '../schemas/activity.ts'
import { exampleEvent } from '../storage/examples.ts'
import { mayBeTooLarge, moveData } from './moved-data.ts'

const withText = (length: number, more: Partial<ActivityEvent> = {}) =>
  exampleEvent(1, { details: { command: 'npm test', output: 'x'.repeat(length) }, ...more })
const picture = (name: string) => ({ storage: 'fs' as const, id: 'ab'.repeat(32), size: 3, name })
/** So that the details have exactly 4 KB as JSON. */
const JUST = limits.dataBytes - JSON.stringify({ command: 'npm test', output: '' }).length

test('data of up to 4 KB stays as it is, and so does an event without any', () => {
  expect(moveData(withText(JUST))).toBeUndefined()
  const { details: _, ...bare } = exampleEvent(1)
  expect(moveData(bare)).toBeUndefined()
})

test('a byte more moves it: whole in the payload, its head and a reference by hash in the event', () => {
  const before = withText(JUST + 1)
  const moved = moveData(before)
  expect(JSON.parse(String(moved?.payload.bytes))).toEqual(before.details)
  expect(moved?.event.details).toMatchObject({ command: 'npm test', cut: ['output'] })
  const id = createHash('sha256')
    .update(moved?.payload.bytes ?? '')
    .digest('hex')
  const about = { id, size: limits.dataBytes + 1, mediaType: 'application/json', name: 'data' }
  expect(moved?.payload).toMatchObject(about)
  expect(moved?.event.attachments).toEqual([{ storage: 'postgres', ...about }])
  expect(activityEvent.safeParse(moved?.event).error).toBeUndefined()
  expect(moved && moveData(moved.event)).toBeUndefined()
})

test('it is called data, or where something else is called so, the next free name', () => {
  const namesOf = (...names: string[]) =>
    moveData(withText(9_000, { attachments: names.map(picture) }))?.event.attachments?.map(({ name }) => name)
  expect(namesOf('thumbnail')).toEqual(['thumbnail', 'data'])
  expect(namesOf('data', 'data-2')).toEqual(['data', 'data-2', 'data-3'])
})

test('beside 16 attachments it is the contentRef; where that is taken too there is no room, and nothing of it goes', () => {
  const sixteen = Array.from({ length: 16 }, (_, n) => picture(`picture ${n}`))
  const moved = moveData(withText(9_000, { attachments: sixteen }))
  expect(moved?.event).toMatchObject({ attachments: sixteen, contentRef: { id: moved?.payload.id, name: 'data' } })
  expect(activityEvent.safeParse(moved?.event).error).toBeUndefined()
  expect(moveData(withText(9_000, { attachments: sixteen, contentRef: picture('picture') }))).toBeUndefined()
  expect(moveData(withText(9_000, { attachments: sixteen.slice(1) }))?.event.attachments).toHaveLength(16)
})

test('a message that cannot become too large is not measured', () => {
  expect(mayBeTooLarge(500)).toBe(false)
  const numbers = `{"n":[${Array(400).fill('1e20').join(',')}]}`
  expect(JSON.stringify(JSON.parse(numbers)).length).toBeGreaterThan(limits.dataBytes)
  expect(mayBeTooLarge(numbers.length)).toBe(true)
})
