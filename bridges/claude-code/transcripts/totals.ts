// What a transcript adds up to, line by line: title, model, tokens of the session and of each prompt. A fold over lines
// that can stop after any of them and go on from what it has. Pure. Not for: reading files (reader.ts), or the past
// event by event (past.ts).
import type { Facts, Line } from './lines.ts'
import { numberIn, objectIn, textIn } from './lines.ts'
import { promptIn } from './prompts.ts'

/** Tokens as the Messages API counts them. */
export interface Tokens {
  in: number
  out: number
  cacheRead: number
  cacheWrite: number
}

/** What a prompt cost. */
export interface PromptTotals {
  id: string
  tokens: Tokens
  model?: string | undefined
  /** Answers of the model. */
  calls: number
  /** Of its last line, epoch ms. */
  lastAt: number
}

/** Plain values: kept as JSON between two readings. */
export interface Totals {
  session?: string | undefined
  cwd?: string | undefined
  branch?: string | undefined
  version?: string | undefined
  titles: { custom?: string; ai?: string; summary?: string; prompt?: string }
  model?: string | undefined
  tokens: Tokens
  calls: number
  /** US dollars, where the transcript says it. */
  cost?: number | undefined
  firstAt?: number | undefined
  lastAt?: number | undefined
  prompts: number
  tools: number
  failures: number
  lines: number
  /** Lines that are no JSON object, and those too long to be read. */
  badLines: number
  longLines: number
  /** The prompt that answers belong to. */
  prompt?: string | undefined
  /** The last prompts. */
  recentPrompts: PromptTotals[]
  /** The last answers by `message.id`, with what was counted of each: one answer spans several lines. */
  recentCalls: [id: string, tokens: Tokens, prompt: string | undefined][]
}

const CALLS = 64
const PROMPTS = 16
const TITLE = 200
/** What stands in the place of the model in lines that no model wrote. */
const NO_MODEL = '<synthetic>'

export function noTokens(): Tokens {
  return { in: 0, out: 0, cacheRead: 0, cacheWrite: 0 }
}

export function emptyTotals(): Totals {
  const counts = { calls: 0, prompts: 0, tools: 0, failures: 0, lines: 0, badLines: 0, longLines: 0 }
  return { titles: {}, tokens: noTokens(), ...counts, recentPrompts: [], recentCalls: [] }
}

/** The title of a session: what a person named it, what the program did, how it began. */
export function titleOf({ titles }: Totals): string | undefined {
  return titles.custom ?? titles.ai ?? titles.summary ?? titles.prompt
}

/** The sum. */
export function plus(a: Tokens, b: Tokens): Tokens {
  return {
    in: a.in + b.in,
    out: a.out + b.out,
    cacheRead: a.cacheRead + b.cacheRead,
    cacheWrite: a.cacheWrite + b.cacheWrite,
  }
}

/** Takes one more line in; changes the totals. */
export function takeLine(totals: Totals, line: Line): void {
  countLine(totals, line, takeFacts)
}

/**
 * What every format has: a line is counted, as what it is; the time of one that can be read is a moment of the session,
 * and `take` gets both. NaN: it has none.
 */
export function countLine(totals: Totals, line: Line, take: (totals: Totals, line: Facts, at: number) => void): void {
  totals.lines++
  if (line === 'long') totals.longLines++
  else if (line === undefined) totals.badLines++
  else {
    const at = Date.parse(textIn(line, 'timestamp') ?? '')
    if (Number.isFinite(at)) {
      totals.firstAt = Math.min(totals.firstAt ?? at, at)
      totals.lastAt = Math.max(totals.lastAt ?? at, at)
    }
    take(totals, line, at)
  }
}

function takeFacts(totals: Totals, line: Facts, at: number): void {
  totals.session ??= textIn(line, 'sessionId')
  totals.cwd = textIn(line, 'cwd') ?? totals.cwd
  totals.branch = branchOf(line) ?? totals.branch
  totals.version = textIn(line, 'version') ?? totals.version
  takeTitle(totals, line)
  if (line.type === 'user') takeUser(totals, line, at)
  if (line.type === 'assistant') takeAnswer(totals, line, at)
  if (line.type === 'cost-state') totals.cost = numberIn(line, 'totalCostUSD') ?? totals.cost
}

