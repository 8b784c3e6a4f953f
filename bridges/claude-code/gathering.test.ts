// What gathers is seen at once, and kept together or not at all.
import { expect, test } from 'vitest'
import { stateInMemory } from '../in-memory.ts'
import { gathering } from './gathering.ts'

test('what was set is seen before it is written, and is gone if it is dropped', () => {
  const state = stateInMemory()
  state.set('a/1', 1)
  const gathered = gathering(state)
  gathered.set('a/2', 2)
  gathered.setAll({ 'a/1': 10, b: 3 })
  expect([gathered.get('a/1'), gathered.keys('a/'), state.keys()]).toEqual([10, ['a/1', 'a/2'], ['a/1']])
  gathered.drop()
  expect([gathered.get('a/1'), gathered.get('a/2')]).toEqual([1, undefined])
  gathered.set('c', 4)
  gathered.write()
  gathered.delete('a/1')
  expect([state.get('c'), state.keys()]).toEqual([4, ['c']])
})
