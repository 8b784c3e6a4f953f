// What the embedded broker does under load that is not taken: bounded reading, bounded backlogs, and nobody suffers for
// another.
import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises'
import { generate } from 'mqtt-packet'
import { expect, it } from 'vitest'
import { storeAll, topics } from '../bus.contract.ts'
import type { Delivery } from '../bus.ts'
import { publishPacket } from '../raw-client.ts'
import { type Embedded, embeddedForTests, until } from './embedded.harness.ts'

const activity = topics.activity({ source: 'manual', type: 'note', producer: 'manual-test' })
const MIB = 1024 * 1024
const { started, client } = embeddedForTests()

/** Frames with increasing ids, as many bytes of them as asked for. */
function flood(count: number, size: number): Buffer {
  const payload = Buffer.alloc(size, 'x')
  const frames = Array.from({ length: count }, (_, n) =>
    generate(publishPacket(activity, payload, { qos: 1, messageId: n + 1 })),
  )
  return Buffer.concat(frames)
}

function waitingBytes({ bus }: Embedded): number {
  return bus.health().figures?.waitingBytes as number
}

it('stops reading a client at 1 MiB unsettled, keeps it through its keepalive, and takes all once things settle', async () => {
  const waiting: Delivery[] = []
  let settling = false
  const under = await started({
    accept: (delivery) => {
      if (settling) storeAll(delivery)
      else waiting.push(delivery)
    },
  })
  const raw = await client(under, { keepalive: 1 })
  const count = 12_000
  raw.socket.write(flood(count, 1_000))
  await until(() => waitingBytes(under) >= MIB)
  await sleep(2_500)
  expect(waitingBytes(under)).toBeLessThan(MIB + 2_048)
  const other = await client(under)
  await other.ping()
  settling = true
  for (const delivery of waiting) storeAll(delivery)
  const acknowledged = await raw.has('puback', count)
  expect(acknowledged.map((packet) => packet.messageId)).toEqual(Array.from({ length: count }, (_, n) => n + 1))
})

it('stops reading everybody at the bound for all together, and goes on below it', async () => {
  const waiting: Delivery[] = []
  let settling = false
  const under = await started({
    config: { waitingBytesInAll: MIB },
    accept: (delivery) => {
      if (settling) storeAll(delivery)
      else waiting.push(delivery)
    },
  })
  const clients = await Promise.all(Array.from({ length: 4 }, () => client(under)))
  for (const raw of clients) raw.socket.write(flood(800, 1_000))
  await until(() => waitingBytes(under) >= MIB)
  await sleep(100)
  expect(waitingBytes(under)).toBeLessThan(MIB + 8_192)
  settling = true
  for (const delivery of waiting) storeAll(delivery)
  await Promise.all(clients.map((raw) => raw.has('puback', 800)))
})

it.each([
  [0 as const, 'misses messages'],
  [1 as const, 'loses its connection'],
])('serves the others while a QoS %i subscriber takes nothing, which %s', async (qos, _effect) => {
  const under = await started({ config: { backlogBytes: 2 * MIB, drainTimeoutMs: 2_000 } })
  const [frozen, viewer] = [await client(under), await client(under)]
  for (const [raw, asked] of [[frozen, qos] as const, [viewer, 0] as const]) {
    raw.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: topics.activities, qos: asked }] })
    await raw.has('suback')
  }
  frozen.socket.pause()
  const payload = Buffer.alloc(16 * 1024)
  const count = 2_000
  for (let n = 0; n < count; n++) {
    await under.bus.publish(activity, payload)
    await turn()
  }
  await viewer.has('publish', count)
  expect((under.bus.health().figures?.notShown as number) > 0).toBe(qos === 0)
  frozen.socket.resume()
  if (qos === 1) await frozen.closed
  else await frozen.ping()
})

it('disconnects a subscriber that takes nothing for its drain time', async () => {
  const under = await started({ config: { backlogBytes: 2 * MIB, drainTimeoutMs: 300 } })
  const frozen = await client(under)
  frozen.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: topics.activities, qos: 0 }] })
  await frozen.has('suback')
  frozen.socket.pause()
  const payload = Buffer.alloc(256 * 1024)
  while (under.bus.health().figures?.connections === 1) {
    await under.bus.publish(activity, payload)
    await sleep(5)
  }
})
