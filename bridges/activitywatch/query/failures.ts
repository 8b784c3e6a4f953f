// How a query ends without an answer. Types and texts are those of aw_query 0.5.18, as clients compare and show them.
// Not for: what the server makes of them (../server/).

/** The first three are aw_query's own; the last is ours, which has no bounds there. */
export type QueryErrorType =
  | 'QueryParseException'
  | 'QueryInterpretException'
  | 'QueryFunctionException'
  | 'QueryLimitException'

/** The query is wrong, and the client is told: 400 `{type, message}`. */
export class QueryError extends Error {
  readonly type: QueryErrorType
  constructor(type: QueryErrorType, message: string) {
    super(message)
    this.name = 'QueryError'
    this.type = type
  }
}

/** Where aw-server has no answer but fails itself: 500. `kind` is the exception it dies of. */
export class QueryCrash extends Error {
  readonly kind: string
  constructor(kind: string, message: string) {
    super(message)
    this.name = 'QueryCrash'
    this.kind = kind
  }
}

/** A value that a function cannot work with. Leaves the query as aw_query's error about the amount of arguments. */
export class Unfit extends Error {}

export const parseError = (message: string) => new QueryError('QueryParseException', message)
export const interpretError = (message: string) => new QueryError('QueryInterpretException', message)
export const functionError = (message: string) => new QueryError('QueryFunctionException', message)
export const limitError = (message: string) => new QueryError('QueryLimitException', message)
