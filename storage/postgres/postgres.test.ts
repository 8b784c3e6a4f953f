// Postgres under the contract suites, and what only Postgres promises: migrations, partitions, roles, broken lines.
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import pg from 'pg'
import { afterEach, describe, expect, it } from 'vitest'
import { wallClock } from '../../component.ts'
import type { ActivityEvent } from '../../schemas/activity.ts'
import { testPostgres } from '../../test/postgres.ts'
import { storageOn } from '../../test/storage.ts'
import { activityStoreContract } from '../activity-store.contract.ts'
import type { Arrival } from '../activity-store.ts'
import { exampleEvent as event, NOON } from '../examples.ts'
import { ledgerContract } from '../ledger.contract.ts'
import { meaningContract } from '../meaning.contract.ts'
import type { Storage } from '../storage.ts'

const opened: { storage: Storage; stop: () => Promise<void> }[] = []

async function open(url?: string): Promise<Storage & { url: string }> {
  const database = url === undefined ? await testPostgres() : { url, stop: async () => {} }
  const storage = await storageOn(database.url)
  opened.push({ storage, stop: database.stop })
  return Object.assign(storage, { url: database.url })
}

afterEach(async () => {
  for (const { storage, stop } of opened.splice(0).reverse()) {
    await storage.stop()
    await stop()
  }
})

describe('ActivityStore on Postgres', () => activityStoreContract(async () => (await open()).activities))
describe('Ledger on Postgres', () => ledgerContract(open))
describe('Meaning on Postgres', () => meaningContract(open))

async function ask<T extends pg.QueryResultRow>(url: string, text: string): Promise<T[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query<T>(text)).rows
  } finally {
    await client.end()
  }
}

