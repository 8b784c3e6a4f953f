// Reads and copies transcripts when hooks say that something has ended, and looks now and then for those of which no hook
// told. Not for: what is told of them (tell.ts), or the past (import.ts).
//
//   Stop, StopFailure ───┐           ┌─ read on ──▶ prompts: model, tokens
//   SubagentStop, End ───┼─▶ due ──▶─┤
//   grew, then rested ───┘           └─ copy, at most once a minute until it ends ──▶ contentRef
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { isAbsolute } from 'node:path'
import type { ContentRef } from '../../../schemas/content-ref.ts'
import { asDaybookError } from '../../../schemas/errors.ts'
import { keys } from '../keys.ts'
import { createBook, type Entry } from './book.ts'
import { takeCodexLine } from './codex.ts'
import { readLine } from './lines.ts'
import { createPauseLog, outsidePauses } from './pauses.ts'
import { readOn } from './reader.ts'
import { beginRuns, markOfRun, type Run, sharesOf } from './runs.ts'
import { markOf, tellPrompt, tellTranscript } from './tell.ts'
import { emptyTotals, takeLine } from './totals.ts'
import type { TranscriptNotice, TranscriptsParts } from './transcripts.ts'

/** So long after a hook its transcript is read: the program writes it at the same time. */
const SETTLE_MS = 1_000
/** A transcript that grows is copied at most so often: once a minute, and ten seconds later for each megabyte it has. */
const COPY_EACH_MS = 60_000
const COPY_EACH_MB_MS = 10_000
/** How often known transcripts are looked at of themselves, for how long after they were last alive, and how long one must
 * have rested before it is taken, ms. */
const LOOK_EACH_MS = 15_000
const ALIVE_MS = 24 * 3_600_000
const REST_MS = 30_000
/** A file that is not there is looked for again after 2 s, 4 s, ... so many times. */
const MISSING_MOST = 5
const RETRY_MS = 60_000
const PROMPTS_TOLD = 64
/** Runs of a session whose sums wait to be told. */
const RUNS_MOST = 50

const ends: ReadonlySet<string> = new Set(['SessionEnd', 'SubagentStop'])
const turns: ReadonlySet<string> = new Set(['Stop', 'StopFailure'])

/** What is said of a copy. */
export const copyAbout = (name: string) => ({ mediaType: 'application/x-ndjson', name })

