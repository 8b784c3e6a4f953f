// The statements that enter objects, shared by puts, by batches that bring their payloads, and by moves. Not for: when
// that is right (catalogue.ts), or the bytes of streams (../objects/postgres.ts).
import type pg from 'pg'
import type { ObjectEntry } from '../catalogue.ts'
import type { InlinePayload } from '../storage.ts'
import { onLine } from './connection.ts'

/** Bytes in a row of `object_bytes`: a range is read by rows, and memory holds few of them. */
export const CHUNK = 512 * 1024

/** An object whose first bytes are on their way: asked for if they have not come in a minute. */
const coming = `insert into objects as o (space, storage, id, state, size, media_type, name, due_at)
  values ($1, $2, $3, 'coming', $4, $5, $6, clock_timestamp() + interval '1 minute')
  on conflict (space, storage, id) do update set touched_at = clock_timestamp(), condemned_at = null`

const kept = `insert into objects as o (space, storage, id, state, size, media_type, name)
  values ($1, $2, $3, 'kept', $4, $5, $6)
  on conflict (space, storage, id) do update set state = 'kept', size = excluded.size,
    media_type = coalesce(excluded.media_type, o.media_type), name = coalesce(excluded.name, o.name),
    touched_at = clock_timestamp(), condemned_at = null, moved_to = null, due_at = null, asked = 0`

const values = (space: string, { storage, id, size, mediaType, name }: ObjectEntry) => [
  space,
  storage,
  id,
  size,
  mediaType ?? null,
  name ?? null,
]

/** Before the bytes: from here on a sweep will find what a broken put leaves. */
export async function enterComing(client: pg.Client, space: string, object: ObjectEntry): Promise<void> {
  await client.query({ name: 'object coming', text: coming, values: values(space, object) })
}

/** When the bytes are there. */
export async function enterKept(client: pg.Client, space: string, object: ObjectEntry): Promise<void> {
  await client.query({ name: 'object kept', text: kept, values: values(space, object) })
}

/** Each once, in id order, which every transaction takes them in. */
export function sortedPayloads(payloads: readonly InlinePayload[]): InlinePayload[] {
  return [...new Map(payloads.map((payload) => [payload.id, payload])).values()].sort((a, b) => (a.id < b.id ? -1 : 1))
}

/**
 * Keeps payloads here, within a transaction. The row comes first: under its lock no sweep and no move can be taking the
 * bytes away.
 */
export async function keepPayloads(client: pg.Client, space: string, payloads: readonly InlinePayload[]) {
  await onLine(
    client,
    payloads.flatMap(({ bytes, ...entry }) => [
      () => enterKept(client, space, { ...entry, storage: 'postgres' }),
      ...chunksOf(bytes).map((chunk, index) => () => keepChunk(client, space, entry.id, index, chunk)),
    ]),
  )
}

/** False if it is there. */
export async function keepChunk(
  client: Pick<pg.Client, 'query'>,
  space: string,
  id: string,
  index: number,
  bytes: Buffer,
) {
  const { rowCount } = await client.query({
    name: 'object chunk',
    text: 'insert into object_bytes (space, id, chunk, bytes) values ($1, $2, $3, $4) on conflict do nothing',
    values: [space, id, index, bytes],
  })
  return rowCount === 1
}

/** At least one: also an object of no bytes is there. */
function chunksOf(bytes: Buffer): Buffer[] {
  const count = Math.max(1, Math.ceil(bytes.length / CHUNK))
  return Array.from({ length: count }, (_, index) => bytes.subarray(index * CHUNK, (index + 1) * CHUNK))
}
