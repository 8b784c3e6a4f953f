// Which version is offered to which broker, and what is remembered of its answer.
import { expect, test } from 'vitest'
import { FakeBroker, type FakeBrokerOptions } from '../../../test/mqtt/fake-broker.ts'
import type { Connection } from './connection.ts'
import { type Version, Versions } from './versions.ts'

/** Opens `times` connections one after the other: which versions were offered, and which came of it. */
async function opened(does: FakeBrokerOptions, wanted: Version = 'auto', times = 1) {
  await using broker = await FakeBroker.start(does)
  const versions = new Versions(wanted)
  const open = () =>
    versions.open({ url: broker.url, clientId: 'one', clean: true, keepaliveSeconds: 30, received: () => {} })
  let last: Connection | undefined
  for (let i = 0; i < times; i++) {
    last = await open()
    await last.end()
  }
  return { version: last?.version, offered: broker.connections.map((each) => each.connect.protocolVersion) }
}

test('a broker that speaks MQTT 5 is spoken to in it', async () => {
  expect(await opened({})).toEqual({ version: 5, offered: [5] })
})

test('a broker that refuses it by its code is asked once', async () => {
  expect(await opened({ versions: [4] }, 'auto', 2)).toEqual({ version: 4, offered: [5, 4, 4] })
})

test('a broker that hangs up instead gets the older version, and is asked again: it may just have been stopped', async () => {
  const does = { versions: [4], refuses: 'by hanging up' } as const
  expect(await opened(does, 'auto', 2)).toEqual({ version: 4, offered: [5, 4, 5, 4] })
})

test('a version that is asked for is not discussed', async () => {
  expect(await opened({}, 4)).toEqual({ version: 4, offered: [4] })
  await expect(opened({ versions: [4] }, 5)).rejects.toMatchObject({ code: 'bus_unavailable' })
})

test('a broker that is replaced by one of another version is spoken to in that', async () => {
  await using broker = await FakeBroker.start({ versions: [4] })
  const versions = new Versions('auto')
  const one = { url: broker.url, clientId: 'one', clean: true, keepaliveSeconds: 30, received: () => {} }
  await (await versions.open(one)).end()
  broker.does.versions = [5]
  const connection = await versions.open(one)
  expect(connection.version).toBe(5)
  await connection.end()
})

test('who is refused for another reason is not tried in another version', async () => {
  await using broker = await FakeBroker.start({ code: 0x86 })
  const versions = new Versions('auto')
  const one = { url: broker.url, clientId: 'one', clean: true, keepaliveSeconds: 30, received: () => {} }
  await expect(versions.open(one)).rejects.toMatchObject({ code: 'broker_refused' })
  expect(broker.connections).toHaveLength(1)
})