function takeTitle({ titles }: Totals, line: Facts): void {
  const custom = line.type === 'custom-title' ? textIn(line, 'customTitle') : undefined
  const ai = line.type === 'ai-title' ? textIn(line, 'aiTitle') : undefined
  const agent = line.type === 'agent-name' ? textIn(line, 'agentName') : undefined
  const summary = line.type === 'summary' ? textIn(line, 'summary') : undefined
  if (custom !== undefined) titles.custom = short(custom)
  if (ai !== undefined || agent !== undefined) titles.ai = short(ai ?? agent ?? '')
  if (summary !== undefined) titles.summary = short(summary)
}

function takeUser(totals: Totals, line: Facts, at: number): void {
  const content = objectIn(line, 'message')?.content
  if (Array.isArray(content)) {
    const results = content.filter((block) => block?.type === 'tool_result')
    totals.failures += results.filter((block) => block.is_error === true).length
  }
  const prompt = promptIn(line)
  if (!prompt) return
  totals.prompts++
  totals.prompt = prompt.id
  if (prompt.typed) totals.titles.prompt ??= short(prompt.text)
  promptTotals(totals, prompt.id, at)
}

function takeAnswer(totals: Totals, line: Facts, at: number): void {
  const message = objectIn(line, 'message')
  if (!message) return
  const content = Array.isArray(message.content) ? message.content : []
  totals.tools += content.filter((block) => block?.type === 'tool_use').length
  const model = textIn(message, 'model')
  if (model === NO_MODEL) return
  totals.model = model ?? totals.model
  const usage = objectIn(message, 'usage')
  if (!usage) return
  const id = textIn(message, 'id')
  // Stand-ins for the API number their answers anew; a request is one in the world.
  const call = id === undefined ? (textIn(line, 'uuid') ?? '') : [id, textIn(line, 'requestRef')].join(' ').trim()
  count(totals, call, tokensOf(usage), model, at)
}

/** Later lines of an answer repeat its figures, or know more. */
function count(totals: Totals, id: string, said: Tokens, model: string | undefined, at: number): void {
  const known = totals.recentCalls.find(([call]) => call === id && id !== '')
  const counted = known?.[1] ?? noTokens()
  const more: Tokens = {
    in: Math.max(0, said.in - counted.in),
    out: Math.max(0, said.out - counted.out),
    cacheRead: Math.max(0, said.cacheRead - counted.cacheRead),
    cacheWrite: Math.max(0, said.cacheWrite - counted.cacheWrite),
  }
  totals.tokens = plus(totals.tokens, more)
  const prompt = known ? known[2] : totals.prompt
  if (prompt !== undefined) {
    const of = promptTotals(totals, prompt, at)
    of.tokens = plus(of.tokens, more)
    of.model = model ?? of.model
    if (!known) of.calls++
  }
  if (known) known[1] = plus(counted, more)
  else {
    totals.calls++
    totals.recentCalls = [...totals.recentCalls, [id, said, prompt] satisfies Totals['recentCalls'][number]].slice(
      -CALLS,
    )
  }
}

function promptTotals(totals: Totals, id: string, at: number): PromptTotals {
  const lastAt = Number.isFinite(at) ? at : (totals.lastAt ?? 0)
  let of = totals.recentPrompts.find((prompt) => prompt.id === id)
  if (!of) {
    of = { id, tokens: noTokens(), calls: 0, lastAt }
    totals.recentPrompts = [...totals.recentPrompts, of].slice(-PROMPTS)
  }
  of.lastAt = Math.max(of.lastAt, lastAt)
  return of
}

function tokensOf(usage: Facts): Tokens {
  const of = (name: string) => Math.max(0, numberIn(usage, name) ?? 0)
  return {
    in: of('input_tokens'),
    out: of('output_tokens'),
    cacheRead: of('cache_read_input_tokens'),
    cacheWrite: of('cache_creation_input_tokens'),
  }
}

/** A folder that is no repository is said to be on the branch HEAD. */
export function branchOf(line: Facts): string | undefined {
  const branch = textIn(line, 'gitBranch')
  return branch === 'HEAD' ? undefined : branch
}

/** One line; where it is cut, no word is, so that no secret is too short to be known as one. */
export function short(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim()
  if (line.length <= TITLE) return line
  const cut = line.slice(0, TITLE - 1).toWellFormed()
  return `${/^[!-~]$/.test(line.charAt(TITLE - 1)) ? cut.replace(/[!-~]+$/, '') : cut}…`
}
