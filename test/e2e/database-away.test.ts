// The database goes away under load and comes back: nothing is acknowledged meanwhile, no socket is lost, memory stays
// bounded, and then everything is there. AWAY_SECONDS sets for how long.
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import mqtt from 'mqtt'
import pino from 'pino'
import { expect, test } from 'vitest'
import { brokerUrl, startLoad } from '../../bench/start-load.ts'
import { wallClock } from '../../component.ts'
import type { Accounting } from '../../schemas/delivery.ts'
import { embeddedPostgres } from '../../storage/postgres/server/server.ts'
import { journey } from '../journey.ts'

const awaySeconds = Number(process.env.AWAY_SECONDS ?? 60)
/** Each may have 1 MiB unacknowledged, and wants to have more. */
const CONNECTIONS = 16
const GROWTH_MB = 250

test(`the database is away for ${awaySeconds} s under load`, { timeout: (awaySeconds + 300) * 1_000 }, async () => {
  await using here = await journey()
  await using cleanup = new AsyncDisposableStack()
  const elsewhere = { data: join(here.folder, 'elsewhere'), port: 0, password: 'secret', clock: wallClock }
  const database = embeddedPostgres({ ...elsewhere, log: pino({ level: 'silent' }) })
  await database.start()
  cleanup.defer(() => database.stop())
  const house = await here.start({ env: { DAYBOOK__DATABASE__URL: database.url() } })

  const client = await mqtt.connectAsync(brokerUrl(house), { keepalive: 4, reconnectPeriod: 0, protocolVersion: 4 })
  cleanup.defer(() => client.endAsync(true))
  let [closed, pings] = [0, 0]
  client.on('close', () => closed++)
  client.on('packetreceive', ({ cmd }) => cmd === 'pingresp' && pings++)

  const acked = join(here.folder, 'acked')
  writeFileSync(acked, '')
  const load = startLoad(brokerUrl(house), {
    rate: 3_000,
    count: 1_000_000,
    connections: CONNECTIONS,
    window: 4_000,
    acked,
    seconds: awaySeconds + 240,
  })
  cleanup.defer(() => load.kill())
  await expect.poll(() => statSync(acked).size, { timeout: 30_000 }).toBeGreaterThan(1_000 * 37)

  const before = residentMb(house.ready.pid)
  await database.stop()
  const left = statSync(acked).size
  const pingsBefore = pings
  let most = 0
  for (let second = 0; second < awaySeconds; second++) {
    await sleep(1_000)
    most = Math.max(most, residentMb(house.ready.pid))
  }
  expect(statSync(acked).size).toBe(left)
  expect(closed).toBe(0)
  expect(pings - pingsBefore).toBeGreaterThanOrEqual(Math.floor(awaySeconds / 4) - 1)
  expect((await house.api('/livez')).status).toBe(200)
  expect((await house.api('/readyz')).status).toBe(503)

  await database.start()
  await expect.poll(() => statSync(acked).size, { timeout: 60_000 }).toBeGreaterThan(left)
  const result = await load.finish()
  const { totals } = (await (await house.api('/api/v1/accounting')).json()) as Accounting
  console.info({ awaySeconds, residentMb: { before, most }, pings, ...result, totals })
  expect(most - before).toBeLessThan(GROWTH_MB)
  expect(result).toMatchObject({ disconnects: 0, resent: 0, acked: result.sent })
  expect(totals).toMatchObject({ received: result.sent, stored: result.sent, missing: 0 })
  expect(closed).toBe(0)
  expect(await house.stop()).toBe(0)
})

function residentMb(pid: number): number {
  const kilobytes = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
  return Math.round(Number(kilobytes) / 1024)
}
