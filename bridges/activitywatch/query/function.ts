// What a function of the query language is, and what it is given. Not for: the functions (functions.ts).
import type { Budget } from './budget.ts'
import type { TypeName } from './print.ts'
import type { Regexes } from './regex.ts'
import type { QuerySource } from './source.ts'
import type { Value } from './values.ts'

/** What one period of a query sees. */
export interface Scope {
  readonly source: QuerySource
  readonly budget: Budget
  readonly regexes: Regexes
  /** The variables; `STARTTIME` and `ENDTIME` are among them and may be assigned. */
  readonly names: Map<string, Value>
}

export interface Parameter {
  name: string
  /** Checked before the call, unless it is optional. */
  type: TypeName
  optional?: true
}

export interface QueryFunction {
  readonly takes: readonly Parameter[]
  /** `args` are as many as are given, at most as many as are taken, of the types that are checked. May throw Unfit. */
  run(scope: Scope, args: Value[]): Value
}
