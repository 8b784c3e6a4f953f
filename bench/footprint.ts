// What an idle house takes: memory of all its processes (PSS), time of a cold and a warm start, disk. The baseline is
// its Postgres alone. Not for: memory under load.
import { execFileSync } from 'node:child_process'
import { rm } from 'node:fs/promises'
import pino from 'pino'
import { wallClock } from '../component.ts'
import { embeddedPostgres } from '../storage/postgres/server/server.ts'
import { type House, removeData, startHouse, temporaryData } from '../test/house.ts'
import type { Bench } from './bench.ts'
import { memory, tree, treesOf } from './processes.ts'
import { median, rounded } from './statistics.ts'

const megabytes = (bytes: number) => rounded(bytes / 1024 / 1024, 1)

export const footprint: Bench = {
  name: 'footprint',
  summary: 'Idle memory of the whole tree, cold and warm start, disk; against Postgres alone',
  options: { starts: 3, 'idle-seconds': 10 },
  async run({ number, cleanup, say }) {
    const starts = Array.from({ length: number('starts') })
    const cold: number[] = []
    let data = ''
    for (const _ of starts) {
      if (data) await rm(data, { recursive: true, force: true })
      data = await temporaryData()
      const folder = data
      cleanup.defer(() => removeData(folder))
      cold.push(await timedStart(data, cleanup))
    }
    say(`cold ${cold.map(Math.round)} ms`)
    const warm: number[] = []
    for (const _ of starts) warm.push(await timedStart(data, cleanup))
    say(`warm ${warm.map(Math.round)} ms`)

    const house = await started(data, cleanup)
    await wallClock.sleep(number('idle-seconds') * 1_000)
    const { node, postgres } = await treesOf(house)
    const [nodeBytes, postgresBytes] = [memory(node), memory(postgres)]
    const disk = Number(execFileSync('du', ['-s', '-B1', data], { encoding: 'utf8' }).split('\t')[0])
    await house.stop()
    const alone = await postgresAlone(data, house, number('idle-seconds'), cleanup)
    const value = megabytes(nodeBytes + postgresBytes)
    return {
      value,
      unit: 'MB',
      baseline: { name: 'its Postgres alone', value: megabytes(alone) },
      ratio: rounded((nodeBytes + postgresBytes) / alone),
      details: {
        aims: { idleMb: 250, warmMs: 3_000, coldMs: 6_000 },
        nodeMb: megabytes(nodeBytes),
        postgresMb: megabytes(postgresBytes),
        postgresProcesses: postgres.length,
        coldMs: Math.round(median(cold)),
        warmMs: Math.round(median(warm)),
        diskMb: megabytes(disk),
      },
    }
  },
}

async function started(data: string, cleanup: AsyncDisposableStack): Promise<House> {
  const house = await startHouse({ data })
  cleanup.defer(async () => void (await house.stop()))
  return house
}

/** ms from the start of the process to its ready line, as a user waits for it. */
async function timedStart(data: string, cleanup: AsyncDisposableStack): Promise<number> {
  const begin = performance.now()
  const house = await started(data, cleanup)
  const took = performance.now() - begin
  await house.stop()
  return took
}

/** The same cluster without Daybook; bytes. */
async function postgresAlone(data: string, house: House, idle: number, cleanup: AsyncDisposableStack): Promise<number> {
  const { password } = new URL(house.credentials.database.url)
  const server = embeddedPostgres({ data, port: 0, password, log: pino({ level: 'silent' }), clock: wallClock })
  cleanup.defer(() => server.stop())
  await server.start()
  await wallClock.sleep(idle * 1_000)
  const bytes = memory(tree(Number(server.health().figures?.pid)))
  await server.stop()
  return bytes
}
