// An ActivityWatch server that is not ours, asked over HTTP: its buckets, their events, their exports. Answers are bounded
// in time and size. Not for: what is made of them (follow.ts, import.ts).
import { DaybookError } from '../../schemas/errors.ts'
import type { NewBucket } from './store/buckets.ts'
import { readBucket, readEvent, type WireEvent } from './wire.ts'

const ASK_MS = 30_000
const MOST_ANSWER = 64 * 1024 * 1024

export interface RemoteBucket {
  bucket: NewBucket
  /** As it says itself, for telling whether anything happened; undefined where a server says none. */
  updated: string | undefined
}

export type AwServer = ReturnType<typeof createAwServer>

/** `base` as in `http://127.0.0.1:5600`. Everything rejects with `source_unreachable`. */
export function createAwServer(base: string, apiKey = '') {
  const root = `${base.replace(/\/+$/, '')}/api/0`
  const headers = apiKey === '' ? {} : { authorization: `Bearer ${apiKey}` }

  async function ask(path: string, signal: AbortSignal): Promise<Response> {
    try {
      const answer = await fetch(root + path, { headers, signal, redirect: 'follow' })
      if (answer.ok) return answer
      await answer.body?.cancel()
      throw new Error(`${path} is answered ${answer.status}`)
    } catch (error) {
      const { message, cause } = error as Error
      const why = cause instanceof Error && 'code' in cause ? `${message} (${cause.code})` : message
      throw new DaybookError('source_unreachable', `${base}: ${why}.`, { cause: error })
    }
  }

  async function json(path: string, signal: AbortSignal): Promise<unknown> {
    const answer = await ask(path, AbortSignal.any([signal, AbortSignal.timeout(ASK_MS)]))
    const pieces: Uint8Array[] = []
    let size = 0
    try {
      for await (const piece of answer.body ?? []) {
        size += piece.length
        if (size > MOST_ANSWER) throw new Error(`${path}: more than ${MOST_ANSWER} bytes`)
        pieces.push(piece)
      }
      return JSON.parse(Buffer.concat(pieces).toString('utf8'))
    } catch (error) {
      throw new DaybookError('source_unreachable', `${base}: ${(error as Error).message}.`, { cause: error })
    }
  }

  return {
    base,
    async buckets(signal: AbortSignal): Promise<RemoteBucket[]> {
      const given = Object(await json('/buckets/', signal)) as Record<string, unknown>
      return Object.entries(given).flatMap(([id, value]) => {
        const bucket = readBucket(id, value)
        const { last_updated, metadata } = Object(value) as Record<string, unknown>
        const updated = last_updated ?? Object(metadata).end
        return bucket ? [{ bucket, updated: typeof updated === 'string' ? updated : undefined }] : []
      })
    },
    /** Oldest first. `start` in µs: events that began before it come cut off there, so ask for some more and leave them. */
    async events(bucket: string, range: { start?: number; end?: number; limit?: number }, signal: AbortSignal) {
      const asked = new URLSearchParams()
      if (range.start !== undefined) asked.set('start', new Date(range.start / 1000).toISOString())
      if (range.end !== undefined) asked.set('end', new Date(range.end / 1000).toISOString())
      if (range.limit !== undefined) asked.set('limit', String(range.limit))
      const given = await json(`/buckets/${encodeURIComponent(bucket)}/events?${asked}`, signal)
      const events = Array.isArray(given) ? given.flatMap((one): WireEvent[] => [readEvent(one) ?? []].flat()) : []
      return events.sort((a, b) => a.start - b.start || (a.id ?? 0) - (b.id ?? 0))
    },
    /** The whole bucket as an export, piece by piece. */
    async *exported(bucket: string, signal: AbortSignal): AsyncGenerator<Uint8Array> {
      const answer = await ask(`/buckets/${encodeURIComponent(bucket)}/export`, signal)
      yield* answer.body ?? []
    },
  }
}
