// The hooks that are about a session as a whole: where a run begins, changes its folder, and ends. Pure but for `known`.
// Not for: what happens inside it (events.ts).
import { type Facts, present } from './fields.ts'
import { keys } from './keys.ts'
import { inferEnds, inferSessionEnd, nameOf, type Turn, tell } from './notify.ts'
import { newSession } from './session.ts'

/** Reasons for which a session that exists already goes on. */
const GOES_ON = ['resume', 'seen']

export const sessionTellers: Record<string, (turn: Turn) => void> = {
  SessionStart(turn) {
    const reason = turn.fields.text('source') ?? 'startup'
    const { session } = turn
    const runs = session.runs > 0 && session.endedAt === undefined
    if (runs && reason === 'compact') {
      tell(turn, {
        key: session.key,
        type: 'session',
        phase: 'update',
        summary: `${inPlace(turn)} compacted its context`,
        data: { reason },
      })
      return
    }
    if (runs) turn.told.push(...inferSessionEnd(session, turn.context, { at: session.lastAt, reason: 'silent' }))
    beginRun(turn, reason)
  },
  SessionEnd(turn) {
    const { session, call, fields } = turn
    const seen = session.runs > 0
    turn.told.push(...inferEnds(session, turn.context, { at: call.at, reason: 'session_ended' }))
    const { prompts, tools, failures } = session.counts
    tell(turn, {
      key: session.key,
      type: 'session',
      phase: 'end',
      summary: seen
        ? `${inPlace(turn)} ended after ${count(prompts, 'prompt')} and ${count(tools, 'tool use')}`
        : `${inPlace(turn)} ended`,
      data: { ok: true, reason: fields.text('reason'), ...(seen && { prompts, tools, failures }) },
      duration: seen ? call.at - session.startedAt : undefined,
    })
    Object.assign(session, { endedAt: call.at, endTold: true })
    session.runs = Math.max(1, session.runs)
  },
  CwdChanged(turn) {
    const { session, fields } = turn
    const data: Facts = { old_cwd: fields.text('old_cwd') }
    session.cwd = fields.text('new_cwd') ?? session.cwd
    tell(turn, {
      key: session.key,
      type: 'session',
      phase: 'update',
      summary: `${inPlace(turn)} went to ${session.cwd}`,
      data,
    })
  },
}

/**
 * The first run of a session is known by the session alone, as its transcript knows it; one that goes on is known by its
 * time too. `seen`: nobody told that it began.
 */
export function beginRun(turn: Turn, reason: string): void {
  const { session, call, fields } = turn
  const known = session.runs > 0 || reason === 'resume'
  const key = known && GOES_ON.includes(reason) ? `${keys.session(session.id)}/${call.at}` : keys.session(session.id)
  const { cwd, project, branch, model, transcript, recent, blind } = session
  const run = newSession(session.id, call.source, key, call.at, session.runs)
  const kept = { cwd, project, branch, model, transcript, recent, ...(reason === 'seen' && { blind }) }
  for (const name of Object.keys(session)) delete (session as unknown as Facts)[name]
  Object.assign(session, run, present(kept))
  const began = reason === 'resume' ? 'went on' : reason === 'seen' ? 'was seen at work' : 'began'
  const facts =
    reason === 'seen'
      ? {}
      : {
          title: fields.text('session_title'),
          context_tokens: fields.number('context_tokens'),
          idle_s: fields.number('seconds_since_last_response'),
        }
  tell(turn, {
    key,
    type: 'session',
    phase: 'start',
    summary: `${inPlace(turn)} ${began}`,
    data: { reason, ...facts, transcript },
    beside: reason === 'seen',
  })
}

/** `Claude Code in daybook (main)`. */
function inPlace({ session }: Turn): string {
  const { project, branch, source } = session
  return `${nameOf(source)}${project ? ` in ${project}` : ''}${branch ? ` (${branch})` : ''}`
}

function count(n: number, what: string): string {
  return `${n} ${what}${n === 1 ? '' : 's'}`
}
