// Whatever bytes a client sends, the process lives and the others are served.
import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { generate, type Packet } from 'mqtt-packet'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { topics } from '../bus.contract.ts'
import { connectPacket, publishPacket, RawClient } from '../raw-client.ts'
import { credentials, type Embedded, startEmbedded } from './embedded.harness.ts'

let under: Embedded
let witness: RawClient
beforeAll(async () => {
  under = await startEmbedded()
  witness = await RawClient.connect({ port: under.port, ...credentials })
})
afterAll(async () => {
  witness.destroy()
  await under.bus.stop()
})

const activity = topics.activity({ source: 'manual', type: 'note', producer: 'manual-test' })
const names = fc.constantFrom('a', 'a/b', '#', '+/b', '__proto__', 'constructor', '$SYS/#', '$share/g/a', activity, '')
const ids = fc.integer({ min: 0, max: 3 })
const qos = fc.constantFrom(0 as const, 1 as const, 2 as const)

const packets: fc.Arbitrary<Packet> = fc.oneof(
  fc.record({ topic: names, qos, messageId: ids, retain: fc.boolean() }).map(({ topic, ...about }) => {
    return publishPacket(topic, 'payload', about)
  }),
  fc.record({ messageId: ids, topic: names, qos }).map(({ messageId, topic, qos }): Packet => {
    return { cmd: 'subscribe', messageId, subscriptions: [{ topic, qos }] }
  }),
  fc.record({ messageId: ids, topic: names }).map(({ messageId, topic }): Packet => {
    return { cmd: 'unsubscribe', messageId, unsubscriptions: [topic] }
  }),
  fc.record({ cmd: fc.constantFrom('puback', 'pubrec', 'pubrel', 'pubcomp'), messageId: ids }) as fc.Arbitrary<Packet>,
  fc.record({ cmd: fc.constantFrom('pingreq', 'disconnect') }) as fc.Arbitrary<Packet>,
  names.map((clientId): Packet => connectPacket({ port: 0, ...credentials, clientId })),
)

/** A packet's bytes, some of them changed, cut off or repeated. */
const frames = fc
  .record({
    packet: packets,
    changes: fc.array(fc.record({ at: fc.nat(60), to: fc.nat(255) }), { maxLength: 3 }),
    cut: fc.option(fc.nat(40), { freq: 8 }),
  })
  .map(({ packet, changes, cut }) => {
    const bytes = encoded(packet)
    for (const { at, to } of changes) if (at < bytes.length) bytes[at] = to
    return cut === null ? bytes : bytes.subarray(0, cut)
  })

/** What mqtt-packet refuses to write is noise of its own. */
function encoded(packet: Packet): Buffer {
  try {
    return generate(packet)
  } catch {
    return createHash('sha256').update(JSON.stringify(packet)).digest()
  }
}

it('survives mutated packets before and after CONNECT', async () => {
  const sent = fc.record({ greeted: fc.boolean(), bytes: fc.array(frames, { maxLength: 8 }), clean: fc.boolean() })
  await fc.assert(
    fc.asyncProperty(sent, async ({ greeted, bytes, clean }) => {
      const raw = new RawClient(under.port)
      if (greeted) raw.send(connectPacket({ port: 0, ...credentials, clean, clientId: 'fuzz' }))
      if (greeted) await raw.has('connack')
      raw.socket.write(Buffer.concat(bytes))
      await witness.ping()
      raw.destroy()
    }),
    { numRuns: 400 },
  )
  expect(under.bus.health().state).toBe('ok')
  expect(await under.bus.publish(activity, '{}')).toMatchObject({ status: 'stored' })
})
