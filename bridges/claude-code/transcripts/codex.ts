// What a rollout of Codex adds up to: another format, of which title, model and tokens are read. Pure. Not for: its past
// event by event.
import { promptOfText } from '../keys.ts'
import { type Facts, type Line, numberIn, objectIn, textIn } from './lines.ts'
import type { Totals } from './totals.ts'

/** Takes one more line in; changes the totals. Sums of tokens stand in the transcript itself. */
export function takeCodexLine(totals: Totals, line: Line): void {
  totals.lines++
  if (line === 'long') totals.longLines++
  else if (line === undefined) totals.badLines++
  else takeFacts(totals, line)
}

function takeFacts(totals: Totals, line: Facts): void {
  const at = Date.parse(textIn(line, 'timestamp') ?? '')
  if (Number.isFinite(at)) {
    totals.firstAt = Math.min(totals.firstAt ?? at, at)
    totals.lastAt = Math.max(totals.lastAt ?? at, at)
  }
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
  if (line.type === 'event_msg' && payload.type === 'user_message') takePrompt(totals, textIn(payload, 'message') ?? '')
  if (line.type === 'event_msg' && payload.type === 'token_count') takeTokens(totals, payload)
  if (line.type === 'response_item' && /_call$/.test(textIn(payload, 'type') ?? '')) totals.tools++
}

function takePrompt(totals: Totals, text: string): void {
  totals.prompts++
  totals.prompt = promptOfText(text)
  const title = text.replace(/\s+/g, ' ').trim().slice(0, 200).toWellFormed()
  if (title !== '') totals.titles.prompt ??= title
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
