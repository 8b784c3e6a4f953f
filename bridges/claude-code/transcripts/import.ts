// Brings in the past of transcripts: each becomes what its hooks would have told, with the same ids, and is copied. Not for:
// transcripts that still grow, which the keeper follows.
import { DaybookError } from '../../../schemas/errors.ts'
import type { ImportProgress, ImportRange, Notification } from '../../bridge.ts'
import { keys } from '../keys.ts'
import { createCodexPast, takeCodexLine } from './codex.ts'
import { type Found, type FoundSession, findTranscripts } from './find.ts'
import type { Keeper } from './keeper.ts'
import { readLine } from './lines.ts'
import { createPast, type Past, type PastOf } from './past.ts'
import { readOn } from './reader.ts'
import { beginRuns, type Run, sharesOf } from './runs.ts'
import { tellTranscript } from './tell.ts'
import { emptyTotals, type Totals, takeLine } from './totals.ts'
import type { TranscriptsParts } from './transcripts.ts'

/** What was written within this may go on: it is left to the hooks, and to the next import. */
const RESTED_MS = 30 * 60_000
const AT_ONCE = 50

export async function importTranscripts(
  { host, known, source, folder, translate }: TranscriptsParts,
  keeper: Pick<Keeper, 'book' | 'keep'>,
  { since, until, from = folder }: ImportRange,
  progress: (at: ImportProgress) => void,
  signal: AbortSignal,
): Promise<void> {
  const { clock, space } = host
  const isCodex = source === 'codex'
  if (from === undefined) {
    throw new DaybookError(
      'invalid',
      'from: where transcripts lie is not known; --from says it, as in --from ~/.claude/projects.',
    )
  }
  const sessions = await findTranscripts(from, signal)
  const counts = { read: 0, emitted: 0 }
  let waiting: Notification[] = []

  async function flush(): Promise<void> {
    await host.room(signal)
    if (signal.aborted) return
    host.emit(waiting)
    counts.emitted += waiting.length
    waiting = []
  }

  async function tell(past: readonly Past[]): Promise<void> {
    for (const [hook, at] of past) if (at >= since && at < until) waiting.push(...translate(hook, at))
    if (waiting.length >= AT_ONCE) await flush()
  }

  /** Undefined: it says that it lies where nobody may look. */
  async function read({ path }: Found, whose: PastOf, runs: readonly Run[] = []) {
    const past = (isCodex ? createCodexPast : createPast)(whose)
    const totals = emptyTotals()
    const seen = { allowed: true }
    const take = (text: string | undefined): void | Promise<void> => {
      counts.read++
      const facts = text === undefined ? 'long' : readLine(text)
      if (typeof facts === 'object') beginRuns(runs, totals, Date.parse(String(facts.timestamp)))
      const add = isCodex ? takeCodexLine : takeLine
      add(totals, facts)
      if (typeof facts !== 'object' || !seen.allowed) return
      seen.allowed = totals.cwd === undefined || host.privacy.allows({ path: totals.cwd })
      const told = seen.allowed ? past.take(facts) : []
      if (told.length > 0) return tell(told)
    }
    const { offset } = await readOn(path, undefined, () => {}, take, signal)
    if (seen.allowed) await tell(past.end(true))
    return { past, totals, offset, allowed: seen.allowed }
  }

  /** `runs`: each is told what it added up to, with what the `others` did in it. */
  async function copy(found: Found, size: number, totals: Totals, whose: PastOf, runs: Run[], others: Totals[]) {
    const { changedAt, path } = found
    const copied = keeper.book.copied(path)
    const at = totals.lastAt ?? 0
    if (size === 0 || at < since || at >= until || (copied?.size === size && copied.changedAt === changedAt)) return
    const kept = await keeper.keep(path, size, totals.firstAt ?? 0)
    const { session, agent } = whose
    const about = { space, source, now: clock.now() }
    for (const share of sharesOf(runs, totals)) {
      const during = others.filter(({ firstAt = 0 }) => firstAt >= share.since && firstAt < share.until)
      const of = { session, activity: share.run.activity, agent: agent?.id }
      waiting.push(tellTranscript(of, share.totals, { copy: kept, ended: true, others: during }, about))
    }
    await flush()
    if (signal.aborted) return
    keeper.book.retire(path, { ...(kept && { id: kept.id }), size, changedAt, at: clock.now() })
  }

  /** The first begins with the file, whatever is known; a run that went on with it as hooks told. */
  function runsOf(session: string): Run[] {
    const first = keys.session(session)
    const later = known.all(first, 'start').filter(({ key }) => key !== first)
    return [{ activity: first }, ...later.map(({ key, at }) => ({ activity: key, since: at }))]
  }

  async function bring(found: FoundSession): Promise<number> {
    const runs = runsOf(found.session)
    const main = await read(found, { session: found.session }, runs)
    if (!main.allowed) return main.past.lastAt()
    const others: Totals[] = []
    for (const each of found.agents) {
      if (signal.aborted) break
      const whose = { session: found.session, agent: { id: each.agent, type: each.type } }
      const { past, totals, offset, allowed } = await read(each, whose)
      if (!allowed) continue
      await tell(past.over())
      await copy(each, offset, totals, whose, [{ activity: keys.subagent(found.session, each.agent) }], [])
      others.push(totals)
    }
    const at = Math.max(main.past.lastAt(), ...others.map(({ lastAt = 0 }) => lastAt))
    // The first run is the one that the transcript tells of; hooks told the others.
    const [first, ...more] = sharesOf(runs, main.totals)
    await tell(main.past.over(more.length > 0 ? first?.totals.lastAt : at))
    await copy(found, main.offset, main.totals, { session: found.session }, runs, others)
    return at
  }

  const fresh = sessions.filter(({ changedAt }) => clock.now() - changedAt < RESTED_MS).length
  const later = `; ${fresh} changed in the last 30 minutes and wait: hooks tell of them, or an import half an hour later`
  let last = { what: `${sessions.length} transcripts`, at: since }
  for (const [index, found] of sessions.entries()) {
    if (signal.aborted) return
    if (found.changedAt < since || clock.now() - found.changedAt < RESTED_MS) continue
    try {
      const at = await bring(found)
      await flush()
      last = { what: `transcript ${index + 1} of ${sessions.length}`, at }
      progress({ ...last, ...counts })
    } catch (thrown) {
      if ((thrown as NodeJS.ErrnoException).code !== 'ENOENT') throw thrown
      host.log.warn({ path: found.path }, 'a transcript went away while it was being brought in')
    }
  }
  if (fresh > 0) progress({ ...last, what: last.what + later, ...counts })
}
