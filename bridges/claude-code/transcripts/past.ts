// The past that a transcript tells, line by line, in the form of the hooks that would have told it, so that the same
// translation serves both. Pure. Not for: files (import.ts), or what a hook means.
import { type Facts, numberIn, objectIn, textIn } from './lines.ts'
import { promptIn, textOf } from './prompts.ts'
import { branchOf } from './totals.ts'
import type { PastHook } from './transcripts.ts'

/** A hook and when it would have told, epoch ms. */
export type Past = [hook: PastHook, at: number]

export interface PastOf {
  session: string
  /** Of a subagent's transcript. */
  agent?: { id: string; type?: string | undefined } | undefined
}

interface Call {
  name: string
  input: unknown
  at: number
}

/** Calls that wait for their result; more at once are those of a broken transcript. */
const CALLS_MOST = 500
const INTERRUPTED = /interrupted by user|doesn't want to proceed|was rejected/i

/** `take` each line in order, then `end`: `over` if nothing more will come. */
export function createPast({ session, agent }: PastOf) {
  const calls = new Map<string, Call>()
  let begun = false
  let firstAt: number | undefined
  let lastAt = 0
  let where: Facts = {}
  let prompt: { id: string | undefined; said?: string | undefined; lastAt: number } | undefined

  const hook = (event: string, at: number, more: Facts = {}): Past => {
    const own = agent && { agent_id: agent.id, ...(agent.type !== undefined && { agent_type: agent.type }) }
    const turn = prompt?.id === undefined ? {} : { prompt_id: prompt.id }
    return [{ ...where, ...turn, ...own, ...more, hook_event_name: event, session_id: session }, at]
  }

  function stop(): Past[] {
    if (!prompt || agent) return []
    const told = hook('Stop', prompt.lastAt, prompt.said === undefined ? {} : { last_assistant_message: prompt.said })
    prompt = undefined
    return [told]
  }

  function take(line: Facts): Past[] {
    const at = Date.parse(textIn(line, 'timestamp') ?? '')
    // Lines of a session that this one was forked from are told by it.
    if (!Number.isFinite(at) || line.forkedFrom !== undefined) return []
    lastAt = Math.max(lastAt, at)
    const [cwd, branch] = [textIn(line, 'cwd'), branchOf(line)]
    where = { ...where, ...(cwd !== undefined && { cwd }), ...(branch !== undefined && { git_branch: branch }) }
    const told: Past[] = []
    firstAt ??= at
    // The first lines do not say where it runs.
    if (!begun && (cwd !== undefined || line.type === 'user' || line.type === 'assistant')) {
      begun = true
      told.push(agent ? hook('SubagentStart', firstAt) : hook('SessionStart', firstAt, { source: 'startup' }))
    }
    if (line.type === 'user') told.push(...takeUser(line, at))
    if (line.type === 'assistant') told.push(...takeAnswer(line, at))
    if (line.type === 'system' && line.subtype === 'compact_boundary') told.push(...takeCompaction(line, at))
    if (prompt && (line.type === 'user' || line.type === 'assistant')) prompt.lastAt = Math.max(prompt.lastAt, at)
    return told
  }

  function takeUser(line: Facts, at: number): Past[] {
    const given = agent ? undefined : promptIn(line)
    if (given) {
      const id = textIn(line, 'promptId')
      // What the program adds to a turn bears the id of its prompt.
      if (id !== undefined && id === prompt?.id) return []
      const before = stop()
      prompt = { id, lastAt: at }
      return [...before, hook('UserPromptSubmit', at, { prompt: given.text, source: given.typed ? 'user' : 'system' })]
    }
    const content = objectIn(line, 'message')?.content
    const results = Array.isArray(content) ? content.filter((block) => block?.type === 'tool_result') : []
    return results.flatMap((result) => takeResult(result as Facts, line, results.length === 1, at))
  }

  function takeResult(result: Facts, line: Facts, alone: boolean, at: number): Past[] {
    const id = textIn(result, 'tool_use_id')
    const call = id === undefined ? undefined : calls.get(id)
    if (id === undefined || !call) return []
    calls.delete(id)
    const use = {
      tool_name: call.name,
      tool_input: call.input,
      tool_use_id: id,
      duration_ms: Math.max(0, at - call.at),
    }
    const said = typeof result.content === 'string' ? result.content : textOf(result.content)
    if (result.is_error === true) {
      const interrupted = INTERRUPTED.test(said ?? '') && { is_interrupt: true }
      return [hook('PostToolUseFailure', at, { ...use, error: said ?? 'failed', ...interrupted })]
    }
    const response = alone && line.toolUseResult !== undefined ? line.toolUseResult : (said ?? null)
    return [hook('PostToolUse', at, { ...use, tool_response: response })]
  }

  function takeAnswer(line: Facts, at: number): Past[] {
    const message = objectIn(line, 'message') ?? {}
    const content = Array.isArray(message.content) ? message.content : []
    const said = textOf(content)
    if (line.isApiErrorMessage === true) {
      const failed = hook('StopFailure', at, {
        error: textIn(line, 'error') ?? 'api_error',
        last_assistant_message: said,
      })
      prompt = undefined
      return agent ? [] : [failed]
    }
    const model = textIn(message, 'model')
    if (model !== undefined && model !== '<synthetic>') where = { ...where, model }
    if (prompt && said !== undefined) prompt.said = said
    return content.flatMap((block) => {
      const id = block?.type === 'tool_use' ? textIn(block, 'id') : undefined
      if (id === undefined || calls.size >= CALLS_MOST) return []
      const name = textIn(block, 'name') ?? 'tool'
      calls.set(id, { name, input: block.input, at })
      return [hook('PreToolUse', at, { tool_name: name, tool_input: block.input, tool_use_id: id })]
    })
  }

  function takeCompaction(line: Facts, at: number): Past[] {
    const about = objectIn(line, 'compactMetadata') ?? {}
    const trigger = { trigger: textIn(about, 'trigger') ?? 'auto' }
    const took = Math.max(0, numberIn(about, 'durationMs') ?? 0)
    return [hook('PreCompact', at - took, trigger), hook('PostCompact', at, trigger)]
  }

  return {
    take,
    /** When the last line was written, epoch ms. */
    lastAt: () => lastAt,
    /** The last prompt ends with its last line. */
    end: (over: boolean): Past[] => (over ? stop() : []),
    /** What the whole ends with, once all that belongs to it is told. */
    over: (at = lastAt): Past[] =>
      begun ? [agent ? hook('SubagentStop', at) : hook('SessionEnd', at, { reason: 'other' })] : [],
  }
}
