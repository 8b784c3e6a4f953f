// Brings in heartbeats of the past: a data dump of WakaTime, an export of Wakapi, or a server of either kind, with the ids
// that live capture gave or would have given. Not for: how each is read (dump.ts, remote.ts), or what is told (teller.ts).
import { DaybookError } from '../../schemas/errors.ts'
import type { BridgeHost, ImportProgress, ImportRange } from '../bridge.ts'
import type { WakatimeConfig } from './config.ts'
import { heartbeatsInFile } from './dump.ts'
import { heartbeatsOf } from './remote.ts'
import type { Taking } from './taking.ts'
import type { Teller } from './teller.ts'

const BATCH = 250

export interface ImportParts {
  host: BridgeHost<WakatimeConfig>
  taking: Taking
  teller: Teller
  /** Filled with the lanes that are written into, so that nothing of them is told before all is read. */
  importing: Set<string>
  range: ImportRange
  progress: (at: ImportProgress) => void
  signal: AbortSignal
}

/** Rejects with `invalid`, `not_found` or `source_unreachable`. What was read before that stays, and is told. */
export async function importHeartbeats(parts: ImportParts): Promise<void> {
  const { host, taking, teller, importing, range, progress, signal } = parts
  const { from, since, until } = range
  if (from === undefined)
    throw new DaybookError('invalid', 'from: name a data dump, a CSV, or a server: http://KEY@host/api/v1.')
  const isRemote = /^https?:/.test(from)
  const what = isRemote ? `heartbeats of ${new URL(from).host}` : 'heartbeats'
  const at: ImportProgress = { what, at: since, read: 0, emitted: 0 }
  const batches = isRemote
    ? heartbeatsOf(from, { since, until, clock: host.clock, signal })
    : heartbeatsInFile(from, BATCH, signal)
  try {
    for await (const batch of batches) {
      const taken = taking.take(batch, { userAgent: '', machine: '' }, { imported: { since, until } })
      for (const { how, lane } of taken) if (how === 'new' && lane !== undefined) importing.add(lane)
      at.read += batch.length
      at.at = Math.max(at.at, momentOf(batch.at(-1)) ?? at.at)
      progress({ ...at })
      if (signal.aborted) break
    }
  } finally {
    const lanes = new Set(importing)
    if (!signal.aborted) at.emitted += await teller.tell({ atOnce: true, only: lanes })
    importing.clear()
    progress({ ...at })
  }
}

/** Epoch ms. */
function momentOf(heartbeat: unknown): number | undefined {
  const seconds = Number(Object(heartbeat).time)
  return Number.isFinite(seconds) && seconds > 0 ? Math.floor(seconds * 1000) : undefined
}
