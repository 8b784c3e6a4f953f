// What the events of Claude Code and Codex are called, whichever way they come in: a hook, a transcript, telemetry. Not
// for: when they happened, in which these disagree (known.ts).
import { hash } from 'node:crypto'

/**
 * Native keys, unique in the world through the session's UUID. The key is also the `activityId`; the id of a row is
 * `eventId({space, source, key, phase, timestamp})`.
 */
export const keys = {
  session: (session: string) => `session/${session}`,
  /** `prompt` is the `prompt_id` of hooks, `promptId` of transcripts, `prompt.id` of telemetry, `turn_id` of Codex. */
  prompt: (session: string, prompt: string) => `prompt/${session}/${prompt}`,
  /** `tool` is the `tool_use_id`. */
  tool: (session: string, tool: string) => `tool/${session}/${tool}`,
  subagent: (session: string, agent: string) => `subagent/${session}/${agent}`,
  /** No channel numbers compactions: two of one session within `ALIKE_MS` are one. */
  compaction: (session: string, at: number) => `${compactionsOf(session)}${at}`,
  /** An API failure that ended a prompt. */
  error: (session: string, prompt: string) => `error/${session}/${prompt}`,
} as const

/** What the keys of a session's compactions begin with. */
export const compactionsOf = (session: string) => `compaction/${session}/`

/** How far two channels may be apart about a thing that has no id, ms. */
export const ALIKE_MS = 120_000

/**
 * The prompt id of versions that have none (before 2.1): a hash of the text, so that the channels agree. The same text
 * typed twice in a session is told apart by time (`Known.nearby`).
 */
export function promptOfText(text: string): string {
  return `~${hash('sha256', text.trim(), 'hex').slice(0, 16)}`
}
