// Reads an export of ActivityWatch's buckets piece by piece, however large: what aw-server, aw-server-rust and the
// Android app write. Not for: storing it (importing.ts), or what its fields mean (wire.ts).
import { JSONParser } from '@streamparser/json'
import { DaybookError } from '../../../schemas/errors.ts'

const BATCH = 1000
/** Events that wait for the description of their bucket, which some exports write after them. */
const MOST_WAITING = 500_000
/** Bytes in which neither an event nor a description ends: whatever it is, it is no export, and would be held whole. */
const MOST_UNKNOWN = 32 * 1024 * 1024
const DESCRIPTION = ['id', 'type', 'client', 'hostname', 'name', 'created', 'data']
const NEEDED = ['type', 'client', 'hostname']

/** The detail of the error for what has none. */
export const NO_BUCKETS = 'An export has a field "buckets".'

/** Some events of one bucket; of an empty one there is one batch without events. */
export interface ExportBatch {
  /** The bucket's key in the file. */
  key: string
  /** Its description as far as it stands before these events; whole once it has type, client and hostname. */
  bucket: Record<string, unknown>
  events: unknown[]
}

/** Throws `not_json` for what is no JSON, `invalid` for what is no export, and what the pieces throw. */
export async function* readExport(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<ExportBatch> {
  const fields = DESCRIPTION.map((field) => `$.buckets.*.${field}`)
  const parser = new JSONParser({
    paths: ['$.buckets', '$.buckets.*', '$.buckets.*.events.*', ...fields],
    keepStack: false,
  })
  let ready: ExportBatch[] = []
  let current: ExportBatch | undefined
  let found = false
  let any = false
  let unknown = 0

  function in_(key: string): ExportBatch {
    if (current?.key !== key) current = { key, bucket: {}, events: [] }
    return current
  }
  function hand(batch: ExportBatch): void {
    ready.push(batch)
    current = { ...batch, events: [] }
  }
  parser.onValue = ({ value, key, parent, stack }) => {
    const name = String(stack[2]?.key)
    unknown = 0
    // The parser would keep them all until the end of the bucket.
    if (stack.length === 4 && Array.isArray(parent)) parent.length = 0
    if (stack.length === 4) {
      const batch = in_(name)
      batch.events.push(value)
      if (batch.events.length >= MOST_WAITING) throw new DaybookError('invalid', `${name}: its type stands nowhere.`)
      if (batch.events.length >= BATCH && NEEDED.every((field) => field in batch.bucket)) hand({ ...batch })
    } else if (stack.length === 3) in_(name).bucket[String(key)] = value
    else if (stack.length === 2) {
      any = true
      hand({ ...in_(String(key)) })
      current = undefined
    } else {
      const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
      if (!isObject && !any) throw new DaybookError('invalid', 'buckets: an object with a bucket under each id.')
      found = true
    }
  }

  try {
    for await (const piece of pieces) {
      unknown += piece.byteLength
      parser.write(piece)
      if (unknown > MOST_UNKNOWN) throw new DaybookError('invalid', `${unknown} bytes of it are no events.`)
      yield* ready
      ready = []
    }
    if (!parser.isEnded) throw new DaybookError('not_json', 'It ends in the middle.')
  } catch (error) {
    if (error instanceof Error && !(error instanceof DaybookError)) throw new DaybookError('not_json', error.message)
    throw error
  }
  if (!found) throw new DaybookError('invalid', NO_BUCKETS)
}
