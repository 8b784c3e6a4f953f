// Whether anybody hears a topic.
import { expect, it } from 'vitest'
import { type Emitter, followAudience } from './audience.ts'

it('knows a topic as heard while any listener of a matching filter is left', () => {
  const emitter: Emitter = { on() {}, removeListener() {} }
  const isHeard = followAudience(emitter)
  const [first, second] = [() => {}, () => {}]
  expect(isHeard('a/b')).toBe(false)
  emitter.on('a/#', first)
  emitter.on('a/#', second)
  emitter.on('a/b', first)
  expect([isHeard('a/b'), isHeard('b'), isHeard('$SYS/x')]).toEqual([true, false, false])
  emitter.removeListener('a/b', first)
  emitter.removeListener('a/#', first)
  emitter.removeListener('a/#', first)
  expect(isHeard('a/b')).toBe(true)
  emitter.removeListener('a/#', second)
  expect(isHeard('a/b')).toBe(false)
})
