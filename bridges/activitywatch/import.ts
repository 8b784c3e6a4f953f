// Brings in the past of an ActivityWatch server, or of an export of one: into our buckets, where aw-webui and queries look,
// and as activities with the ids that live capture gave or would have given. Never more than a piece of it is in memory.
// Not for: what is new at a server that we follow (follow.ts).
import { createReadStream } from 'node:fs'
import { DaybookError } from '../../schemas/errors.ts'
import type { BridgeHost, ImportProgress, ImportRange } from '../bridge.ts'
import type { Gate } from './admit.ts'
import { createAwServer } from './aw-server.ts'
import type { Live } from './live.ts'
import { readExport } from './server/export-file.ts'
import type { Bucket, Buckets, Draft } from './store/buckets.ts'
import { tell } from './translate.ts'
import { readBucket, readEvent } from './wire.ts'

/** Emitted and stored at a time: more would hold up what comes live. */
const CHUNK = 200
/** What a running server saw this recently may still grow there. */
const GROWS_US = 300e6

export interface ImportParts {
  host: BridgeHost<unknown>
  buckets: Buckets
  gate: Gate
  live: Pick<Live, 'isOpen' | 'toldElsewhere' | 'save'>
  /** A URL of a server, or the absolute path of an export. */
  from: string
  apiKey: string
  range: ImportRange
  progress: (at: ImportProgress) => void
  signal: AbortSignal
}

/** Rejects with `source_unreachable`, `not_found` for a file, `not_json`, `invalid` for what is no export, and `paused`. */
export async function importBuckets(parts: ImportParts): Promise<void> {
  const { host, buckets, gate, live, from, range, progress, signal } = parts
  const isServer = /^https?:/.test(from)
  const now = host.clock.now() * 1000
  const [since, until] = [range.since * 1000, range.until * 1000]
  const grownAt = isServer ? now - GROWS_US : now
  let [read, emitted] = [0, 0]
  const seen = new Set<string>()
  const asOf = buckets.cursor()

  /** The host drops what is emitted in a pause, also what is of before it. */
  function checkPause(): void {
    if (gate.paused()) throw new DaybookError('paused', 'Import again after `daybook pause off`.')
  }

  checkPause()
  for await (const { key, bucket: described, events } of isServer ? serverExports(parts) : readExport(fileOf(from))) {
    if (signal.aborted) return
    const given = readBucket(key, described)
    if (!given) continue
    const bucket: Bucket = { name: null, data: {}, created: now, ...given }
    seen.add(bucket.id)
    const meant = events.flatMap((value) => {
      const event = readEvent(value)
      const isMeant = event && event.start >= since && event.start < until && event.start + event.duration <= grownAt
      const { start = 0, duration = 0, data = {} } = event ?? {}
      return isMeant && !live.isOpen(bucket.id, start) ? (gate.admit({ start, duration, data }) ?? []) : []
    })
    // Of those that differ in their duration only, and so are one activity, the first that is told stays.
    meant.sort((a, b) => b.start - a.start || b.duration - a.duration)
    read += events.length
    if (events.length === 0) await buckets.import(given, [])
    for (let i = 0; i < meant.length && !signal.aborted; i += CHUNK) {
      const drafts: Draft[] = meant.slice(i, i + CHUNK)
      await host.room(signal)
      checkPause()
      const notifications = drafts.flatMap((event) => {
        const { start, duration, data } = event
        return tell({ bucket, event: { id: 0, start, data }, duration }, host.space) ?? []
      })
      host.emit(notifications)
      live.toldElsewhere(drafts)
      await buckets.import(given, drafts, asOf)
      live.save()
      emitted += notifications.length
      const at = Math.floor((drafts.at(-1)?.start ?? 0) / 1000)
      progress({ what: `events of ${counted(seen.size)}`, at: Math.max(0, at), read, emitted })
    }
  }
  progress({ what: `events of ${counted(seen.size)}`, at: host.clock.now(), read, emitted })
}

async function* serverExports({ from, apiKey, signal }: ImportParts) {
  const server = createAwServer(from, apiKey)
  for (const { bucket } of await server.buckets(signal)) yield* readExport(server.exported(bucket.id, signal))
}

async function* fileOf(path: string): AsyncGenerator<Uint8Array> {
  try {
    yield* createReadStream(path)
  } catch (error) {
    throw new DaybookError('not_found', `${path}: ${(error as Error).message}.`, { cause: error })
  }
}

function counted(buckets: number): string {
  return buckets === 1 ? '1 bucket' : `${buckets} buckets`
}
