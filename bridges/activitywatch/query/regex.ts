// Regular expressions of a query: user input, run over every event. They are written for a backtracking engine but run
// on one that takes linear time (re2js), so none can hang the house; what that cannot do (lookahead, back references) is
// refused by name. Kept per request, since a dashboard asks with the same fifty for every day of a year.
// Not for: what the notation means (regex-syntax.ts).
import { RE2JS } from 're2js'
import type { Budget } from './budget.ts'
import { functionError } from './failures.ts'
import { translate } from './regex-syntax.ts'

/** Whether it occurs anywhere in the text. */
export type Matcher = (text: string) => boolean

export interface Regexes {
  /** Throws QueryFunctionException for what is no regular expression, or one we cannot run. */
  compile(pattern: string, ignoreCase?: boolean): Matcher
}

const LONGEST_PATTERN = 5000
const LARGEST_PROGRAM = 20_000
/** Of a value, what comes after these characters is not looked at: a title of a megabyte is no title. */
const LONGEST_TEXT = 65_536

export function openRegexes(budget: Budget): Regexes {
  const known = new Map<string, Matcher>()
  return {
    compile(pattern, ignoreCase = false) {
      const key = `${ignoreCase ? 'i' : ' '}${pattern}`
      const matcher = known.get(key) ?? compiled(pattern, ignoreCase, budget)
      known.set(key, matcher)
      return matcher
    },
  }
}

function compiled(pattern: string, ignoreCase: boolean, budget: Budget): Matcher {
  if (pattern.length > LONGEST_PATTERN) throw refused(pattern, `it has more than ${LONGEST_PATTERN} characters`)
  const { source, flags, problem } = translate(pattern)
  if (problem !== undefined) throw refused(pattern, problem)
  const engine = attempt(pattern, source, `${flags}${ignoreCase ? 'i' : ''}`)
  const size = engine.programSize()
  if (size > LARGEST_PROGRAM) throw refused(pattern, 'its repetitions make it too large')
  budget.spend(20 * size)
  return (text) => {
    budget.spend(2 + (Math.min(text.length, LONGEST_TEXT) >> 6))
    return engine.test(text.length > LONGEST_TEXT ? text.slice(0, LONGEST_TEXT) : text)
  }
}

function attempt(pattern: string, source: string, flags: string): RE2JS {
  const bits =
    (flags.includes('i') ? RE2JS.CASE_INSENSITIVE : 0) |
    (flags.includes('m') ? RE2JS.MULTILINE : 0) |
    (flags.includes('s') ? RE2JS.DOTALL : 0)
  try {
    return RE2JS.compile(source, bits | RE2JS.LOOKBEHINDS)
  } catch (error) {
    const { message } = error as Error
    throw refused(pattern, message.replace(/^error parsing regexp: /, '').replace(/:[^:]*$/s, ''))
  }
}

const refused = (pattern: string, why: string) =>
  functionError(`The regular expression '${pattern.slice(0, 200)}' cannot be used: ${why}`)
