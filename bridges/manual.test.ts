// Notes, and what makes two of them one.
import { expect, test } from 'vitest'
import { idTime, lowestId } from '../schemas/ids.ts'
import { noteNotification } from './manual.ts'

const now = 1_760_000_000_000
const write = (note: Parameters<typeof noteNotification>[0], at = now) =>
  noteNotification(note, { space: 'home', now: at })

test('the same name at the same time is one note, whatever it says', () => {
  expect(write({ text: 'a', id: 'mine', at: 5e11 }).id).toBe(write({ text: 'b', id: 'mine', at: 5e11 }, now + 9).id)
  expect(write({ text: 'a', id: 'mine' }).id).not.toBe(write({ text: 'a', id: 'other' }).id)
})

test('a name that holds a time is kept and needs no other time', () => {
  const id = `${lowestId(now - 5000).slice(0, 14)}7abc-8def-0123456789ab`
  const first = write({ text: 'a', id })
  expect(first).toMatchObject({ id, timestamp: now - 5000 })
  expect(write({ text: 'a', id }, now + 60_000)).toEqual(first)
  const moved = write({ text: 'a', id, at: now })
  expect(moved.id).not.toBe(id)
  expect(idTime(moved.id)).toBe(now)
})

test('without a name the words, the tags and the moment are what it is', () => {
  expect(write({ text: 'a' }).id).toBe(write({ text: ' a ' }).id)
  expect(write({ text: 'a' }).id).not.toBe(write({ text: 'a', tags: ['x'] }).id)
  expect(write({ text: 'a' }).id).not.toBe(write({ text: 'a' }, now + 1).id)
})

test('a long text keeps all its words, and its summary ends at one', () => {
  const text = 'word '.repeat(300).trim()
  const { summary, data } = write({ text })
  expect(summary.length).toBeLessThanOrEqual(512)
  expect(summary).toMatch(/word…$/)
  expect(data).toMatchObject({ text })
  expect(write({ text: '🎉'.repeat(400) }).summary.isWellFormed()).toBe(true)
  expect(write({ text: '🎉'.repeat(400) }).summary.length).toBeLessThanOrEqual(512)
})
