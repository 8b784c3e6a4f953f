// What is remembered of each transcript between two looks and over restarts: how far it was read, what it added up to, what
// of it was copied. Not for: files, or when to look (keeper.ts).
import type { BridgeState } from '../../bridge.ts'
import type { Place } from './reader.ts'
import type { Run } from './runs.ts'
import type { Totals } from './totals.ts'

export interface Entry {
  path: string
  session: string
  /** The `activityId` of what it is the transcript of. */
  activity: string
  agent?: string | undefined
  /** The runs that it tells of and whose sums are not all told, the last one `activity`. */
  runs?: Run[] | undefined
  place?: Place | undefined
  totals?: Totals | undefined
  /** The last copy: what the file was then, when it was made, epoch ms; no id: it could not be kept. */
  copied?: { id?: string; size: number; changedAt: number; at: number } | undefined
  /** It is to be looked at by then, epoch ms. */
  dueAt?: number | undefined
  /** A turn has ended: it is to be copied when its time has come. */
  wanted?: boolean | undefined
  /** What it is of has ended, as a hook said. */
  ended?: boolean | undefined
  /** Something was told as `enriched`: what follows must rank as high. */
  enriched?: boolean | undefined
  /** Looks that found no file, one after the other. */
  missing?: number | undefined
  /** What was told of prompts, by id. */
  told?: Record<string, string> | undefined
  /** When a hook or a look last found it alive, epoch ms. */
  aliveAt: number
}

/** What was copied of a transcript that nobody looks at of themselves any more. */
export type Copied = NonNullable<Entry['copied']>

const PREFIX = 'transcript/'
const COPIED = 'copied/'
/** Beyond these the one that was alive longest ago is forgotten. */
const MOST = 1_000

export function createBook(state: BridgeState) {
  const entries = new Map<string, Entry>()
  for (const key of state.keys(PREFIX)) {
    const entry = state.get<Entry>(key)
    if (entry) entries.set(entry.path, entry)
  }
  const forget = (path: string) => {
    entries.delete(path)
    state.delete(PREFIX + path)
  }
  return {
    get: (path: string) => entries.get(path),
    all: () => [...entries.values()],
    ofSession: (session: string) => [...entries.values()].filter((entry) => entry.session === session),
    save(entry: Entry): void {
      const isNew = !entries.has(entry.path)
      entries.set(entry.path, entry)
      state.set(PREFIX + entry.path, entry)
      if (!isNew || entries.size <= MOST) return
      const [oldest] = [...entries.values()].sort((a, b) => a.aliveAt - b.aliveAt)
      if (oldest) forget(oldest.path)
    },
    forget,
    /** What was copied of it last, also long ago. */
    copied: (path: string) => entries.get(path)?.copied ?? state.get<Copied>(COPIED + path),
    /** Remembers of a transcript that has ended what was copied of it, and nothing else. */
    retire(path: string, copied: Copied | undefined): void {
      forget(path)
      if (copied) state.set(COPIED + path, copied)
    },
    /** Forgets copies that were made of what was written from `since` to `until`; how many. */
    forgetCopied(since: number, until: number): number {
      const gone = state.keys(COPIED).filter((key) => {
        const at = state.get<Copied>(key)?.changedAt ?? 0
        return at >= since && at < until
      })
      for (const key of gone) state.delete(key)
      return gone.length
    },
  }
}

export type Book = ReturnType<typeof createBook>
