// What a session has brought and is not settled.
import type { IPublishPacket } from 'mqtt-packet'
import { describe, expect, test } from 'vitest'
import { type Arrival, Arrivals } from './arrivals.ts'

/** A connection that writes down what is asked of it. */
function line() {
  const said: (readonly number[] | string)[] = []
  return {
    said,
    isOpen: true,
    acknowledge: (ids: readonly number[]) => void (ids.length > 0 && said.push(ids)),
    pause: () => void said.push('pause'),
    resume: () => void said.push('resume'),
  }
}

const message = (messageId: number, payload = `${messageId}`, qos: 0 | 1 = 1): IPublishPacket => ({
  cmd: 'publish',
  topic: 'a',
  payload: Buffer.from(payload),
  qos,
  dup: false,
  retain: false,
  ...(qos > 0 && { messageId }),
})
/** All that is settled in one turn is acknowledged after it. */
const turn = () => Promise.resolve()

function open(mostBytes = 1e6) {
  const arrivals = new Arrivals(mostBytes)
  const on = line()
  arrivals.begin()
  arrivals.opened(on, false)
  return { arrivals, on }
}

describe('arrivals', () => {
  test('are acknowledged in order, whatever is settled first, and all that is due in one write', async () => {
    const { arrivals, on } = open()
    const all = [1, 2, 3, 4, 5].map((id) => arrivals.add(message(id)) as Arrival)
    for (const n of [1, 2, 4]) arrivals.settle(all[n] as Arrival)
    await turn()
    expect(on.said).toEqual([])
    arrivals.settle(all[0] as Arrival)
    await turn()
    arrivals.settle(all[3] as Arrival)
    await turn()
    expect(on.said).toEqual([
      [1, 2, 3],
      [4, 5],
    ])
    expect([arrivals.count, arrivals.bytes, arrivals.unacknowledged, arrivals.window]).toEqual([0, 0, 0, 5])
  })

  test('with QoS 0 keep their place and get no acknowledgement', async () => {
    const { arrivals, on } = open()
    const [first, second] = [arrivals.add(message(0, 'x', 0)) as Arrival, arrivals.add(message(7)) as Arrival]
    arrivals.settle(second)
    await turn()
    expect(on.said).toEqual([])
    arrivals.settle(first)
    await turn()
    expect(on.said).toEqual([[7]])
  })

  test('that come again on the same line are one message with one acknowledgement', async () => {
    const { arrivals, on } = open()
    const first = arrivals.add(message(1)) as Arrival
    expect(arrivals.add({ ...message(1), dup: true })).toBeUndefined()
    arrivals.settle(first)
    await turn()
    // The id is free again.
    const next = arrivals.add(message(1)) as Arrival
    arrivals.settle(next)
    await turn()
    expect(on.said).toEqual([[1], [1]])
  })

  test('of an ended connection get no acknowledgement on the next, but what comes again is known', async () => {
    const { arrivals, on } = open()
    const [first, second] = [arrivals.add(message(1, 'a')) as Arrival, arrivals.add(message(2, 'b')) as Arrival]
    on.isOpen = false
    arrivals.settle(first)
    await turn()
    arrivals.begin()
    const next = line()
    // The broker has numbered anew, and something else has the number of the first.
    const other = arrivals.add(message(1, 'other')) as Arrival
    arrivals.opened(next, true)
    arrivals.settle(second)
    await turn()
    expect([on.said, next.said]).toEqual([[], []])
    expect([arrivals.add(message(2, 'a')), arrivals.add(message(3, 'b'))]).toEqual([undefined, undefined])
    arrivals.settle(other)
    await turn()
    expect(next.said).toEqual([[1, 2, 3]])
  })

  test('of a session that is lost are not expected again: the same bytes are a new message', () => {
    const { arrivals } = open()
    arrivals.add(message(1, 'on'))
    arrivals.begin()
    arrivals.opened(line(), false)
    expect(arrivals.add(message(1, 'on'))).toBeDefined()
  })

  test('stop the reading at so many bytes, and let it go on at half of them, over any number of connections', async () => {
    const { arrivals, on } = open(10_000)
    const big = 'x'.repeat(3_000)
    const all = [1, 2, 3, 4].map((id) => arrivals.add(message(id, `${id}${big}`)) as Arrival)
    expect(on.said).toEqual(['pause'])
    arrivals.begin()
    const next = line()
    arrivals.opened(next, true)
    expect(next.said).toEqual(['pause'])
    for (const arrival of all.slice(0, 3)) arrivals.settle(arrival)
    expect(next.said).toEqual(['pause', 'resume'])
  })
})
