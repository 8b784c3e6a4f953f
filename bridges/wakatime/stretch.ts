// Heartbeats as stretches of doing one thing, by WakaTime's rule: what lies at most the keystroke timeout apart belongs
// together, the time between two heartbeats is the first one's, the last one lasts no time. Pure. Not for: which
// heartbeats there are (file.ts), what was told of them already (teller.ts), or sums over a day (summary.ts).
import type { Heartbeat } from './heartbeat.ts'

/** Times in µs of the epoch. */
export interface Stretch {
  /** Its first heartbeat, which names it. */
  first: Heartbeat
  /** Of the last heartbeat in it, or of the one that followed within the timeout. */
  end: number
  /** When the last heartbeat in it was. */
  last: number
  heartbeats: number
  writes: number
  project: string
  branch: string
  language: string
  /** The latest of each, and sums of those that count since the heartbeat before. */
  more: Record<string, unknown>
}

export interface Rule {
  /** µs. */
  timeout: number
  /** True for a heartbeat that begins a stretch whatever was before: others know that stretch by it. */
  isCut(beat: Heartbeat): boolean
  /** True if what was before the first moment has nothing to do with what is after the second: a pause. */
  isBroken(from: number, to: number): boolean
}

export interface Step {
  /** Over for good, as far as these heartbeats go. */
  closed?: Stretch
  open: Stretch
}

/** Counted since the heartbeat before (WakaTime's API, heartbeats), so that they add up. */
const SUMS = new Set([
  'line_additions',
  'line_deletions',
  'ai_line_changes',
  'human_line_changes',
  'ai_input_tokens',
  'ai_output_tokens',
  'ai_prompt_length',
])

/** The next heartbeat in order of time. */
export function step(open: Stretch | undefined, beat: Heartbeat, rule: Rule): Step {
  if (!open) return { open: begin(beat) }
  const joined = beat.time - open.last <= rule.timeout && !rule.isBroken(open.last, beat.time)
  if (!joined) return { closed: open, open: begin(beat) }
  const longer = { ...open, end: beat.time }
  if (!isSame(longer, beat) || rule.isCut(beat)) return { closed: longer, open: begin(beat) }
  return { open: grown(longer, beat) }
}

/** All of them at once; the last is as open as the clock says. */
export function fold(beats: readonly Heartbeat[], rule: Rule): Stretch[] {
  const stretches: Stretch[] = []
  let open: Stretch | undefined
  for (const beat of beats) {
    const next = step(open, beat, rule)
    if (next.closed) stretches.push(next.closed)
    open = next.open
  }
  return open ? [...stretches, open] : stretches
}

/**
 * What is done one thing at a time: a person at a machine, and beside them what an AI does there by itself. Stretches of one
 * lane never overlap.
 */
export function laneOf({ machine, category }: Heartbeat): string {
  return category === 'ai coding' ? `${machine}\0ai` : machine
}

function begin(beat: Heartbeat): Stretch {
  const { time, project, branch, language, more } = beat
  const writes = beat.write ? 1 : 0
  return { first: beat, end: time, last: time, heartbeats: 1, writes, project, branch, language, more: { ...more } }
}

/** A heartbeat that does not say its project or branch goes on with the one that was. */
function isSame(open: Stretch, beat: Heartbeat): boolean {
  const { first } = open
  const fits = (was: string, is: string) => was === '' || is === '' || was === is
  return (
    first.type === beat.type &&
    first.entity === beat.entity &&
    first.category === beat.category &&
    first.source === beat.source &&
    fits(open.project, beat.project) &&
    fits(open.branch, beat.branch)
  )
}

function grown(open: Stretch, beat: Heartbeat): Stretch {
  const more = { ...open.more, ...beat.more }
  for (const key of SUMS) {
    const [was, is] = [open.more[key], beat.more[key]]
    if (typeof was === 'number' && typeof is === 'number') more[key] = was + is
  }
  return {
    ...open,
    last: beat.time,
    heartbeats: open.heartbeats + 1,
    writes: open.writes + (beat.write ? 1 : 0),
    project: open.project || beat.project,
    branch: open.branch || beat.branch,
    language: beat.language || open.language,
    more,
  }
}
