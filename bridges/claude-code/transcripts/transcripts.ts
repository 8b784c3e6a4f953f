// The transcripts that Claude Code and Codex write: copied to the object store without their secrets when a turn, a
// subagent or a session ends and when one rested that nobody told of, read for titles, models and tokens as they grow,
// and for the past when it is imported. Not for: hooks and what they mean (../bridge.ts).
import type { BridgeHost, ImportProgress, ImportRange, Notification } from '../../bridge.ts'
import type { Known } from '../known.ts'

/** What a hook says of a transcript; `event` is its `hook_event_name`. */
export interface TranscriptNotice {
  event: string
  session: string
  /** `transcript_path`; of SubagentStop `agent_transcript_path`. Absolute. */
  path: string
  /** The subagent whose transcript that is. */
  agent?: string | undefined
  /** The `activityId` of the session's run, or of the subagent; default: `keys.session`, `keys.subagent`. */
  activity?: string | undefined
  /** When it happened, epoch ms. */
  at: number
}

/**
 * Something that a transcript tells of the past, in the form of the hook that would have told it (`hook_event_name`,
 * `session_id`, `cwd`, `prompt_id`, `tool_use_id`, `tool_name`, `tool_input`, `tool_response`, `error`, `duration_ms`,
 * `agent_id`, `agent_type`, `source`, `reason`, `trigger`, ...; besides `model` and `git_branch`), so that one
 * translation serves both.
 */
export type PastHook = { hook_event_name: string; session_id: string } & Record<string, unknown>

export interface TranscriptsParts {
  host: Pick<
    BridgeHost<unknown>,
    'space' | 'clock' | 'log' | 'signal' | 'state' | 'emit' | 'attachFile' | 'room' | 'privacy'
  >
  known: Known
  /** The source that its activities bear: claude_code, codex. */
  source: string
  /** Where transcripts lie, absolute, for an import that names no place; undefined: nowhere. */
  folder?: string | undefined
  /** What a hook of the past means; the time is epoch ms. Pure but for `known`. */
  translate(hook: PastHook, at: number): Notification[]
}

export interface Transcripts {
  /**
   * Call it for every hook, after what it means was emitted. Returns at once. Stop, SubagentStop, StopFailure and
   * SessionEnd make the transcript be read and copied soon; a growing one is copied at most once a minute until its session
   * ends. What was not copied when the house stops is copied after the next start.
   */
  notice(notice: TranscriptNotice): void
  /** When a session's transcript last grew, epoch ms; undefined: unknown. A session is alive while it grows. */
  grewAt(session: string): number | undefined
  /** Also stops what is being copied; pending copies stay pending. */
  pause(paused: boolean): void
  /** How many things of the past are no longer remembered. */
  forget(since: number, until: number): number
  /** See OpenBridge.import. */
  import(range: ImportRange, progress: (at: ImportProgress) => void, signal: AbortSignal): Promise<void>
  figures(): Record<string, number>
  /** Safe twice. */
  close(): Promise<void>
}
