// What a rollout of Codex adds up to, and the past that it tells: another format than Claude Code's. Pure. Not for: reading
// files, or what a hook means.
import { promptOfText } from '../keys.ts'
import { type Facts, type Line, numberIn, objectIn, textIn } from './lines.ts'
import type { createPast, Past, PastOf } from './past.ts'
import { textOf } from './prompts.ts'
import { countLine, short, type Totals } from './totals.ts'

/** Takes one more line in; changes the totals. Sums of tokens stand in the transcript itself. */
export function takeCodexLine(totals: Totals, line: Line): void {
  countLine(totals, line, takeFacts)
}

function takeFacts(totals: Totals, line: Facts): void {
  const payload = objectIn(line, 'payload') ?? {}
  if (line.type === 'session_meta') {
    totals.session ??= textIn(payload, 'id')
    totals.version = textIn(payload, 'cli_version') ?? totals.version
    totals.branch = textIn(objectIn(payload, 'git') ?? {}, 'branch') ?? totals.branch
  }
  if (line.type === 'session_meta' || line.type === 'turn_context') {
    totals.cwd = textIn(payload, 'cwd') ?? totals.cwd
    totals.model = textIn(payload, 'model') ?? totals.model
  }
  const prompt = line.type === 'event_msg' ? promptIn(payload) : undefined
  if (prompt !== undefined) takePrompt(totals, prompt)
  if (line.type === 'event_msg' && payload.type === 'token_count') takeTokens(totals, payload)
  if (line.type === 'response_item' && /_call$/.test(textIn(payload, 'type') ?? '')) totals.tools++
}

function takePrompt(totals: Totals, text: string): void {
  totals.prompts++
  totals.prompt = promptOfText(text)
  if (text.trim() !== '') totals.titles.prompt ??= short(text)
}

/** Versions say it in two ways, none in both. */
function promptIn(payload: Facts): string | undefined {
  if (payload.type === 'user_message') return textIn(payload, 'message')
  const item = payload.type === 'item_completed' ? objectIn(payload, 'item') : undefined
  return item?.type === 'UserMessage' ? textOf(item.content) : undefined
}

/** As `createPast` in past.ts. Of versions before `item_completed` the past is only that there was a session. */
export function createCodexPast({ session }: PastOf): ReturnType<typeof createPast> {
  let begun = false
  let lastAt = 0
  let where: Facts = {}
  const hook = (event: string, at: number, more: Facts = {}): Past => [
    { ...where, ...more, hook_event_name: event, session_id: session },
    at,
  ]

  function take(line: Facts): Past[] {
    const at = Date.parse(textIn(line, 'timestamp') ?? '')
    const payload = objectIn(line, 'payload')
    if (!Number.isFinite(at) || !payload) return []
    lastAt = Math.max(lastAt, at)
    for (const name of ['cwd', 'model']) {
      const value = line.type === 'session_meta' || line.type === 'turn_context' ? textIn(payload, name) : undefined
      if (value !== undefined) where = { ...where, [name]: value }
    }
    if (!begun && where.cwd !== undefined) {
      begun = true
      return [hook('SessionStart', at, { source: 'startup' })]
    }
    return line.type === 'event_msg' && begun ? takeEvent(payload, at) : []
  }

  function takeEvent(payload: Facts, at: number): Past[] {
    const turn = textIn(payload, 'turn_id')
    const of = turn === undefined ? {} : { turn_id: turn }
    const prompt = promptIn(payload)
    if (prompt !== undefined) return [hook('UserPromptSubmit', at, { ...of, prompt })]
    if (payload.type === 'task_complete') {
      return [hook('Stop', at, { ...of, last_assistant_message: textIn(payload, 'last_agent_message') })]
    }
    const item = payload.type === 'item_completed' ? objectIn(payload, 'item') : undefined
    const id = item?.type === 'CommandExecution' ? textIn(item, 'id') : undefined
    if (!item || id === undefined) return []
    const words = Array.isArray(item.command) ? item.command : [item.command]
    const use = { ...of, tool_name: 'Bash', tool_input: { command: words.at(-1) }, tool_use_id: id }
    const [begin, end] = [numberIn(payload, 'started_at_ms') ?? at, numberIn(payload, 'completed_at_ms') ?? at]
    const response = textIn(item, 'aggregated_output') ?? textIn(item, 'output') ?? ''
    const code = numberIn(item, 'exit_code') ?? 0
    const ended =
      code === 0
        ? hook('PostToolUse', end, { ...use, tool_response: response })
        : hook('PostToolUseFailure', end, { ...use, error: `Exit code ${code}\n${response}` })
    return [hook('PreToolUse', begin, use), ended]
  }

  return {
    take,
    lastAt: () => lastAt,
    end: () => [],
    over: (at = lastAt) => (begun ? [hook('SessionEnd', at, { reason: 'other' })] : []),
  }
}

/** The input counts what came from the cache too. */
function takeTokens(totals: Totals, payload: Facts): void {
  const sum = objectIn(objectIn(payload, 'info') ?? {}, 'total_token_usage')
  if (!sum) return
  const cacheRead = numberIn(sum, 'cached_input_tokens') ?? 0
  const all = numberIn(sum, 'input_tokens') ?? 0
  totals.calls++
  totals.tokens = {
    in: Math.max(0, all - cacheRead),
    out: numberIn(sum, 'output_tokens') ?? 0,
    cacheRead,
    cacheWrite: 0,
  }
}
