// One call of a hook, as the spool holds it: a line with source and event, then the JSON that the program told. Pure. Not
// for: the folder (spool.ts), or what a call means (translate.ts).

/** What a hook told. */
export interface HookCall {
  /** `claude_code`, `codex`. */
  source: string
  /** `hook_event_name`, an open set. */
  event: string
  /** When the hook wrote it, epoch ms. */
  at: number
  /** As it came. */
  body: Record<string, unknown>
  /** What the folder it ran in belongs to, where that was looked up. */
  place?: Place | undefined
}

/** The working tree of a folder. */
export interface Place {
  /** Its name: that of the repository, also in a worktree, else of the folder itself. */
  project: string
  branch?: string | undefined
}

/** What `daybook connect` has the hook script say, to see that it arrives. */
export const CONNECTED = 'DaybookConnected'

/** Every event that the two programs are known to have; others are kept under their own names. */
export const knownEvents: ReadonlySet<string> = new Set(
  `PreToolUse PostToolUse PostToolUseFailure PostToolBatch Notification UserPromptSubmit UserPromptExpansion SessionStart
  SessionEnd Stop StopFailure SubagentStart SubagentStop PreCompact PostCompact PreModelSwitch PostModelSwitch
  PermissionRequest PermissionDenied Setup TeammateIdle TaskCreated TaskCompleted Elicitation ElicitationResult
  ConfigChange WorktreeCreate WorktreeRemove InstructionsLoaded CwdChanged FileChanged DirectoryAdded
  MessageDisplay ${CONNECTED}`.split(/\s+/),
)

const HEADER = /^([a-z0-9_-]{1,64}) ([A-Za-z0-9_-]{1,64})$/

/** Undefined: nobody can read it. The event that the body names wins over that of the first line. */
export function readCall(text: string, at: number): HookCall | undefined {
  const end = text.indexOf('\n')
  const [, source, event] = HEADER.exec(text.slice(0, Math.max(end, 0))) ?? []
  if (source === undefined || event === undefined) return undefined
  try {
    const body: unknown = JSON.parse(text.slice(end + 1))
    if (typeof body !== 'object' || body === null || Array.isArray(body)) return undefined
    const named = (body as Record<string, unknown>).hook_event_name
    return { source, event: typeof named === 'string' && named !== '' ? named : event, at, body: { ...body } }
  } catch {
    return undefined
  }
}
