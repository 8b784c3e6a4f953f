// Everybody against the sweep: puts of the same few objects, batches that bring or name them, moves, and an outbox that
// comes a month late, while several processes sweep with a grace of milliseconds. Not for: what one of them does alone
// (../catalogue.contract.ts).
import { randomBytes, randomInt } from 'node:crypto'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { expect, test } from 'vitest'
import { wallClock } from '../../component.ts'
import type { ContentRef } from '../../schemas/content-ref.ts'
import { asDaybookError } from '../../schemas/errors.ts'
import { testPostgres } from '../../test/postgres.ts'
import { storageOn } from '../../test/storage.ts'
import { exampleEvent } from '../examples.ts'
import type { Storage } from '../storage.ts'
import { fsStore } from './fs.ts'
import type { ObjectStore, Payload } from './object-store.ts'
import { payloadOf } from './payload.ts'
import { postgresStore } from './postgres.ts'

/** ms. Long for a step, short for the test: what waits for several of them waits for a month. */
const GRACE = 40
const SECONDS = 4
const AGAIN = ['database_unavailable', 'objects_unavailable', 'database_conflict']

type Own = 'fs' | 'postgres'

/** One process of the house, with its own connections. */
interface Process {
  storage: Storage
  stores: Record<Own, ObjectStore>
}

/** An activity that refers to an object, and whether its sender was quick enough for the promise to hold. */
interface Sent {
  activity: string
  ref: ContentRef
  inTime: boolean
}

async function house() {
  const database = await testPostgres()
  const folder = mkdtempSync(join(tmpdir(), 'daybook-race-'))
  const open = async (): Promise<Process> => {
    const storage = await storageOn(database.url)
    const stores = { fs: fsStore(folder), postgres: postgresStore({ pool: () => storage.pool(), space: 'home' }) }
    return { storage, stores }
  }
  const processes = [await open(), await open(), await open()]
  await processes[0]?.stores.fs.open()
  const admin = new pg.Client({ connectionString: database.url })
  await admin.connect()
  return {
    processes,
    forget: (activity: string) => admin.query('delete from activities where id = $1', [activity]),
    async stateOf({ storage, id }: ContentRef) {
      const { rows } = await admin.query('select state from objects where storage = $1 and id = $2', [storage, id])
      return rows[0]?.state
    },
    /** Ends a connection of the house, whatever it is doing. */
    cut: () =>
      admin.query(`select pg_terminate_backend(pid) from pg_stat_activity
        where application_name like 'daybook%' and datname = current_database() order by random() limit 1`),
    /** All bytes there are, as `<storage>:<id>`. */
    async inside() {
      const { rows } = await admin.query<{ name: string }>(
        `select distinct 'postgres:' || id as name from object_bytes`,
      )
      const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
      return [...rows.map(({ name }) => name), ...files.map(({ name }) => `fs:${name}`)]
    },
    async [Symbol.asyncDispose]() {
      for (const { storage } of processes) await storage.stop()
      await admin.end()
      await database.stop()
      rmSync(folder, { recursive: true })
    },
  }
}

const nameOf = ({ storage, id }: Pick<ContentRef, 'storage' | 'id'>) => `${storage}:${id}`
const sum = (usage: readonly { objects: number }[]) => usage.reduce((all, { objects }) => all + objects, 0)
const any = <T>(from: readonly T[]): T => from[randomInt(from.length)] as T
const pause = (most: number) => wallClock.sleep(randomInt(most))

const sweep = ({ storage, stores }: Process) =>
  insist(() => storage.catalogue.sweep(GRACE, ({ storage: from, id }) => stores[from as Own].delete(id)))

/** Again until it works: connections are cut. */
async function insist<T>(work: () => Promise<T>): Promise<T> {
  for (let tried = 1; ; tried++) {
    try {
      return await work()
    } catch (thrown) {
      const { code } = asDaybookError(thrown)
      if (!AGAIN.includes(code) || tried > 100) throw thrown
      await wallClock.sleep(5)
    }
  }
}

