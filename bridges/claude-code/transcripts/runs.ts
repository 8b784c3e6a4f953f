// What of a transcript's sums belongs to which run of its session: one that is resumed goes on in the same file, and each
// run is told its own. Pure. Not for: what lines add up to (totals.ts).
import type { Tokens, Totals } from './totals.ts'

/** What adds up, at some point of the file. */
export type Sums = Pick<Totals, 'tokens' | 'calls' | 'cost' | 'prompts' | 'tools' | 'failures' | 'lastAt'>

export interface Run {
  /** Its `activityId`. */
  activity: string
  /** When it began, epoch ms; absent: with the file. */
  since?: number | undefined
  /** What the file had added up to by then, once a line of it was read. */
  before?: Sums | undefined
  /** What was told of it. */
  told?: string | undefined
}

export interface Share {
  run: Run
  /** As if the file held this run alone; title and the like are those of the session. */
  totals: Totals
  /** From when to when it was, epoch ms, exclusive. */
  since: number
  until: number
}

/** Call it before a line of this time is taken in; changes the runs that begin with it. */
export function beginRuns(runs: readonly Run[], totals: Totals, at: number): void {
  for (const run of runs) if (run.since !== undefined && at >= run.since) run.before ??= sumsOf(totals)
}

/** In the order of the runs, which is that of their times. */
export function sharesOf(runs: readonly Run[], totals: Totals): Share[] {
  const whole = sumsOf(totals)
  return runs.map((run, index) => {
    const next = runs[index + 1]
    const end = next ? (next.before ?? whole) : whole
    const begin = run.since === undefined ? undefined : (run.before ?? whole)
    const own = begin ? less(end, begin) : end
    return { run, totals: { ...totals, ...own }, since: run.since ?? 0, until: next?.since ?? Number.POSITIVE_INFINITY }
  })
}

/** Changes when what is told of a run does. */
export function markOfRun(totals: Totals): string {
  return JSON.stringify(sumsOf(totals))
}

function sumsOf({ tokens, calls, cost, prompts, tools, failures, lastAt }: Totals): Sums {
  return { tokens, calls, cost, prompts, tools, failures, lastAt }
}

function less(all: Sums, before: Sums): Sums {
  const names = ['calls', 'prompts', 'tools', 'failures'] as const
  const counts = Object.fromEntries(names.map((name) => [name, difference(all[name], before[name])]))
  const tokens = Object.fromEntries(
    Object.entries(all.tokens).map(([name, count]) => [name, difference(count, before.tokens[name as keyof Tokens])]),
  ) as unknown as Tokens
  const cost = all.cost === undefined ? undefined : difference(all.cost, before.cost ?? 0)
  return { ...all, ...counts, tokens, cost }
}

/** A program that counts anew when it goes on says less than before. */
function difference(all: number, before: number): number {
  return all >= before ? all - before : all
}
