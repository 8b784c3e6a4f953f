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
import { tellTranscript } from './tell.ts'
import { emptyTotals, type Totals, takeLine } from './totals.ts'
import type { TranscriptsParts } from './transcripts.ts'

/** What was written within this may go on: it is left to the hooks, and to the next import. */
const RESTED_MS = 30 * 60_000
const AT_ONCE = 50

export async function importTranscripts(
  { host, source, folder, translate }: TranscriptsParts,
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
  async function read({ path }: Found, whose: PastOf) {
    const past = (isCodex ? createCodexPast : createPast)(whose)
    const totals = emptyTotals()
    const seen = { allowed: true }
    const take = (text: string | undefined): void | Promise<void> => {
      counts.read++
      const facts = text === undefined ? 'long' : readLine(text)
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

  async function copy(found: Found, size: number, totals: Totals, whose: PastOf, others: Totals[] = []) {
    const { changedAt, path } = found
    const known = keeper.book.copied(path)
    const at = totals.lastAt ?? 0
    if (size === 0 || at < since || at >= until || (known?.size === size && known.changedAt === changedAt)) return
    const kept = await keeper.keep(path, size, totals.firstAt ?? 0)
    const { session, agent } = whose
    const activity = agent ? keys.subagent(session, agent.id) : keys.session(session)
    const about = { space, source, now: clock.now() }
    waiting.push(
      tellTranscript({ session, activity, agent: agent?.id }, totals, { copy: kept, ended: true, others }, about),
    )
    await flush()
    if (signal.aborted) return
    keeper.book.retire(path, { ...(kept && { id: kept.id }), size, changedAt, at: clock.now() })
  }

  async function bring(found: FoundSession): Promise<number> {
    const main = await read(found, { session: found.session })
    if (!main.allowed) return main.past.lastAt()
    const others: Totals[] = []
    for (const each of found.agents) {
      if (signal.aborted) break
      const whose = { session: found.session, agent: { id: each.agent, type: each.type } }
      const { past, totals, offset, allowed } = await read(each, whose)
      if (!allowed) continue
      await tell(past.over())
      await copy(each, offset, totals, whose, [])
      others.push(totals)
    }
    const at = Math.max(main.past.lastAt(), ...others.map(({ lastAt = 0 }) => lastAt))
    await tell(main.past.over(at))
    await copy(found, main.offset, main.totals, { session: found.session }, others)
    return at
  }

  for (const [index, found] of sessions.entries()) {
    if (signal.aborted) return
    const what = `transcript ${index + 1} of ${sessions.length}`
    if (found.changedAt < since || clock.now() - found.changedAt < RESTED_MS) continue
    try {
      const at = await bring(found)
      await flush()
      progress({ what, at, ...counts })
    } catch (thrown) {
      if ((thrown as NodeJS.ErrnoException).code !== 'ENOENT') throw thrown
      host.log.warn({ path: found.path }, 'a transcript went away while it was being brought in')
    }
  }
}
