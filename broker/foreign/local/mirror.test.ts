// What is shown on a broker of what was stored without it. Not for: who hears it in the house (lines.contract.ts).
import { expect, test } from 'vitest'
import { talking, texts, topics, type WorldOptions } from '../talker/talker.harness.ts'
import { Mirror } from './mirror.ts'

const activity = topics.activity({ source: 'manual', type: 'note', producer: 'manual-test' })

async function mirroring(options: WorldOptions = {}) {
  const here = await talking(options)
  const mirror = new Mirror(here.talker, () => {})
  here.talker.onConnection(() => mirror.go())
  await here.talker.start()
  const show = (...bodies: string[]) => {
    for (const body of bodies) mirror.show(activity, Buffer.from(body))
  }
  return { ...here, mirror, show }
}

test('what a line that broke may not have carried comes first on the next one', async () => {
  await using here = await mirroring({ broker: { holds: true } })
  here.show('1', '2', '3')
  const first = await here.broker.connection(1)
  await first.has('publish', 3)
  here.broker.does.holds = false
  first.cut()
  here.show('4')
  const second = await here.broker.connection(2)
  await second.has('publish', 4)
  expect(texts(second.of('publish'))).toEqual(['1', '2', '3', '4'])
  await here.mirror.idle()
  expect([here.mirror.waiting, here.mirror.notShown]).toEqual([0, 0])
})

test('what the broker refuses is not shown, and not said again and again', async () => {
  await using here = await mirroring({ broker: { reason: 0x87 } })
  here.show('1', '2')
  await here.mirror.idle()
  here.broker.does.reason = 0
  here.show('3')
  await here.mirror.idle()
  expect(texts(here.broker.last.of('publish'))).toEqual(['1', '2', '3'])
  expect([here.mirror.waiting, here.mirror.notShown]).toEqual([0, 2])
})

test('a line that is open and takes nothing more now is left alone until there is more to say', async () => {
  await using here = await mirroring()
  const taken: string[] = []
  let tries = 0
  const full = {
    isOpen: true,
    async publish(topic: string, payload: string | Buffer) {
      if (++tries < 3) return here.talker.publish(topic, 'x'.repeat(65 * 1024 * 1024))
      taken.push(`${payload}`)
    },
  }
  const mirror = new Mirror(full, () => {})
  for (const body of ['1', '2']) mirror.show(activity, Buffer.from(body))
  await mirror.idle()
  expect([tries, mirror.waiting]).toEqual([2, 2])
  mirror.show(activity, Buffer.from('3'))
  await mirror.idle()
  expect([taken, mirror.notShown]).toEqual([['1', '2', '3'], 0])
})
