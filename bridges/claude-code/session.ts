// What is remembered of one session between its hooks: where it runs, since when, and what is open in it. Not for: what is
// told of it (tell.ts, translate.ts). Plain values, kept in the bridge's state.

/** Something that began and has not ended. */
export interface Open {
  type: 'prompt' | 'tool' | 'subagent' | 'compaction' | 'task'
  /** Epoch ms. */
  at: number
  summary: string
  cause?: string | undefined
  agent?: string | undefined
  tool?: string | undefined
}

export interface Session {
  id: string
  source: string
  /** The `activityId` of this run: a session that is resumed begins another one. */
  key: string
  /** When this run began and when it last told something, epoch ms. */
  startedAt: number
  lastAt: number
  /** When it ended; absent while it runs. */
  endedAt?: number | undefined
  /** A hook told that it ended. */
  endTold?: boolean | undefined
  /** How many runs of it are known. */
  runs: number
  cwd?: string | undefined
  project?: string | undefined
  branch?: string | undefined
  model?: string | undefined
  transcript?: string | undefined
  /** The key of the prompt that is worked on, or was last. */
  prompt?: string | undefined
  promptAt?: number | undefined
  /** By key. */
  open: Record<string, Open>
  /** Hashes of what was told in the last seconds, with its time: a hook that runs twice is told once. */
  recent: Record<string, number>
  counts: { prompts: number; tools: number; failures: number }
  /** It was paused: what ends now may have begun in the pause and is not told. */
  blind?: boolean | undefined
}

/** What is open in one session at most; beyond it the oldest is forgotten. */
const OPEN_MOST = 200
const RECENT_MOST = 64

export function newSession(id: string, source: string, key: string, at: number, runs = 0): Session {
  const counts = { prompts: 0, tools: 0, failures: 0 }
  return { id, source, key, startedAt: at, lastAt: at, runs: runs + 1, open: {}, recent: {}, counts }
}

export function openIn(session: Session, key: string, open: Open): void {
  session.open[key] = open
  const [oldest] = Object.keys(session.open)
  if (Object.keys(session.open).length > OPEN_MOST && oldest !== undefined) delete session.open[oldest]
}

/** What was open under this key, which it is no more. */
export function closeIn(session: Session, key: string): Open | undefined {
  const open = session.open[key]
  delete session.open[key]
  return open
}

/** True if the same was told within `within` ms; remembers it. */
export function repeated(session: Session, hash: string, at: number, within: number): boolean {
  const before = session.recent[hash]
  if (before !== undefined && Math.abs(at - before) <= within) return true
  session.recent[hash] = at
  const fresh = Object.entries(session.recent).filter(([, time]) => Math.abs(at - time) <= within)
  session.recent = Object.fromEntries(fresh.slice(-RECENT_MOST))
  return false
}
