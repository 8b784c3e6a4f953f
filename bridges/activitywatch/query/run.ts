// Runs a query of ActivityWatch's language (query2, as aw-server 0.14 with aw-core 0.5.18 runs it) over a source of
// events. Pure but for the source and the clock: no HTTP, no SQL, no eval. Not for: the endpoint (../server/).
import { openAnswers } from './answer.ts'
import { defaultLimits, type Limits, openBudget } from './budget.ts'
import { evaluate } from './evaluate.ts'
import { limitError, parseError } from './failures.ts'
import type { Scope } from './function.ts'
import { functions } from './functions.ts'
import { printInstant } from './instants.ts'
import { parseStatement, type Statement } from './parse.ts'
import { readPeriod } from './period.ts'
import { openRegexes } from './regex.ts'
import type { QuerySource } from './source.ts'
import { statements } from './tokens.ts'
import type { Value } from './values.ts'

export interface QueryOptions {
  /** What the query may read as NAME. */
  name?: string
  /** Where they shall differ from `defaultLimits`. */
  limits?: Partial<Limits>
  /** Ms, of a clock that never goes back. */
  now?: () => number
}

/**
 * Answers one JSON value a period (`<ISO 8601>/<ISO 8601>`): what the query assigned to RETURN. Lines of a query are put
 * together as they are; statements end with a semicolon.
 *
 * Throws QueryError `{type, message}` for what is wrong with the query, and QueryCrash where aw-server fails without an
 * answer (500): a period that is none, an argument that is missing, a list of other things than events.
 */
export function runQuery(
  query: readonly string[] | string,
  timeperiods: readonly string[],
  source: QuerySource,
  options: QueryOptions = {},
): unknown[] {
  const limits = { ...defaultLimits, ...options.limits }
  const text = typeof query === 'string' ? query : query.join('')
  if (text.length > limits.characters) throw limitError(`The query has more than ${limits.characters} characters`)
  if (timeperiods.length > limits.periods) throw limitError(`The query has more than ${limits.periods} periods`)
  const budget = openBudget(limits, options.now ?? (() => performance.now()))
  const [regexes, answers] = [openRegexes(budget), openAnswers(budget)]
  const lines = statements(text, budget)
  const parsed: Statement[] = []
  return timeperiods.map((period) => {
    const { start, end } = readPeriod(period)
    const names = new Map<string, Value>([...constants, ['NAME', options.name ?? '']])
    names.set('STARTTIME', printInstant(start) ?? '').set('ENDTIME', printInstant(end) ?? '')
    const scope: Scope = { source, budget, regexes, names }
    budget.nextPeriod()
    for (const [i, line] of lines.entries()) {
      const statement = parsed[i] ?? parseStatement(line, budget)
      parsed[i] = statement
      names.set(statement.name, evaluate(statement.value, scope, functions))
    }
    const answer = names.get('RETURN')
    if (answer === undefined) throw parseError("Query doesn't assign the RETURN variable, nothing to respond")
    return answers.json(answer)
  })
}

const constants: [string, Value][] = [
  ['True', true],
  ['False', false],
  ['true', true],
  ['false', false],
]
