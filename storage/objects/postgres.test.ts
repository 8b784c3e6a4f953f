// The contract over Postgres, and what only there can happen: a line that breaks, rights that are missing.
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import type pg from 'pg'
import { describe, expect, test } from 'vitest'
import { testPostgres } from '../../test/postgres.ts'
import { storageOn } from '../../test/storage.ts'
import { createPool } from '../postgres/connection.ts'
import { objectStoreContract, type StoreOnTrial } from './object-store.contract.ts'
import { payloadOf, promised } from './payload.ts'
import { postgresStore } from './postgres.ts'

const MB = 1024 * 1024
const INSIDE = `select id, count(*)::int = max(chunk) + 1 as whole from object_bytes group by id order by id`

async function onTrial(): Promise<StoreOnTrial & { pool: pg.Pool }> {
  const database = await testPostgres()
  const storage = await storageOn(database.url)
  const pool = storage.pool()
  const store = postgresStore({ pool: () => pool, space: 'home' })

  const elsewhere = (change: (url: URL) => void) => {
    const url = new URL(database.url)
    change(url)
    const other = createPool(url.href, 'daybook', () => {})
    return { store: postgresStore({ pool: () => other, space: 'home' }), end: () => other.end() }
  }

  return {
    store,
    pool,
    // With each megabyte the parser of the wire leaves ten to the collector; it keeps none of them.
    holds: 16 * MB,
    async inside() {
      const { rows } = await pool.query<{ id: string; whole: boolean }>(INSIDE)
      const ids = (whole: boolean) => rows.filter((row) => row.whole === whole).map(({ id }) => id)
      return { objects: ids(true), leftovers: ids(false) }
    },
    async end() {
      await storage.stop()
      await database.stop()
    },
    async away() {
      const line = await closedLine(database.url)
      const { store: away, end } = elsewhere((url) => {
        url.port = String(line.port)
      })
      const ending = async () => {
        await end()
        line.close()
      }
      return { store: away, back: line.open, end: ending }
    },
    async refused() {
      const role = `stranger_${randomBytes(6).toString('hex')}`
      await pool.query(`create role ${role} login password 'stranger'`)
      const { store: refused, end } = elsewhere((url) => {
        url.username = role
        url.password = 'stranger'
      })
      return {
        store: refused,
        says: /permission denied for table object_bytes/,
        mend: async () => void (await pool.query(`grant select, insert, delete on object_bytes to ${role}`)),
        async end() {
          await end()
          await pool.query(`drop owned by ${role}; drop role ${role}`)
        },
      }
    },
    async killMidway() {
      const payload = payloadOf(randomBytes(5 * MB))
      const open = async function* () {
        for await (const bytes of payload.open()) {
          yield bytes.subarray(0, 3 * MB)
          // Its session ends as it does with its process.
          const { rows } = await pool.query(
            `select pg_terminate_backend(pid) from pg_stat_activity
             where datname = current_database() and xact_start is not null and pid <> pg_backend_pid()`,
          )
          expect(rows).toHaveLength(1)
          yield bytes.subarray(3 * MB)
        }
      }
      await expect(store.put(promised(payload, open))).rejects.toMatchObject({ code: 'objects_unavailable' })
    },
  }
}

/** A port where nobody answers until it is opened to a server. */
async function closedLine(target: string) {
  const sockets = new Set<Socket>()
  const server = createServer((near) => {
    const far = connect(Number(new URL(target).port), '127.0.0.1')
    for (const socket of [near, far]) {
      sockets.add(socket)
      socket.on('error', () => {})
    }
    near.pipe(far).pipe(near)
  })
  const listen = (port: number) => once(server.listen(port, '127.0.0.1'), 'listening')
  await listen(0)
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return {
    port,
    open: async () => void (await listen(port)),
    close() {
      for (const socket of sockets) socket.destroy()
      server.close()
    },
  }
}

describe('the contract', () => objectStoreContract(onTrial))

test('slow puts leave connections to everyone else', async () => {
  const { store, pool, end } = await onTrial()
  const payload = payloadOf(randomBytes(3 * MB))
  let go = () => {}
  const gone = new Promise<void>((resolve) => {
    go = resolve
  })
  const open = async function* () {
    for await (const bytes of payload.open()) {
      yield bytes.subarray(0, 2 * MB)
      await gone
      yield bytes.subarray(2 * MB)
    }
  }
  const putting = Array.from({ length: 20 }, () => store.put(promised(payload, open)))
  const held = async () => (await pool.query(`select 'served' as answer`)).rows
  for (let n = 0; n < 20; n++) expect(await held()).toEqual([{ answer: 'served' }])
  go()
  await Promise.all(putting)
  expect((await store.get(payload.id)).size).toBe(3 * MB)
  await end()
})

test('an object that goes while it is read breaks the stream off', async () => {
  const { store, end } = await onTrial()
  const payload = payloadOf(randomBytes(6 * MB))
  await store.put(payload)
  const { bytes } = await store.get(payload.id)
  const reading = (async () => {
    let first = true
    for await (const _ of bytes) {
      if (first) await store.delete(payload.id)
      first = false
    }
  })()
  await expect(reading).rejects.toMatchObject({ code: 'object_missing' })
  await end()
})
