// From a request to the input of an operation, and from what zod says about it to an error that names the field. Not
// for: what an input means.
import type { z } from 'zod'
import { DaybookError } from '../../schemas/errors.ts'
import { didYouMean } from '../nearest.ts'
import { fieldsOf } from '../operations/fields.ts'
import type { Operation } from '../operations/operation.ts'

/** Most issues that one answer lists. */
const ISSUES_MOST = 10

/** Checks an input; throws `invalid` with a sentence for each wrong field. */
export function checkInput(operation: Operation, raw: unknown): unknown {
  const parsed = operation.input.safeParse(raw)
  if (parsed.success) return parsed.data
  const fields = fieldsOf(operation)
  const names = fields.map(({ name }) => name)
  const told = parsed.error.issues.slice(0, ISSUES_MOST).flatMap((issue) => {
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) => `${key}: there is no such field${didYouMean(key, names)}`)
    }
    const about = fields.find(({ name }) => name === issue.path[0])?.description
    return [sentence(issue, about)]
  })
  throw new DaybookError('invalid', told.join('; '))
}

function sentence(issue: z.core.$ZodIssue, about: string | undefined): string {
  const where = issue.path.length > 0 ? issue.path.join('.') : 'body'
  return `${where}: ${issue.message}${about ? ` (${about})` : ''}`
}

/** Path and query parameters as one object; throws `invalid` for what is given twice, is empty or holds U+0000. */
export function parameters(query: URLSearchParams, path: Record<string, string>): Record<string, string> {
  const given: Record<string, string> = { ...path }
  for (const [name, value] of query) {
    if (Object.hasOwn(given, name)) throw new DaybookError('invalid', `${name}: is given twice; give it once`)
    if (value === '') throw new DaybookError('invalid', `${name}: is empty; leave it out or give it a value`)
    given[name] = value
  }
  for (const [name, value] of Object.entries(given)) {
    if (value.includes('\0'))
      throw new DaybookError('invalid', `${name}: holds U+0000, which nothing that is stored does`)
  }
  return given
}
