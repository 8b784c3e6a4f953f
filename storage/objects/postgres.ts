// Payloads in the database itself, in rows of a chunk each: for houses that want one thing to back up, and the first
// place of data that comes in unmoved. Not for: entering objects (../catalogue.ts), or those within a batch
// (../postgres/commit.ts).
import { Readable } from 'node:stream'
import { z } from 'zod'
import { isObjectId } from '../../schemas/content-ref.ts'
import { DaybookError } from '../../schemas/errors.ts'
import { translateError } from '../postgres/connection.ts'
import { CHUNK, keepChunk } from '../postgres/objects.ts'
import { defineStore, type StoreContext } from './driver.ts'
import { limited } from './limited.ts'
import type { ByteRange, ObjectStore, Payload } from './object-store.ts'
import { verified } from './payload.ts'

export const postgres = defineStore({
  storage: 'postgres',
  title: 'the database',
  config: z.strictObject({}),
  create: (_, context) => postgresStore(context),
})

/** Others wait, so that slow payloads leave connections to everyone else. */
const PUTS = 2

export function postgresStore({ pool, space }: Pick<StoreContext, 'pool' | 'space'>): ObjectStore {
  const turn = limited(PUTS)

  async function keep(payload: Payload): Promise<void> {
    const chunks = chunked(payload)
    const first = (await chunks.next()).value ?? Buffer.alloc(0)
    // One chunk is one statement: its bytes were verified before it came.
    if (payload.size <= CHUNK) return void (await database(() => keepChunk(pool(), space, payload.id, 0, first)))
    const client = await database(() => pool().connect())
    let broken: Error | undefined
    try {
      await database(() => client.query('begin'))
      // Whoever puts the same bytes waits here for us, or we for him.
      let sending = database(() => keepChunk(client, space, payload.id, 0, first))
      for (let index = 1; ; index++) {
        // The next chunk is read and hashed while the last one is on its way.
        const [{ value }, fresh] = await Promise.all([chunks.next(), sending])
        if (!value || !fresh) break
        sending = database(() => keepChunk(client, space, payload.id, index, value))
      }
      await database(() => client.query('commit'))
    } catch (error) {
      await client.query('rollback').catch((thrown) => {
        broken = thrown
      })
      throw error
    } finally {
      client.release(broken)
      await chunks.return(undefined)
    }
  }

  async function read(id: string, index: number): Promise<Buffer> {
    const text = 'select bytes from object_bytes where space = $1 and id = $2 and chunk = $3'
    const { rows } = await database(() =>
      pool().query<{ bytes: Buffer }>({ name: 'object read', text, values: [space, id, index] }),
    )
    if (!rows[0]) throw new DaybookError('object_missing', `postgres:${id}`)
    return rows[0].bytes
  }

  /** Of the whole: all chunks but the last are full, and the length of one is read without its bytes. */
  async function sizeOf(id: string): Promise<number> {
    const text = `select chunk, octet_length(bytes) as length from object_bytes where space = $1 and id = $2
      order by chunk desc limit 1`
    const { rows } = await database(() =>
      pool().query<{ chunk: number; length: number }>({ name: 'object size', text, values: [space, id] }),
    )
    if (!rows[0]) throw new DaybookError('object_missing', `postgres:${id}`)
    return rows[0].chunk * CHUNK + rows[0].length
  }

  /** From the second on: the first was read to know that they are there. */
  async function* reading(id: string, { start, end }: ByteRange, first: Buffer): AsyncGenerator<Buffer> {
    const last = Math.floor(end / CHUNK)
    let coming = Promise.resolve(first)
    for (let index = Math.floor(start / CHUNK); index <= last; index++) {
      const bytes = await coming
      if (index < last) {
        // On its way while this one is taken; a failure is told when it is waited for.
        coming = read(id, index + 1)
        coming.catch(() => {})
      }
      yield bytes.subarray(Math.max(0, start - index * CHUNK), end + 1 - index * CHUNK)
    }
  }

  return {
    storage: 'postgres',

    async put(payload) {
      if (!isObjectId('postgres', payload.id)) throw new DaybookError('object_damaged', `${payload.id} is no SHA-256.`)
      await turn(() => keep(payload))
    },

    async get(id, range) {
      const index = range ? Math.floor(range.start / CHUNK) : 0
      const first = await read(id, index)
      const size = index === 0 && first.length < CHUNK ? first.length : await sizeOf(id)
      const wanted = range ?? { start: 0, end: size - 1 }
      return { size, bytes: Readable.from(reading(id, wanted, first), { objectMode: false }) }
    },

    async has(id) {
      const { rows } = await database(() =>
        pool().query('select from object_bytes where space = $1 and id = $2 and chunk = 0', [space, id]),
      )
      return rows.length > 0
    },

    async delete(id) {
      await database(() => pool().query('delete from object_bytes where space = $1 and id = $2', [space, id]))
    },

    async check() {
      await database(() => pool().query('select from object_bytes limit 1'))
    },

    // Unfinished puts are transactions: nothing of them is left.
    async open() {},
    async close() {},
  }
}

/** Chunks of one size; the last one comes when all of it is verified. */
async function* chunked(payload: Payload): AsyncGenerator<Buffer, undefined> {
  let held: Uint8Array[] = []
  let length = 0
  for await (const piece of verified({ ...payload, open: () => pieces(payload) })) {
    const fits = CHUNK - length
    if (piece.length <= fits) {
      held.push(piece)
      length += piece.length
      continue
    }
    yield joined(fits > 0 ? [...held, piece.subarray(0, fits)] : held)
    held = [piece.subarray(fits)]
    length = piece.length - fits
  }
  if (length > 0) yield joined(held)
  return undefined
}

/** None longer than a chunk, so that what comes at once is not hashed at once, but while chunks before it are sent. */
async function* pieces(payload: Payload): AsyncGenerator<Uint8Array> {
  for await (const piece of payload.open()) {
    for (let at = 0; at < piece.length; at += CHUNK) yield piece.subarray(at, at + CHUNK)
  }
}

/** Without a copy, if there is only one. */
function joined(held: readonly Uint8Array[]): Buffer {
  const [first] = held
  if (held.length !== 1 || !first) return Buffer.concat(held)
  return Buffer.from(first.buffer, first.byteOffset, first.length)
}

async function database<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (thrown) {
    const error = translateError(thrown)
    if (error.code !== 'database_unavailable') throw error
    // A login that is not let in, or rights and tables that are not there.
    const refused = /^(28|42)/.test((thrown as { code?: string }).code ?? '')
    throw new DaybookError(refused ? 'objects_refused' : 'objects_unavailable', error.detail, { cause: thrown })
  }
}
