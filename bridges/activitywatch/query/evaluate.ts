// What an expression is worth. Not for: reading it (parse.ts), or what the functions do (functions.ts).
import { functionError, interpretError, QueryCrash, QueryError, Unfit } from './failures.ts'
import type { Parameter, QueryFunction, Scope } from './function.ts'
import type { Expression } from './parse.ts'
import { isType, printed, typeName } from './print.ts'
import { type Dict, emptyDict, type Value } from './values.ts'

/** Throws QueryError, or QueryCrash where aw-server fails. */
export function evaluate(expression: Expression, scope: Scope, functions: ReadonlyMap<string, QueryFunction>): Value {
  scope.budget.spend()
  const worth = (inner: Expression) => evaluate(inner, scope, functions)
  switch (expression.kind) {
    case 'constant':
      return expression.value
    case 'variable':
      return variable(expression.name, scope)
    case 'list':
      return expression.items.map(worth)
    case 'dict': {
      const made: Dict = emptyDict()
      for (const [key, value] of expression.entries) made[key] = worth(value)
      return made
    }
    case 'call': {
      const { name } = expression
      const called = functions.get(name)
      if (!called) throw interpretError(`Tried to call function '${name}' which doesn't exist`)
      return call(name, called, expression.args.map(worth), scope)
    }
  }
}

function variable(name: string, { names }: Scope): Value {
  const value = names.get(name)
  if (value === undefined) throw interpretError(`Tried to reference variable '${name}' which is not defined`)
  return value
}

function call(name: string, called: QueryFunction, args: Value[], scope: Scope): Value {
  const wrongAmount = () => interpretError(`Tried to call function ${name} with invalid amount of arguments`)
  called.takes.forEach((parameter, i) => {
    check(name, parameter, args[i])
  })
  if (args.length > called.takes.length) throw wrongAmount()
  try {
    return called.run(scope, args)
  } catch (error) {
    if (error instanceof Unfit) throw wrongAmount()
    if (error instanceof RangeError && !(error instanceof QueryError))
      throw new QueryCrash('OverflowError', error.message)
    throw error
  }
}

function check(called: string, { name, type, optional }: Parameter, value: Value | undefined): void {
  if (optional) return
  if (value === undefined) {
    const why = 'an argument that follows one ending in a bracket is lost: assign that one to a variable first'
    throw new QueryCrash('IndexError', `${called} lacks its argument "${name}" (${why})`)
  }
  if (isType(value, type)) return
  const found = `Expected <class '${type}'> but was <class '${typeName(value)}'>`
  throw functionError(`Variable '${printed(value)}' passed to function call is of invalid type. ${found}`)
}
