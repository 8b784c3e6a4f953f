// Where a replayed message goes.
import { expect, test } from 'vitest'
import { topicsUnder } from '../../schemas/topics.ts'
import { checkFamily, checkPrefix, movedTopic } from './prefixes.ts'

const address = { source: 'iot', type: 'environmental', producer: 'balcony' }

test('our topics have the prefix in place of ours, foreign ones stand below it', () => {
  const moved = (topic: string) => movedTopic(topic, { own: 'home/day', prefix: 'sandbox' })
  expect(moved(topicsUnder('home/day').activity(address))).toBe(topicsUnder('sandbox').activity(address))
  expect(moved('frigate/events')).toBe('sandbox/frigate/events')
  expect(moved('home/daylight')).toBe('sandbox/home/daylight')
  expect(moved('/odd/')).toBe('sandbox//odd/')
})

test('a prefix in the live one or around it is refused, unless it is wanted', () => {
  for (const prefix of ['daybook', 'daybook/try']) {
    expect(() => checkPrefix(prefix, 'daybook', false)).toThrow('--into-live')
    expect(() => checkPrefix(prefix, 'daybook', true)).not.toThrow()
  }
  expect(() => checkPrefix('home', 'home/day', false)).toThrow('--into-live')
  for (const prefix of ['sandbox', 'daybook2', 'try/daybook']) {
    expect(() => checkPrefix(prefix, 'daybook', false)).not.toThrow()
  }
})

test('a prefix in a family of foreign topics that are moved is refused', () => {
  const check = (topic: string, prefix: string) => () => checkFamily(topic, { own: 'daybook', prefix })
  for (const prefix of ['frigate', 'frigate/try']) {
    expect(check('frigate/events', prefix)).toThrow('frigate/...')
    expect(check('frigate', prefix)).toThrow('--into-live')
    expect(check('zigbee2mqtt/lamp', prefix)).not.toThrow()
  }
  expect(check('frigate/events', 'frigate2')).not.toThrow()
  expect(check(topicsUnder('daybook').activity(address), 'daybook')).not.toThrow()
})

test.each(['', 'Sandbox', 'a/', '/a', 'a/#', '$SYS'])('"%s" is no prefix', (prefix) => {
  expect(() => checkPrefix(prefix, 'daybook', true)).toThrow('--prefix')
})
