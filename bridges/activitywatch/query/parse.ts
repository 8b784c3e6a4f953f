// From a statement of a query to what it says: a name, and the expression that is assigned to it. Keeps the ways of
// aw_query's reader that decide which queries it takes; above all, of the arguments that follow one ending in a bracket
// the next is lost: `f(g(), 1, 2)` calls `f` with two. Not for: where tokens end (tokens.ts), or values (evaluate.ts).
import type { Budget } from './budget.ts'
import { parseError } from './failures.ts'
import { first, strip, type Token, take } from './tokens.ts'

export type Expression =
  | { kind: 'constant'; value: string | number }
  | { kind: 'variable'; name: string }
  | { kind: 'list'; items: Expression[] }
  | { kind: 'dict'; entries: [string, Expression][] }
  | { kind: 'call'; name: string; args: Expression[] }

export interface Statement {
  name: string
  value: Expression
}

/** Throws QueryParseException, or QueryCrash where aw-server fails. */
export function parseStatement(line: string, budget: Budget): Statement {
  const at = line.indexOf('=')
  const [left, right] = [line.slice(0, at), line.slice(at + 1)]
  if (right === '') throw parseError('Nothing to assign')
  const target = take(left, budget)
  if (strip(target.rest) !== '') throw parseError('Invalid syntax for assignment variable')
  if (target.kind !== 'variable') throw parseError('Cannot assign to a non-variable')
  const value = take(right, budget)
  if (value.rest !== '') throw parseError('Invalid syntax for value to assign')
  return { name: target.text, value: expression(value, budget, 0) }
}

function expression({ kind, text }: Token, budget: Budget, depth: number): Expression {
  budget.deep(depth)
  if (kind === 'string') return { kind: 'constant', value: unquoted(text) }
  if (kind === 'integer') return { kind: 'constant', value: integer(text) }
  if (kind === 'function') return call(text, budget, depth + 1)
  if (kind === 'dict') return { kind: 'dict', entries: entries(text.slice(1, -1), budget, depth + 1) }
  if (kind === 'list') return { kind: 'list', items: items(text.slice(1, -1), budget, depth + 1) }
  return { kind: 'variable', name: text }
}

function call(text: string, budget: Budget, depth: number): Expression {
  const open = text.indexOf('(')
  const args: Expression[] = []
  let rest = text.slice(open + 1, -1)
  while (rest !== '') {
    const argument = take(rest, budget)
    const comma = argument.rest.indexOf(',')
    budget.spend(comma === -1 ? argument.rest.length : comma)
    rest = argument.rest.slice(comma + 1)
    args.push(expression(argument, budget, depth))
  }
  return { kind: 'call', name: text.slice(0, open), args }
}

function items(inner: string, budget: Budget, depth: number): Expression[] {
  const found: Expression[] = []
  let rest = inner
  while (rest !== '') {
    const item = take(afterComma(strip(rest), found.length), budget)
    if (item.kind === undefined) throw parseError('List expected a value, got nothing')
    found.push(expression(item, budget, depth))
    rest = item.rest
  }
  return found
}

function entries(inner: string, budget: Budget, depth: number): [string, Expression][] {
  const found = new Map<string, Expression>()
  let rest = inner
  while (rest !== '') {
    const key = take(afterComma(strip(rest), found.size), budget)
    if (key.kind !== 'string') throw parseError('Key in dict is not a str')
    const colon = strip(key.rest)
    if (first(colon) !== ':') throw parseError('Key in dict is not followed by a :')
    const value = take(colon.slice(1), budget)
    if (value.kind === undefined) throw parseError('Dict expected a value, got nothing')
    found.set(unquoted(key.text), expression(value, budget, depth))
    rest = value.rest
  }
  return [...found]
}

/** Between two entries a comma may stand, but need not. */
const afterComma = (text: string, before: number) => (before > 0 && first(text) === ',' ? text.slice(1) : text)

function unquoted(text: string): string {
  const quote = first(text)
  return text.replaceAll(`\\${quote}`, quote).slice(1, -1)
}

function integer(text: string): number {
  const value = Number(text)
  if (!Number.isSafeInteger(value)) throw parseError(`The number ${text.slice(0, 20)} is too large`)
  return value
}
