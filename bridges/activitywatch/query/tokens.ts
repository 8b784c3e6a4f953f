// The tokens of the query language, cut off the front of a text one at a time. aw_query's reader is loose in ways that
// decide which queries it takes, so they are kept: an escape counts the one character before it; after a closing bracket
// one more character is skipped, whatever it is; an unclosed list or dict ends with the text. Not for: what is inside a
// token (parse.ts).
import type { Budget } from './budget.ts'
import { parseError, QueryCrash } from './failures.ts'

export type TokenKind = 'string' | 'integer' | 'function' | 'dict' | 'list' | 'variable'

export interface Token {
  /** Undefined where the text was empty. */
  kind?: TokenKind
  text: string
  rest: string
}

const blank = '[\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]'
const leading = new RegExp(`^${blank}+`)
const blankOnly = new RegExp(blank)
const digits = /^[0-9]+/
const name = /^[\p{L}_][\p{L}_\p{Nd}]*/u
const call = /^(?:[\p{L}_][\p{L}_\p{Nd}]*)?\(/u

/** Without white space at both ends. */
export function strip(text: string): string {
  let end = text.length
  while (end > 0 && blankOnly.test(text[end - 1] as string)) end--
  return text.slice(0, end).replace(leading, '')
}

/** The first character; throws QueryCrash where aw-server fails for want of one. */
export function first(text: string): string {
  const [character] = text
  if (character === undefined) throw new QueryCrash('IndexError', 'The query ends where something must follow')
  return character
}

/** The token at the front. Throws QueryParseException. */
export function take(source: string, budget: Budget): Token {
  budget.spend()
  if (source === '') return { text: '', rest: '' }
  const text = strip(source)
  const opening = first(text)
  if (opening === '"' || opening === "'") return cut('string', text, stringEnd(text, opening, budget))
  const number = digits.exec(text)
  if (number) return cut('integer', text, number[0].length)
  const head = call.exec(text)
  if (head) {
    const end = bracketEnd(text, head[0].length, '(', ')', budget)
    if (end.closed) return cut('function', text, end.at, 1)
  }
  if (opening === '{') return cut('dict', text, bracketEnd(text, 1, '{', '}', budget).at, 1)
  if (opening === '[') return cut('list', text, bracketEnd(text, 1, '[', ']', budget).at, 1)
  const variable = name.exec(text)
  if (variable) return cut('variable', text, variable[0].length)
  throw parseError(`Syntax error: ${text}`)
}

/** Statements between semicolons; those in texts separate nothing. */
export function statements(query: string, budget: Budget): string[] {
  budget.spend(query.length)
  const found: string[] = []
  const quotes = quoting()
  let from = 0
  for (let i = 0; i < query.length; i++) {
    if (quotes(query[i] as string) || query[i] !== ';') continue
    found.push(query.slice(from, i))
    from = i + 1
  }
  found.push(query.slice(from))
  return found.map(strip).filter((statement) => statement !== '')
}

function cut(kind: TokenKind, text: string, end: number, skipped: 0 | 1 = 0): Token {
  const after = text.codePointAt(end)
  return {
    kind,
    text: text.slice(0, end),
    rest: text.slice(end + (after !== undefined && after > 0xffff ? 2 : 1) * skipped),
  }
}

function stringEnd(text: string, quote: string, budget: Budget): number {
  let end = 1
  let before = ''
  for (; end < text.length; before = text[end++] as string) {
    if (text[end] === quote && before !== '\\') break
  }
  budget.spend(end)
  if (end < text.length) return end + 1
  if (text.length < 2 || text.at(-1) !== quote) throw parseError('Failed to parse string')
  return end
}

function bracketEnd(text: string, from: number, open: string, close: string, budget: Budget) {
  const quotes = quoting()
  let depth = 1
  let at = from
  while (at < text.length && depth > 0) {
    const character = text[at++] as string
    if (quotes(character)) continue
    if (character === open) depth++
    if (character === close) depth--
  }
  budget.spend(at)
  return { at, closed: depth === 0 }
}

/** Fed with one character after the other: whether this one is in a text, or a quote of it. */
function quoting(): (character: string) => boolean {
  let inside = ''
  let before = ''
  return (character) => {
    const escaped = before === '\\'
    before = character
    if ((character === '"' || character === "'") && !escaped) {
      if (inside === '') inside = character
      else if (inside === character) inside = ''
      return true
    }
    return inside !== ''
  }
}