test.each([
  ['a folder', 'fs', false],
  ['Postgres', 'postgres', false],
  ['a folder, while connections are cut', 'fs', true],
  ['Postgres, while connections are cut', 'postgres', true],
] as const)(
  'what is referred to opens, and what is not is gone, whoever races whom: %s',
  async (_, configured, cutting) => {
    await using racing = await house()
    const { processes } = racing
    const contents = Array.from({ length: 40 }, () => randomBytes(1 + randomInt(3_000)))
    const payloads = contents.map((bytes) => payloadOf(bytes))
    const bytesOf = new Map(payloads.map(({ id }, at) => [id, contents[at] as Buffer]))
    const payloadFor = ({ id }: ContentRef) => payloadOf(bytesOf.get(id) as Buffer)
    /** The others are never referred to. */
    const wanted = payloads.slice(0, 32)
    /** Activities that stand now, and how many had a reference that had to open and did. */
    const sent: Sent[] = []
    let opened = 0
    let events = 0
    const ends = performance.now() + SECONDS * 1_000

    const put = ({ storage, stores }: Process, payload: Payload, into: Own = configured) =>
      insist(() =>
        storage.catalogue.put({ storage: into, id: payload.id, size: payload.size }, async () => {
          if (randomInt(3) === 0) await wallClock.sleep(GRACE * 1.5)
          await stores[into].put(payload)
        }),
      )
    const commit = async ({ storage }: Process, ref: ContentRef, bytes?: Buffer) => {
      const event = exampleEvent(++events, { contentRef: ref })
      const brought = bytes ? [{ id: ref.id, size: bytes.length, bytes }] : []
      await insist(() => storage.commit([event], () => ({ settlements: [], rejected: [] }), brought))
      return event.id
    }
    const open = async ({ storage, stores }: Process, ref: ContentRef) => {
      // A move may come between.
      for (let looked = 1; looked <= 5; looked++) {
        const at = await storage.catalogue.locate(ref)
        if (!at) return null
        const found = await stores[at.storage as Own].get(at.id).catch((error) => {
          if (asDaybookError(error).code !== 'object_missing') throw error
        })
        if (found) return Buffer.concat(await found.bytes.toArray())
      }
      return null
    }
    /** What came too late for the promise may be missing, but then it must be on record that it is. */
    const expectOpen = async (here: Process, { ref, inTime }: Sent) => {
      const bytes = await insist(() => open(here, ref))
      if (bytes || inTime) expect(bytes, `${nameOf(ref)}, in time: ${inTime}`).toEqual(bytesOf.get(ref.id))
      else expect(await racing.stateOf(ref), nameOf(ref)).toBeDefined()
      opened++
    }

    const sweeper = (here: Process) => async () => {
      await sweep(here)
      await pause(5)
    }
    /** Puts what nobody may ever refer to, and at times finds it there already. */
    const putter = async () => {
      await put(any(processes), any(payloads))
      await pause(20)
    }
    /** Uploads and publishes at once: the grace that begins at the end of the put is all it has. */
    const uploader = async () => {
      const ref = { storage: configured, id: any(wanted).id }
      await put(any(processes), payloadFor(ref))
      const since = performance.now()
      await pause(GRACE)
      const activity = await commit(any(processes), ref)
      sent.push({ activity, ref, inTime: performance.now() - since < GRACE })
    }
    /** Uploads, is away for a month, asks right before it publishes, and uploads again if it is gone. */
    const outbox = async () => {
      const ref = { storage: configured, id: any(wanted).id }
      const here = any(processes)
      await put(here, payloadFor(ref))
      await pause(GRACE * 5)
      let since = performance.now()
      while (!(await insist(() => here.storage.catalogue.touch(ref)))) {
        await put(here, payloadFor(ref))
        since = performance.now()
      }
      await pause(GRACE)
      const activity = await commit(any(processes), ref)
      sent.push({ activity, ref, inTime: performance.now() - since < GRACE })
    }
    /** Sends data with its activity, which is kept in the same transaction. */
    const bringer = async () => {
      const ref = { storage: 'postgres' as const, id: any(wanted).id }
      sent.push({ activity: await commit(any(processes), ref, bytesOf.get(ref.id)), ref, inTime: true })
      await pause(20)
    }
    const mover = async () => {
      const here = any(processes)
      for (const ref of await insist(() => here.storage.catalogue.unmoved(3))) {
        await put(here, payloadFor(ref), 'fs')
        const moving = insist(() => here.storage.catalogue.moved(ref.id, 'fs'))
        // Slower than the grace.
        await moving.catch((error) => expect(error).toMatchObject({ code: 'object_missing' }))
      }
      await pause(20)
    }
    /** Looks at what an activity refers to, and forgets the activity. */
    const reader = async () => {
      await pause(10)
      const [oldest] = sent.length > 6 ? sent.splice(0, 1) : []
      if (!oldest) return
      const here = any(processes)
      await expectOpen(here, oldest)
      await racing.forget(oldest.activity)
    }
    const cutter = async () => {
      await racing.cut()
      await pause(60)
    }

    const all = [...processes.map(sweeper), putter, uploader, uploader, outbox, outbox, outbox, bringer, reader, reader]
    if (configured === 'fs') all.push(mover)
    if (cutting) all.push(cutter)
    await Promise.all(
      all.map(async (one) => {
        while (performance.now() < ends) await one()
      }),
    )

    await wallClock.sleep(GRACE)
    const [here] = processes as [Process, ...Process[]]
    await sweep(here)
    await sweep(here)
    for (const each of sent) await expectOpen(here, each)
    expect(opened).toBeGreaterThan(50)
    const missing = (await here.storage.catalogue.askForMissing(1_000)).map(nameOf)
    const late = sent.filter(({ inTime }) => !inTime).map(({ ref }) => nameOf(ref))
    expect(late).toEqual(expect.arrayContaining(missing))
    const left = new Set<string>()
    for (const { ref } of sent) {
      const at = await here.storage.catalogue.locate(ref)
      if (at) left.add(nameOf(at))
    }
    expect((await racing.inside()).sort()).toEqual([...left].sort())
    expect(sum(await here.storage.catalogue.usage())).toBe(left.size)
  },
)
