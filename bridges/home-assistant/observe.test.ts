// The fold on streams of states, and the promise that the gap filling rests on.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { homeAssistantConfig } from './config.ts'
import { type Change, type Known, observe, release } from './observe.ts'
import type { HomeState } from './wire.ts'

const { readings } = homeAssistantConfig.parse({ url: 'http://127.0.0.1', token: 'x' })
const START = Date.parse('2026-03-14T08:00:00Z')

/** A state so many seconds after the start. */
function at(
  seconds: number,
  state: string,
  attributes: Record<string, unknown> = {},
  entity_id = 'light.a',
): HomeState {
  return { entity_id, state, attributes, last_updated: new Date(START + seconds * 1000).toISOString(), context: null }
}

/** Everything told of these, and what is known in the end. */
function fold(states: readonly HomeState[], start?: Known): { told: Change[]; known: Known | undefined } {
  let known = start
  const told: Change[] = []
  for (const state of states) {
    const observed = observe(known, state, readings)
    known = observed.known
    told.push(...observed.changes)
  }
  return { told, known }
}

const states = (changes: readonly Change[]) => changes.map((change) => `${change.old}>${change.new}`)

describe('a discrete entity', () => {
  test('tells a change of its state, and neither its first state nor a repetition', () => {
    expect(
      states(fold([at(0, 'off'), at(1, 'off'), at(2, 'on'), at(3, 'on', { brightness: 3 }), at(4, 'off')]).told),
    ).toEqual(['off>on', 'on>off'])
  })

  test('tells nothing of a drop-out or a restart, and the change that one hid', () => {
    const burst = [
      at(0, 'off'),
      at(1, 'unavailable'),
      at(2, 'unknown'),
      at(3, ''),
      at(4, 'off'),
      at(5, 'unavailable'),
      at(6, 'on'),
    ]
    expect(states(fold(burst).told)).toEqual(['off>on'])
  })

  test('that was never valid tells nothing when it becomes so', () => {
    expect(fold([at(0, 'unavailable'), at(1, 'on')]).told).toEqual([])
  })

  test('tells what a person set on it, by the name of the attribute', () => {
    const climate = (seconds: number, temperature: number, state = 'heat') =>
      at(seconds, state, { temperature, current_temperature: seconds }, 'climate.a')
    const { told } = fold([climate(0, 20), climate(1, 20), climate(2, 21), climate(3, 22, 'off')])
    expect(told.map((change) => [change.attribute, change.old, change.new])).toEqual([
      ['temperature', 20, 21],
      [undefined, 'heat', 'off'],
      ['temperature', 21, 22],
    ])
  })

  test('takes nothing that is older than what it has taken', () => {
    const { told, known } = fold([at(0, 'off'), at(5, 'on'), at(3, 'off'), at(5, 'off')])
    expect(states(told)).toEqual(['off>on'])
    expect(known?.state).toBe('on')
  })
})

describe('an entity whose state is a moment', () => {
  const press = (seconds: number, state: string) => at(seconds, state, {}, 'event.bell')
  const moment = (seconds: number) => new Date(START + seconds * 1000).toISOString()

  test('tells each newer moment, and not the one that comes back after a restart', () => {
    const { told } = fold([
      press(0, moment(-60)),
      press(1, 'unavailable'),
      press(2, moment(-60)),
      press(9, moment(9)),
      press(10, moment(-60)),
    ])
    expect(told.map((change) => change.new)).toEqual([moment(9)])
  })

  test('tells its very first one, but not one from before we looked', () => {
    expect(fold([press(0, 'unknown'), press(5, moment(5))]).told).toHaveLength(1)
    expect(fold([press(0, 'unknown'), press(5, moment(-60))]).told).toHaveLength(0)
    expect(fold([press(0, 'unavailable'), press(5, moment(-60))]).told).toHaveLength(0)
  })
})

describe('a curve', () => {
  const reading = (seconds: number, value: number | string) =>
    at(seconds, String(value), { device_class: 'temperature', unit_of_measurement: '°C' }, 'sensor.t')

  test('is told beyond its deadband, at most once a minute, the last value of that minute', () => {
    const { told } = fold([
      reading(0, 20),
      reading(1, 20.1),
      reading(5, 21),
      reading(10, 22),
      reading(50, 23),
      reading(70, 23.1),
      reading(200, 30),
    ])
    expect(states(told)).toEqual(['20>21', '21>23', '23>30'])
    expect(told.map(({ state }) => (Date.parse(String(state.last_updated)) - START) / 1000)).toEqual([5, 50, 200])
  })

  test('tells what was held as soon as its time has come, and forgets what came back by itself', () => {
    const moved = fold([reading(0, 20), reading(5, 21), reading(10, 22)]).known as Known
    expect(release(moved, START + 64_000, readings).changes).toEqual([])
    expect(states(release(moved, START + 65_000, readings).changes)).toEqual(['21>22'])
    const back = fold([reading(0, 20), reading(5, 21), reading(10, 22), reading(20, 21)]).known as Known
    const released = release(back, START + 65_000, readings)
    expect(released.changes).toEqual([])
    expect(released.known.held).toBeUndefined()
  })

  test('is told after an hour even if it has not moved', () => {
    const { told } = fold([reading(0, 20), reading(5, 21), reading(3000, 21.1), reading(3700, 21.1)])
    expect(states(told)).toEqual(['20>21', '21>21.1'])
  })

  test('tells nothing of values that are none, nor of coming back', () => {
    expect(
      states(
        fold([reading(0, 20), reading(1, 'unavailable'), reading(2, 'unknown'), reading(3, 'nan'), reading(4, 20)])
          .told,
      ),
    ).toEqual([])
  })

  test('is stored in one unit, whatever the user sees', () => {
    const seen = (seconds: number, value: number, unit: string) =>
      at(seconds, String(value), { device_class: 'temperature', unit_of_measurement: unit }, 'sensor.t')
    const { told } = fold([seen(0, 20, '°C'), seen(100, 68, '°F'), seen(200, 77, '°F')])
    expect(states(told)).toEqual(['20>25'])
  })
})

test('whatever is read again, in whatever overlap, nothing is told twice and nothing is left out', () => {
  const arbitrary = fc.array(fc.constantFrom('on', 'off', 'unavailable', 'unknown'), { minLength: 2, maxLength: 40 })
  fc.assert(
    fc.property(arbitrary, fc.nat(), fc.nat(), (values, one, other) => {
      const all = values.map((value, index) => at(index, value))
      const end = one % all.length
      const again = other % (end + 1)
      const whole = fold(all)
      const first = fold(all.slice(0, end))
      const second = fold(all.slice(again), first.known)
      expect([...first.told, ...second.told]).toEqual(whole.told)
      expect(second.known).toEqual(whole.known)
    }),
  )
})
