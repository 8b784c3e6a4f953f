// How something in a session becomes a notification: ids, times, what every one of them says, and the ends that are
// inferred because nobody told them. Pure but for `known`. Not for: which hook tells what (events.ts).
import { eventId } from '../../schemas/ids.ts'
import type { Notification, TranslateContext } from '../bridge.ts'
import type { HookCall } from './call.ts'
import { type Facts, type Fields, present } from './fields.ts'
import type { Known } from './known.ts'
import type { Open, Session } from './session.ts'

export interface HookContext extends TranslateContext {
  /** What its activities bear. */
  source: string
  known: Pick<Known, 'at' | 'when' | 'nearby'>
}

/** One call being translated. */
export interface Turn {
  call: HookCall
  fields: Fields
  context: HookContext
  /** A copy, which the call may change. */
  session: Session
  /** `prompt_id`, `turn_id`. */
  prompt: string | undefined
  told: Notification[]
}

export interface Telling {
  /** Native key and `activityId`; see keys.ts. */
  key: string
  type: string
  /** Absent: it stands alone, and `key` is its own. */
  phase?: 'start' | 'update' | 'end'
  summary: string
  data: Facts
  duration?: number | undefined
  /** The same phase was told before, and this is later news of it. */
  again?: boolean
  /** It stands alone and happens once under its key, whichever channel tells it first. */
  once?: boolean
  /** It is told besides what the call says, whose other fields are not its own. */
  beside?: boolean
}

/** What stands alone and happens once, among the times that are known. */
export const ALONE = 'alone'

export const nameOf = (source: string) => (source === 'codex' ? 'Codex' : 'Claude Code')

/** Adds what is told; starts and ends get the time that the first channel gave them. */
export function tell(turn: Turn, telling: Telling): void {
  const { key, type, phase, summary, data, duration, again = false, once = false, beside } = telling
  const { call, context, session, prompt } = turn
  const first = (phase === 'start' || phase === 'end') && !again
  const timestamp = first || once ? context.known.at(key, phase ?? ALONE, call.at) : call.at
  const id = { space: context.space, source: call.source, key: again ? `${key}/${timestamp}` : key, phase, timestamp }
  turn.told.push({
    id: eventId(id),
    source: call.source,
    type,
    summary: summary.slice(0, 512) || type,
    timestamp,
    data: present({ ...data, ...about(turn), extra: beside ? undefined : turn.fields.rest() }),
    sessionId: session.id.slice(0, 200),
    ...(duration !== undefined && { duration: Math.max(0, Math.round(duration)) }),
    ...(phase && { activityId: key.slice(0, 200), phase }),
    ...(prompt !== undefined && { cause: { id: prompt.slice(0, 128) } }),
  })
}

/** Where and how it happened. */
function about({ fields, session }: Turn): Facts {
  const effort = Object(fields.value('effort')) as Facts
  return {
    cwd: session.cwd,
    project: session.project,
    branch: session.branch,
    model: session.model,
    agent: fields.text('agent_id'),
    agent_type: fields.text('agent_type'),
    permission_mode: fields.text('permission_mode'),
    effort: typeof effort.level === 'string' ? effort.level : undefined,
  }
}

/** Why an end is told that no hook told. */
export type Inferred = 'silent' | 'interrupted' | 'session_ended' | 'paused'

/** Ends what is open under these keys as of `at`; it is not open afterwards. A real end that comes later wins. */
export function inferEnds(
  session: Session,
  { space }: TranslateContext,
  { at, reason, keys = Object.keys(session.open) }: { at: number; reason: Inferred; keys?: readonly string[] },
): Notification[] {
  return keys.flatMap((key) => {
    const open = session.open[key]
    delete session.open[key]
    return open ? [inferred(session, space, { ...open, key }, at, reason)] : []
  })
}

/** Ends the run as of `at`, with all that is open in it. */
export function inferSessionEnd(
  session: Session,
  context: TranslateContext,
  end: { at: number; reason: Inferred },
): Notification[] {
  const ends = inferEnds(session, context, end)
  const summary = `${nameOf(session.source)}${session.project ? ` in ${session.project}` : ''} fell silent`
  const whole = { key: session.key, type: 'session', at: session.startedAt, summary }
  session.endedAt = end.at
  return [...ends, inferred(session, context.space, whole, end.at, end.reason)]
}

type Ending = Omit<Open, 'type'> & { key: string; type: string }

function inferred(session: Session, space: string, open: Ending, at: number, reason: Inferred): Notification {
  const { source, cwd, project, branch, model } = session
  const timestamp = Math.max(at, open.at)
  const failed = ['interrupted', 'session_ended'].includes(reason) && ['prompt', 'tool'].includes(open.type)
  return {
    id: eventId({ space, source, key: `${open.key}/${reason}`, phase: 'end', timestamp }),
    source,
    type: open.type,
    summary: open.summary,
    timestamp,
    data: present({
      tool: open.tool,
      agent: open.agent,
      ok: failed ? false : undefined,
      reason,
      cwd,
      project,
      branch,
      model,
    }),
    sessionId: session.id.slice(0, 200),
    duration: timestamp - open.at,
    activityId: open.key.slice(0, 200),
    phase: 'end',
    ...(open.cause !== undefined && { cause: { id: open.cause.slice(0, 128) } }),
  }
}
