// The hooks that are about what happens in a session: prompts, tools, subagents, compactions, tasks, permissions, notices.
// One function an event; what no function knows is told as it is. Pure but for `known`. Not for: the session itself
// (sessions.ts).
import { hash } from 'node:crypto'
import { CONNECTED } from './call.ts'
import { type Facts, present } from './fields.ts'
import { ALIKE_MS, compactionsOf, keys, promptOfText } from './keys.ts'
import { ALONE, inferEnds, nameOf, type Turn, tell } from './notify.ts'
import { closeIn, type Open, openIn } from './session.ts'
import { exitCodeOf, inOneLine, inputOf, outputOf, useInWords } from './tools.ts'

export const eventTellers: Record<string, (turn: Turn) => void> = {
  UserPromptSubmit(turn) {
    const { session, fields, call } = turn
    const text = fields.text('prompt') ?? ''
    const by = fields.text('source') ?? (/^<[a-z-]+[\s>]/.test(text) ? 'system' : 'user')
    // Nobody tells that a prompt was interrupted: the next one does.
    const left = Object.keys(session.open).filter((key) => session.open[key]?.type === 'prompt')
    turn.told.push(...inferEnds(session, turn.context, { at: session.lastAt, reason: 'interrupted', keys: left }))
    const key = promptKey(turn, text)
    const summary = inOneLine(text) || `A prompt to ${nameOf(call.source)}`
    Object.assign(session, { prompt: key, promptAt: call.at, blind: undefined })
    session.counts.prompts++
    begin(
      turn,
      key,
      { type: 'prompt', summary },
      { prompt: text, by, typed: by === 'user', title: fields.text('session_title') },
    )
  },
  Stop(turn) {
    endPrompt(turn, { ok: true })
  },
  StopFailure(turn) {
    const { session, fields } = turn
    const error = fields.text('error') ?? 'unknown'
    const message = fields.text('last_assistant_message')
    const details = fields.value('error_details')
    const data = present({ error, message, details: details ?? undefined, ok: false })
    tell(turn, {
      key: errorKey(turn),
      type: 'error',
      once: true,
      summary: inOneLine(message ?? `${nameOf(turn.call.source)} failed: ${error}`),
      data,
    })
    session.counts.failures++
    endPrompt(turn, { ok: false, error })
  },
  PreToolUse(turn) {
    const { tool, input, key, facts } = toolOf(turn)
    begin(turn, key, { type: 'tool', summary: useInWords(tool, input), tool }, { ...facts, ...inputOf(input) })
  },
  PostToolUse(turn) {
    const { tool } = toolOf(turn)
    const response = turn.fields.value('tool_response')
    // Codex answers with what was printed, and nothing says whether it worked.
    const ok = typeof response === 'string' ? undefined : (Object(response) as Facts).interrupted !== true
    endTool(turn, { ok, ...outputOf(tool, response) })
  },
  PostToolUseFailure(turn) {
    const error = turn.fields.text('error')
    const interrupted = turn.fields.flag('is_interrupt') || undefined
    endTool(turn, { ok: false, exit_code: exitCodeOf(error), error, interrupted })
  },
  PermissionRequest: (turn) => permission(turn, 'asked'),
  PermissionDenied(turn) {
    permission(turn, 'denied')
    if (turn.session.open[toolOf(turn).key]) endTool(turn, { ok: false, error: 'denied' })
  },
  SubagentStart(turn) {
    const summary = `Subagent ${turn.fields.text('agent_type') ?? ''}`.trim()
    begin(turn, subagentKey(turn), { type: 'subagent', summary }, {})
  },
  SubagentStop(turn) {
    const summary = `Subagent ${turn.fields.text('agent_type') ?? ''}`.trim()
    turn.fields.value('agent_transcript_path')
    turn.fields.value('stop_hook_active')
    end(turn, subagentKey(turn), 'subagent', summary, { ok: true, answer: turn.fields.text('last_assistant_message') })
  },
  PreCompact(turn) {
    const { session, context, call, fields } = turn
    const key =
      context.known.nearby(compactionsOf(session.id), 'start', call.at, ALIKE_MS) ??
      keys.compaction(session.id, call.at)
    const summary = `${nameOf(call.source)} compacts its context`
    begin(
      turn,
      key,
      { type: 'compaction', summary },
      { trigger: fields.text('trigger'), instructions: fields.text('custom_instructions') },
    )
  },
  PostCompact(turn) {
    const { session, call, fields } = turn
    const key = Object.keys(session.open).findLast((each) => session.open[each]?.type === 'compaction')
    const data = { ok: true, trigger: fields.text('trigger'), compact_summary: fields.text('compact_summary') }
    end(
      turn,
      key ?? keys.compaction(session.id, call.at),
      'compaction',
      `${nameOf(call.source)} compacted its context`,
      data,
    )
  },
  TaskCreated: (turn) => begin(turn, taskKey(turn), { type: 'task', summary: taskInWords(turn) }, taskFacts(turn)),
  TaskCompleted: (turn) => end(turn, taskKey(turn), 'task', taskInWords(turn), { ok: true, ...taskFacts(turn) }),
  Notification(turn) {
    const { fields, call } = turn
    const message = fields.text('message')
    const title = fields.text('title')
    const kind = fields.text('notification_type')
    const summary = inOneLine(message ?? title ?? `${nameOf(call.source)} has news`)
    tell(turn, { key: aloneKey(turn), type: 'notification', summary, data: { message, title, kind } })
  },
  [CONNECTED](turn) {
    const summary = `The hooks of ${nameOf(turn.call.source)} reach Daybook`
    tell(turn, { key: aloneKey(turn), type: 'event', summary, data: { event: CONNECTED, probe: true } })
  },
  UserPromptExpansion(turn) {
    const { fields, call } = turn
    const [name, words] = [fields.text('command_name') ?? 'command', fields.text('command_args')]
    const data = { event: call.event, command: name, arguments: words, kind: fields.text('expansion_type') }
    tell(turn, { key: aloneKey(turn), type: 'event', summary: inOneLine(`/${name} ${words ?? ''}`), data })
  },
}