export function createKeeper({ host, source }: Pick<TranscriptsParts, 'host' | 'source'>) {
  const { clock, log, state, space, privacy } = host
  const book = createBook(state)
  const pauses = createPauseLog(state)
  const end = new AbortController()
  const signal = AbortSignal.any([host.signal, end.signal])
  const counts = { transcriptsCopied: 0, transcriptsLost: 0, transcriptsTooLarge: 0 }
  const take = source === 'codex' ? takeCodexLine : takeLine
  let wake = new AbortController()
  let paused = false
  let lookedAt = clock.now()

  function notice({ event, session, path, agent, at, activity }: TranscriptNotice): void {
    if (!isAbsolute(path) || !path.endsWith('.jsonl')) return
    const own = activity ?? (agent === undefined ? keys.session(session) : keys.subagent(session, agent))
    const known = book.get(path)
    // A run that goes on with a session has its own key, and begins where this says.
    const run: Run = { activity: own, ...(agent === undefined && own !== keys.session(session) && { since: at }) }
    const entry: Entry = known ?? { path, session, activity: own, runs: [run], agent, aliveAt: at }
    const isNew = !known || entry.activity !== own
    entry.aliveAt = Math.max(entry.aliveAt, at)
    if (entry.activity !== own) {
      const runs = [...runsOf(entry), { ...run, since: at }].slice(-RUNS_MOST)
      Object.assign(entry, { activity: own, runs, enriched: undefined, ended: undefined })
    }
    const due = ends.has(event) || turns.has(event)
    if (event === 'SessionStart') entry.ended = undefined
    if (ends.has(event)) entry.ended = true
    if (due) Object.assign(entry, { dueAt: clock.now() + SETTLE_MS, wanted: true, missing: undefined })
    if (isNew || due) book.save(entry)
    if (due) wake.abort()
  }

  async function run(): Promise<void> {
    while (!signal.aborted) {
      wake = new AbortController()
      const now = clock.now()
      if (!paused) {
        if (now - lookedAt >= LOOK_EACH_MS) await lookAround(now)
        for (const entry of book.all()) {
          if (signal.aborted || paused) break
          if (entry.dueAt !== undefined && entry.dueAt <= clock.now()) await look(entry)
        }
      }
      const next = paused ? [] : book.all().flatMap(({ dueAt }) => dueAt ?? [])
      const wait = Math.min(LOOK_EACH_MS, ...next.map((dueAt) => dueAt - clock.now()))
      await clock.sleep(Math.max(wait, 10), AbortSignal.any([signal, wake.signal]))
    }
  }

  /** Of a session that was killed no hook tells. */
  async function lookAround(now: number): Promise<void> {
    lookedAt = now
    for (const entry of book.all()) {
      if (entry.dueAt !== undefined || signal.aborted) continue
      if (now - entry.aliveAt > ALIVE_MS) {
        book.retire(entry.path, entry.copied)
        continue
      }
      const is = await stat(entry.path).catch(() => undefined)
      if (!is || is.size === (entry.place?.offset ?? 0) || is.size === entry.copied?.size) continue
      if (now - is.mtimeMs < REST_MS) continue
      entry.aliveAt = Math.max(entry.aliveAt, is.mtimeMs)
      Object.assign(entry, { dueAt: now, wanted: true })
    }
  }

  /** Never throws: what fails is tried again, or counted. */
  async function look(entry: Entry): Promise<void> {
    const now = clock.now()
    entry.dueAt = undefined
    try {
      const changedAt = await read(entry)
      const { cwd } = entry.totals ?? {}
      if (cwd !== undefined && !privacy.allows({ path: cwd })) entry.wanted = undefined
      if (entry.wanted) tellPrompts(entry, now)
      if (entry.wanted) await copy(entry, changedAt, now)
    } catch (thrown) {
      failed(entry, thrown as NodeJS.ErrnoException, now)
    }
    if (book.get(entry.path) === entry && !signal.aborted) book.save(entry)
  }

  async function read(entry: Entry): Promise<number> {
    let totals = structuredClone(entry.totals) ?? emptyTotals()
    let runs = structuredClone(runsOf(entry))
    const begin = (anew: boolean) => {
      if (!anew) return
      totals = emptyTotals()
      runs = runs.map((run) => ({ ...run, before: undefined }))
    }
    const line = (text: string | undefined) => {
      const facts = text === undefined ? 'long' : readLine(text)
      const at = typeof facts === 'object' ? Date.parse(String(facts.timestamp)) : Number.NaN
      if (pauses.covers(at)) return
      beginRuns(runs, totals, at)
      take(totals, facts)
    }
    const { file, offset, changedAt } = await readOn(entry.path, entry.place, begin, line, signal)
    // A title is what somebody wrote, and is remembered here before anything is told.
    totals.titles = privacy.clean(totals.titles)
    Object.assign(entry, { place: { file, offset }, totals, runs: merged(runs, runsOf(entry)), missing: undefined })
    return changedAt
  }

  function tellPrompts(entry: Entry, now: number): void {
    const { totals, session } = entry
    const fresh = totals?.recentPrompts.filter(
      (prompt) => prompt.calls > 0 && entry.told?.[prompt.id] !== markOf(prompt),
    )
    if (!totals || entry.agent !== undefined || !fresh?.length) return
    host.emit(fresh.map((prompt) => tellPrompt(session, prompt, totals, { space, source, now })))
    const told = { ...entry.told, ...Object.fromEntries(fresh.map((prompt) => [prompt.id, markOf(prompt)])) }
    entry.told = Object.fromEntries(Object.entries(told).slice(-PROMPTS_TOLD))
  }

  /** The whole lines that were read, without those of pauses. */
  async function copy(entry: Entry, changedAt: number, now: number): Promise<void> {
    const { place, totals, copied, path } = entry
    if (!place || !totals || place.offset === 0) return
    const { offset: size } = place
    if (copied?.size === size && copied.changedAt === changedAt) {
      entry.wanted = undefined
      return
    }
    const nextAt = (copied?.at ?? 0) + COPY_EACH_MS + (size / 1e6) * COPY_EACH_MB_MS
    if (!entry.ended && copied && now < nextAt) {
      entry.dueAt = nextAt
      return
    }
    const kept = await keep(path, size, totals.firstAt ?? 0)
    if (paused) return
    entry.wanted = undefined
    entry.copied = { ...(kept && { id: kept.id }), size, changedAt, at: now }
    if (kept ? kept.id === copied?.id : !entry.ended) return
    const ended = entry.ended === true || entry.enriched === true
    entry.enriched = ended
    const agents =
      entry.agent === undefined ? book.ofSession(entry.session).flatMap((e) => (e.agent && e.totals) || []) : []
    const shares = sharesOf(runsOf(entry), totals)
    const told = shares.flatMap(({ run, totals: own, since, until }, index) => {
      const isLast = index === shares.length - 1
      const mark = markOfRun(own)
      if (!isLast && run.told === mark) return []
      run.told = mark
      const others = agents.filter(({ firstAt = 0 }) => firstAt >= since && firstAt < until)
      const whose = { ...entry, activity: run.activity }
      return [tellTranscript(whose, own, { copy: kept, ended: ended || !isLast, others }, { space, source, now })]
    })
    host.emit(told)
    entry.runs = runsOf(entry).slice(-1)
    if (kept) counts.transcriptsCopied++
  }

  /** Undefined: it is too large. */
  async function keep(path: string, size: number, firstAt: number): Promise<ContentRef | undefined> {
    const file = createReadStream(path, { end: size - 1, signal })
    const body = pauses.touches(firstAt, clock.now()) ? outsidePauses(file, pauses.covers) : file
    try {
      return await host.attachFile(body, copyAbout(path.split(/[\\/]/).at(-1) ?? 'transcript.jsonl'))
    } catch (thrown) {
      const { code, message } = asDaybookError(thrown)
      if (code !== 'too_large') throw thrown
      counts.transcriptsTooLarge++
      log.warn({ path, reason: message }, 'a transcript is too large to be copied')
      return undefined
    }
  }

  function failed(entry: Entry, error: NodeJS.ErrnoException, now: number): void {
    if (signal.aborted) return
    if (error.code !== 'ENOENT') {
      log.warn({ path: entry.path, reason: error.message }, 'a transcript could not be read or kept; it is tried again')
      entry.dueAt = now + RETRY_MS
      return
    }
    entry.missing = (entry.missing ?? 0) + 1
    if (entry.missing <= MISSING_MOST) entry.dueAt = now + SETTLE_MS * 2 ** entry.missing
    else {
      counts.transcriptsLost++
      entry.wanted = undefined
      log.warn({ path: entry.path }, 'a transcript is gone; what was copied of it stays')
    }
  }

  const running = run()
  return {
    notice,
    book,
    pauses,
    keep,
    signal,
    grewAt: (session: string) =>
      book.ofSession(session).reduce<number | undefined>((latest, { totals }) => {
        const at = totals?.lastAt
        return at === undefined ? latest : Math.max(latest ?? at, at)
      }, undefined),
    pause(now: boolean): void {
      paused = now
      pauses.set(now, clock.now())
      wake.abort()
    },
    forget(since: number, until: number): number {
      const gone = book
        .all()
        .filter(({ totals, aliveAt }) => (totals?.firstAt ?? aliveAt) < until && (totals?.lastAt ?? aliveAt) >= since)
      for (const { path } of gone) book.forget(path)
      return gone.length + book.forgetCopied(since, until)
    },
    figures: () => ({ transcripts: book.all().length, ...counts }),
    async close(): Promise<void> {
      end.abort()
      await running
    },
  }
}

const runsOf = ({ runs, activity }: Entry): Run[] => runs ?? [{ activity }]

/** What a reading found of runs; another may have begun meanwhile. */
function merged(read: readonly Run[], now: readonly Run[]): Run[] {
  return now.map((run) => ({ ...run, before: read.find(({ activity }) => activity === run.activity)?.before }))
}

export type Keeper = ReturnType<typeof createKeeper>