/** The way to a server, that breaks with an answer on it and stays broken for a while. */
async function breakableLine(target: string) {
  const sockets = new Set<Socket>()
  const { port } = new URL(target)
  let broken = false
  let away = false
  let trap: { sent: RegExp; ms: number } | null = null
  const cut = (ms: number) => {
    broken = true
    away = true
    setTimeout(() => {
      away = false
    }, ms)
    for (const socket of sockets) socket.destroy()
  }
  const server = createServer((near) => {
    if (away) return near.destroy()
    const far = connect(Number(port), '127.0.0.1')
    let sprung: typeof trap = null
    near.on('data', (bytes) => {
      if (trap?.sent.test(bytes.toString('latin1'))) [sprung, trap] = [trap, null]
      far.write(bytes)
    })
    far.on('data', (bytes) => (sprung ? cut(sprung.ms) : near.write(bytes)))
    for (const socket of [near, far]) {
      sockets.add(socket)
      socket.on('error', () => {})
      socket.on('close', () => {
        sockets.delete(socket)
        near.destroy()
        far.destroy()
      })
    }
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const url = new URL(target)
  url.port = String((server.address() as AddressInfo).port)
  return {
    url: url.href,
    get broken() {
      return broken
    },
    /** Once a text that matches was sent, the next answer is lost and nobody gets in for `ms`. */
    breakAtAnswerTo(sent: RegExp, ms: number) {
      trap = { sent, ms }
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      server.close()
    },
  }
}

describe('the database', () => {
  let storage: Storage & { url: string }

  it('is migrated once: a second start changes nothing and finds everything', async () => {
    storage = await open()
    await storage.activities.append([event(1)])
    const again = await open(storage.url)
    expect((await again.activities.queryActivities({})).items).toHaveLength(1)
  })

  it('makes partitions ahead, and on demand for a replay of old events', async () => {
    storage = await open()
    const months = () =>
      ask<{ name: string }>(storage.url, `select relid::text as name from pg_partition_tree('activities') where isleaf`)
    expect(await months()).toHaveLength(3)
    await storage.activities.append([event(1, { timestamp: Date.UTC(2011, 10, 28) })])
    expect((await months()).map((each) => each.name)).toContain('activities_2011_11')
  })

  it('goes on when a partition was dropped under it', async () => {
    storage = await open()
    const old = event(1, { timestamp: Date.UTC(2011, 10, 28) })
    await storage.activities.append([old])
    await ask(storage.url, 'drop table activities_2011_11')
    expect(await storage.activities.insertActivity(old)).toBe(true)
  })

  it('lets the read-only account read and nothing else', async () => {
    storage = await open()
    await storage.activities.append([event(1)])
    const { readonlyUrl } = storage.urls()
    if (readonlyUrl === null) throw new Error('no read-only account')
    expect(await ask(readonlyUrl, 'select source, zone, value from v_activities')).toEqual([
      { source: 'iot', zone: 'hall', value: 21.1 },
    ])
    await expect(ask(readonlyUrl, 'delete from activities')).rejects.toThrow(/permission denied|read-only/)
    const insisting = `${readonlyUrl}?options=${encodeURIComponent('-c default_transaction_read_only=off')}`
    await expect(ask(insisting, 'delete from activities')).rejects.toThrow(/permission denied/)
    await expect(ask(insisting, 'create temporary table mine (x int)')).rejects.toThrow(/permission denied/)
    await expect(ask(readonlyUrl, 'create table mine (x int)')).rejects.toThrow(/permission denied|read-only/)
  })

  it('writes one row a commit into batches, which covers its ids', async () => {
    storage = await open()
    const { batch } = await storage.activities.append([event(2), event(1)])
    expect(await ask(storage.url, 'select batch::int, min_id, max_id, rows from batches')).toEqual([
      { batch, min_id: event(1).id, max_id: event(2).id, rows: 2 },
    ])
  })

  it('loses and doubles nothing when its connections are cut again and again', async () => {
    storage = await open()
    let cutting = true
    const cut = (async () => {
      while (cutting) {
        await ask(
          storage.url,
          `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'daybook writer'`,
        )
        await wallClock.sleep(7)
      }
    })()
    let total = 0
    for (let n = 0; n < 150; n++) {
      for (;;) {
        let stored = 0
        const committed = storage.commit([event(n, { producer: 'desk', seq: n + 1 })], (appended) => {
          stored = appended.stored.size
          const outcome = stored > 0 ? 'stored' : 'duplicate'
          return { settlements: [{ producer: 'desk', source: 'iot', seq: n + 1, outcome }], rejected: [] }
        })
        const done = await committed.then(
          () => true,
          (error) => {
            expect(error.code).toBe('database_unavailable')
            return false
          },
        )
        if (!done) continue
        total += stored
        break
      }
    }
    cutting = false
    await cut
    expect(total).toBe(150)
    expect((await storage.ledger.accounting()).totals).toMatchObject({ received: 150, stored: 150, duplicates: 0 })
  })

  it.each([
    ['at once', 2],
    ['in a transaction', undefined],
  ])(
    'a commit %s whose answer is lost is not made twice, also when the database is away afterwards',
    async (_, seq) => {
      await using line = await breakableLine((await testPostgres()).url)
      storage = await open(line.url)
      const outcomes: string[] = []
      const commit = (n: number, numbered: number | undefined) =>
        storage.commit([event(n, { producer: 'desk', seq: numbered })], ({ stored }) => {
          const outcome = stored.size > 0 ? 'stored' : 'duplicate'
          outcomes.push(outcome)
          return { settlements: [{ producer: 'desk', source: 'iot', seq: numbered, outcome }], rejected: [] }
        })
      await commit(1, 1)
      // The names of the statements that commit, or are sent together with COMMIT.
      line.breakAtAnswerTo(/at once|note arrival/, 500)
      const receipts = await commit(2, seq)
      expect(line.broken).toBe(true)
      expect(receipts.get('desk')?.[0]?.upTo).toBe(seq)
      expect(outcomes).toEqual(['stored', 'stored'])
      expect((await storage.ledger.accounting()).totals).toMatchObject({ received: 2, stored: 2, duplicates: 0 })
    },
  )

  it('stores an id of another month than its timestamp, and refuses nobody else for it', async () => {
    storage = await open()
    const id = event(1, { timestamp: Date.UTC(2012, 3, 3) }).id
    expect(await storage.activities.insertActivity(event(1, { id }))).toBe(true)
    expect(await storage.activities.insertActivity(event(2))).toBe(true)
  })

  it('parks what fails for good, with the reason', async () => {
    storage = await open()
    await storage.activities.append([event(1)])
    const { queue } = storage.meaning
    for (let attempt = 1; attempt <= 5; attempt++) {
      await ask(storage.url, 'update enrichment_queue set due_at = now()')
      expect(await queue.claim('w')).toHaveLength(1)
      await queue.fail([event(1).id], `attempt ${attempt}`)
    }
    expect(await queue.stats()).toMatchObject({ error: 1, pending: 0 })
    expect(await ask(storage.url, 'select error from enrichment_queue')).toEqual([{ error: 'attempt 5' }])
  })

  it('passes over no commit when several write at once and a reader follows the order of arrival', async () => {
    storage = await open()
    const others = [await open(storage.url), await open(storage.url)]
    const writers = [storage, ...others]
    let writing = true
    const seen: string[] = []
    const reading = (async () => {
      let after: Arrival | null = null
      for (let last = false; ; last = !writing) {
        const page: { event: ActivityEvent; at: Arrival }[] = await storage.activities.getArrivals(after, 7)
        seen.push(...page.map(({ event: each }) => each.id))
        after = page.at(-1)?.at ?? after
        if (last && page.length === 0) return
      }
    })()
    const write = (writer: Storage, w: number) =>
      Promise.all(
        Array.from({ length: 60 }, (_, n) =>
          writer.activities.append([event(w * 1_000 + n), event(w * 1_000 + n + 500)]),
        ),
      )
    await Promise.all(writers.map(write))
    writing = false
    await reading
    expect(seen).toHaveLength(360)
    expect(new Set(seen).size).toBe(360)
  })

  it('tells watchers of commits by other processes', async () => {
    storage = await open()
    const other = await open(storage.url)
    const told = new Promise<void>((resolve) => other.watch(resolve))
    await storage.commit([event(1)], () => ({ settlements: [], rejected: [] }))
    await told
  })

  it('keeps the last value of a retained topic and clears by an empty one', async () => {
    storage = await open()
    const message = (topic: string, text: string) => ({ topic, payload: Buffer.from(text), qos: 1 as const })
    await storage.retained.keep([message('a', 'old'), message('b', 'x'), message('a', 'new')])
    await storage.retained.keep([message('b', ''), message('c', NOON.toString())])
    expect((await storage.retained.load()).map((each) => [each.topic, each.payload.toString()]).sort()).toEqual([
      ['a', 'new'],
      ['c', NOON.toString()],
    ])
  })

  it('says database_unavailable when there is no server', async () => {
    await expect(open('postgres://daybook:x@127.0.0.1:1/daybook')).rejects.toMatchObject({
      code: 'database_unavailable',
    })
  })
})