/** Under its own name, with all its fields. */
export function tellOther(turn: Turn): void {
  const { event, source } = turn.call
  tell(turn, { key: aloneKey(turn), type: 'event', summary: `${nameOf(source)}: ${event}`, data: { event } })
}

function begin(turn: Turn, key: string, open: Pick<Open, 'type' | 'summary' | 'tool'>, data: Facts): void {
  const agent = turn.fields.text('agent_id')
  openIn(turn.session, key, {
    ...open,
    at: turn.call.at,
    ...(turn.prompt && { cause: turn.prompt }),
    ...(agent && { agent }),
  })
  tell(turn, { key, type: open.type, phase: 'start', summary: open.summary, data: { tool: open.tool, ...data } })
}

/** What began in a pause does not end here. */
function end(turn: Turn, key: string, type: string, summary: string, data: Facts, took?: number): void {
  const open = closeIn(turn.session, key)
  if (!open && turn.session.blind) return
  const duration = took ?? (open && turn.call.at - open.at)
  tell(turn, { key, type, phase: 'end', summary: open?.summary ?? summary, data, duration })
}

function endPrompt(turn: Turn, outcome: Facts): void {
  const { session, fields, call } = turn
  const key = turn.prompt === undefined ? session.prompt : keys.prompt(session.id, turn.prompt)
  const answer = fields.text('last_assistant_message')
  if (key === undefined) {
    tellOther(turn)
    return
  }
  const open = closeIn(session, key)
  if (!open && session.blind) return
  // A hook of others can make it go on after a Stop, so that the same prompt stops again.
  const again = !open && session.prompt === key
  fields.flag('stop_hook_active')
  const began = open?.at ?? (session.prompt === key ? session.promptAt : undefined)
  const summary = open?.summary ?? inOneLine(answer ?? `${nameOf(call.source)} answered`)
  const duration = began === undefined ? undefined : call.at - began
  tell(turn, { key, type: 'prompt', phase: 'end', summary, data: { ...outcome, answer }, duration, again })
}

function toolOf({ fields, session }: Turn) {
  const tool = fields.text('tool_name') ?? 'tool'
  const input = fields.value('tool_input')
  const use = fields.text('tool_use_id')
  const key = keys.tool(session.id, use ?? `~${printOf([tool, input])}`)
  return { tool, input, key, facts: { tool, tool_use_id: use, mcp_server: fields.value('mcp_server') ?? undefined } }
}

function endTool(turn: Turn, outcome: Facts): void {
  const { tool, input, key, facts } = toolOf(turn)
  const { counts, open } = turn.session
  counts.tools++
  if (outcome.ok === false) counts.failures++
  // Readers see the start's input with the end; where there was no start it stands here.
  const data = { ...facts, ...(open[key] ? {} : inputOf(input)), ...outcome }
  end(turn, key, 'tool', useInWords(tool, input), data, turn.fields.number('duration_ms'))
}

function permission(turn: Turn, decision: 'asked' | 'denied'): void {
  const { tool, input, facts } = toolOf(turn)
  const data = { ...facts, decision, reason: turn.fields.text('reason'), ...inputOf(input) }
  const summary = decision === 'asked' ? `May it? ${useInWords(tool, input)}` : `Denied: ${useInWords(tool, input)}`
  tell(turn, { key: aloneKey(turn), type: 'permission', summary: inOneLine(summary), data })
}

function promptKey({ session, prompt, call, context }: Turn, text: string): string {
  if (prompt !== undefined) return keys.prompt(session.id, prompt)
  const key = keys.prompt(session.id, promptOfText(text))
  const near = context.known.nearby(key, 'start', call.at, ALIKE_MS)
  return near ?? (context.known.when(key, 'start') === undefined ? key : `${key}/${call.at}`)
}

/** A failure that the channels time differently is one; the same prompt may fail again later. */
function errorKey({ session, prompt, call, context }: Turn): string {
  const of = prompt ?? session.prompt?.slice(keys.prompt(session.id, '').length)
  const key = keys.error(session.id, of ?? '~')
  const near = context.known.nearby(key, ALONE, call.at, ALIKE_MS)
  return near ?? (context.known.when(key, ALONE) === undefined ? key : `${key}/${call.at}`)
}

function subagentKey({ session, fields, call }: Turn): string {
  return keys.subagent(session.id, fields.text('agent_id') ?? `~${call.at}`)
}

function taskKey({ session, fields, call }: Turn): string {
  return `task/${session.id}/${fields.text('task_id') ?? `~${printOf(call.body)}`}`
}

function taskFacts({ fields }: Turn): Facts {
  const text = (name: string) => fields.text(name)
  const people = { teammate: text('teammate_name'), team: text('team_name') }
  return { task: text('task_id'), subject: text('task_subject'), description: text('task_description'), ...people }
}

function taskInWords({ fields }: Turn): string {
  return inOneLine(`Task: ${fields.text('task_subject') ?? fields.text('task_id') ?? 'without a name'}`)
}

/** The key of what stands alone. */
function aloneKey({ session, call }: Turn): string {
  return `${call.event}/${session.id}/${printOf(call.body)}`
}

function printOf(value: unknown): string {
  return hash('sha256', JSON.stringify(value) ?? '', 'hex').slice(0, 16)
}
