// Errors as answers: problem details (RFC 9457) with the code of our table. Not for: deciding what went wrong.
import { asDaybookError, errors } from '../../schemas/errors.ts'

export interface Problem {
  /** A URN of the code: there is nothing to fetch, docs/reference/errors.md lists them. */
  type: string
  title: string
  status: number
  detail: string
  code: string
}

/** Seconds after which trying again may help. */
const RETRY_AFTER = '5'

/** What is thrown as a problem. Of an unexpected error only its code leaves the house, the log has the rest. */
export function problemOf(thrown: unknown): Problem {
  const { code, detail } = asDaybookError(thrown)
  const { sentence: title, status } = errors[code]
  return { type: `urn:daybook:error:${code}`, title, status, detail: code === 'internal' ? '' : detail, code }
}

/** The same as an answer. */
export function problemResponse(thrown: unknown, headers: Record<string, string> = {}): Response {
  const problem = problemOf(thrown)
  return new Response(JSON.stringify(problem), {
    status: problem.status,
    headers: {
      'content-type': 'application/problem+json',
      ...(problem.status === 503 && { 'retry-after': RETRY_AFTER }),
      ...(problem.status === 401 && { 'www-authenticate': 'Bearer realm="daybook"' }),
      ...headers,
    },
  })
}
