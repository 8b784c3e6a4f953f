// What a hook's call means: the step from what is remembered of a session to what is remembered afterwards, and what is
// told on the way. Pure but for `known`. Not for: single events (events.ts, sessions.ts), or files and clocks (bridge.ts).
import { hash } from 'node:crypto'
import type { Notification } from '../bridge.ts'
import { CONNECTED, type HookCall } from './call.ts'
import { eventTellers, tellOther } from './events.ts'
import { fieldsOf } from './fields.ts'
import { keys } from './keys.ts'
import type { HookContext, Turn } from './notify.ts'
import { newSession, repeated, type Session } from './session.ts'
import { beginRun, sessionTellers } from './sessions.ts'

/** A hook that is installed twice tells the same within this, ms. */
const TWICE_MS = 10_000
/** What comes this long after a session's end still belongs to it, ms. */
const LATE_MS = 10_000
/** They say nothing of whether a session runs. */
const OUTSIDE = new Set(['SessionStart', 'SessionEnd', 'Setup', CONNECTED])

export interface Step {
  /** Undefined: the call names no session. */
  session: Session | undefined
  notifications: Notification[]
}

export function step(given: HookCall, before: Session | undefined, context: HookContext): Step {
  const call = { ...given, source: context.source }
  const { body, at, event } = call
  const id = body.session_id
  if (typeof id !== 'string' || id === '') return { session: before, notifications: [] }
  const session = before ? structuredClone(before) : { ...newSession(id, call.source, keys.session(id), at), runs: 0 }
  const print = hash('sha256', `${event}\0${JSON.stringify(body)}`, 'hex').slice(0, 16)
  if (repeated(session, print, at, TWICE_MS)) return { session: before, notifications: [] }
  const prompt = [body.prompt_id, body.turn_id].find((given) => typeof given === 'string' && given !== '')
  const turn: Turn = { call, context, session, fields: fieldsOf(body), prompt: prompt as string | undefined, told: [] }
  learn(turn)
  const late = session.endTold === true && at - (session.endedAt ?? 0) < LATE_MS
  const runs = session.runs > 0 && (session.endedAt === undefined || late)
  if (!runs && !OUTSIDE.has(event)) beginRun(turn, 'seen')
  const teller = { ...sessionTellers, ...eventTellers }[event] ?? tellOther
  teller(turn)
  session.lastAt = Math.max(session.lastAt, at)
  return { session, notifications: turn.told }
}

/** One call by itself, in the session that the context knows. */
export function translateCall(call: HookCall, context: HookContext & { session?: Session }): Notification[] {
  const { body, event, at } = Object(call) as Partial<HookCall>
  if (typeof event !== 'string' || typeof at !== 'number' || typeof body !== 'object') return []
  const session = context.session?.id === body.session_id ? context.session : undefined
  return step(call, session, context).notifications
}

/** A call that fell into a pause: it leaves nothing behind but whether the session runs. */
export function passOver(call: HookCall, before: Session | undefined): Session | undefined {
  if (!before) return undefined
  return { ...before, open: {}, blind: true, endedAt: before.endedAt ?? call.at }
}

function learn({ call, session }: Turn): void {
  const { body, place } = call
  if (typeof body.cwd === 'string' && body.cwd !== '') session.cwd = body.cwd
  if (typeof body.model === 'string' && body.model !== '') session.model = body.model
  if (typeof body.transcript_path === 'string') session.transcript = body.transcript_path
  if (place) {
    session.project = place.project
    session.branch = place.branch
  }
  if (typeof body.git_branch === 'string' && body.git_branch !== '') session.branch = body.git_branch
}
