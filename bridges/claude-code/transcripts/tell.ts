// What is told of a transcript that was read or copied: a session's title, model and tokens with the reference of its
// copy, what a prompt cost, what a subagent did. Pure. Not for: when it is told (keeper.ts), or what hooks tell.
import { hash } from 'node:crypto'
import type { ContentRef } from '../../../schemas/content-ref.ts'
import { eventId } from '../../../schemas/ids.ts'
import type { Notification } from '../../bridge.ts'
import { keys } from '../keys.ts'
import { nameOf } from '../notify.ts'
import { type PromptTotals, plus, type Tokens, type Totals, titleOf } from './totals.ts'

export interface TellContext {
  space: string
  source: string
  now: number
}

/** A transcript of a session, or of a subagent in one. */
export interface Whose {
  session: string
  /** The `activityId` of what it is the transcript of. */
  activity: string
  agent?: string | undefined
}

/** `ended`: what it is told of has ended; else it goes on, and this is an update. */
export function tellTranscript(
  { session, activity, agent }: Whose,
  totals: Totals,
  { copy, ended, others = [] }: { copy?: ContentRef | undefined; ended: boolean; others?: readonly Totals[] },
  { space, source, now }: TellContext,
): Notification {
  const phase = ended ? 'enriched' : 'update'
  const timestamp = Math.min(totals.lastAt ?? now, now)
  const tokens = others.reduce((sum, other) => plus(sum, other.tokens), totals.tokens)
  const title = titleOf(totals)
  const what = agent === undefined ? nameOf(source) : 'Subagent'
  const data = {
    ...facts(totals),
    title: agent === undefined ? title : undefined,
    task: agent === undefined ? undefined : title,
    agent,
    ...tokensOf(tokens),
    cost_usd: totals.cost,
    prompts: agent === undefined ? totals.prompts : undefined,
    tools: totals.tools,
    failures: totals.failures,
    bad_lines: totals.badLines || undefined,
    long_lines: totals.longLines || undefined,
  }
  const said = hash('sha256', JSON.stringify([copy?.id, data]), 'hex').slice(0, 16)
  return {
    id: eventId({ space, source, key: `${activity}/${said}`, phase, timestamp }),
    source,
    type: agent === undefined ? 'session' : 'subagent',
    summary: title === undefined ? what : `${what}: ${title}`,
    timestamp,
    data: present(data),
    ...(copy ? { contentRef: copy } : {}),
    sessionId: session,
    activityId: activity,
    phase,
  }
}

/** What a prompt cost so far. */
export function tellPrompt(
  session: string,
  prompt: PromptTotals,
  totals: Totals,
  { space, source, now }: TellContext,
): Notification {
  const key = keys.prompt(session, prompt.id)
  const timestamp = Math.min(prompt.lastAt, now)
  const data = {
    ...facts(totals),
    model: prompt.model ?? totals.model,
    ...tokensOf(prompt.tokens),
    calls: prompt.calls,
  }
  return {
    id: eventId({ space, source, key: `${key}/${markOf(prompt)}`, phase: 'enriched', timestamp }),
    source,
    type: 'prompt',
    summary: `Answered with ${prompt.tokens.out} tokens${data.model ? ` by ${data.model}` : ''}`,
    timestamp,
    data: present(data),
    sessionId: session,
    activityId: key,
    phase: 'enriched',
  }
}

/** Changes when what is told of a prompt does. */
export function markOf({ tokens, calls }: PromptTotals): string {
  return `${calls}-${tokens.in}-${tokens.out}-${tokens.cacheRead}-${tokens.cacheWrite}`
}

function facts({ cwd, branch, model }: Totals) {
  return { cwd, project: cwd?.split(/[\\/]/).findLast((part) => part !== ''), branch, model }
}

function tokensOf(tokens: Tokens) {
  return {
    tokens_in: tokens.in,
    tokens_out: tokens.out,
    tokens_cache_read: tokens.cacheRead,
    tokens_cache_write: tokens.cacheWrite,
  }
}

function present(data: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(data).filter(([, value]) => value !== undefined))
}
