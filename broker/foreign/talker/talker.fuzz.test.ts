// Random trouble on the line while much is published: every message has one end, and that end is true.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { talking, texts, topics } from './talker.harness.ts'

const activity = topics.activity({ source: 'terminal', type: 'command', producer: 'laptop' })
const COUNT = 1_000

/** What happens after how many messages have come to the broker. */
const trouble = fc.record({
  after: fc.integer({ min: 1, max: COUNT }),
  is: fc.constantFrom('cut', 'hold', 'answer', 'answer some', 'garbage', 'disconnect'),
})

test('whatever the line does, each message has one end, and what resolves the broker has acknowledged', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(trouble, { maxLength: 12 }),
      fc.integer({ min: 1, max: 2_000 }),
      async (troubles, window) => {
        await using here = await talking({ broker: { properties: { receiveMaximum: window } } })
        const { talker, broker } = here
        await talker.start()
        const ends = new Map<string, string[]>()
        const due = [...troubles].sort((a, b) => a.after - b.after)
        const publishing: Promise<unknown>[] = []
        const note = (text: string, end: string) => ends.set(text, [...(ends.get(text) ?? []), end])
        for (let n = 1; n <= COUNT; n++) {
          const text = `${n}`
          const one = talker.publish(activity, text)
          publishing.push(
            one.then(
              () => note(text, 'resolved'),
              () => note(text, 'rejected'),
            ),
          )
          if (n % 10 === 0) await new Promise(setImmediate)
          while (due[0] && due[0].after <= n) {
            const { is } = due.shift() as (typeof due)[number]
            const there = broker.last
            if (is === 'cut') there.cut()
            if (is === 'hold') broker.does.holds = true
            if (is === 'answer') broker.does.holds = false
            if (is === 'answer' || is === 'answer some') there.acknowledge(0, is === 'answer' ? undefined : 3)
            if (is === 'garbage') there.write(Buffer.from([0xf7, 0xff, 0xff, 0xff, 0xff]))
            if (is === 'disconnect') there.send({ cmd: 'disconnect', reasonCode: 0x8b })
          }
        }
        broker.does.holds = false
        broker.last.acknowledge()
        await Promise.all(publishing)

        expect(ends.size).toBe(COUNT)
        expect([...ends.values()].every((all) => all.length === 1)).toBe(true)
        const acknowledged = new Set(broker.connections.flatMap((each) => texts(each.acknowledged)))
        const resolved = [...ends].filter(([, [end]]) => end === 'resolved').map(([text]) => text)
        expect(resolved.filter((text) => !acknowledged.has(text))).toEqual([])
        // Nothing is said twice, and what is said is in order.
        const said = broker.connections.flatMap((each) => texts(each.of('publish')).map(Number))
        expect(said).toEqual([...new Set(said)].sort((a, b) => a - b))
      },
    ),
    { numRuns: 40 },
  )
})
