// The layer above TCP and TLS for whatever speaks HTTP: does it answer, and does it take our credential. Not for: the
// layers below (network.ts).
import { fail, ok, type Verdict } from './finding.ts'
import { LAYER_MS } from './network.ts'

export interface HttpAnswer {
  verdict: Verdict
  /** Null if there was none. */
  response: Response | null
}

/** Asks for a URL; an answer with an error status is still an answer. */
export async function checkHttp(url: string, headers: Record<string, string> = {}, ms = LAYER_MS): Promise<HttpAnswer> {
  try {
    const response = await fetch(url, { headers, redirect: 'manual', signal: AbortSignal.timeout(ms) })
    return { verdict: ok(`it answers with ${response.status}`), response }
  } catch (error) {
    const { name, message, cause } = error as Error & { cause?: NodeJS.ErrnoException }
    const verdict =
      name === 'TimeoutError'
        ? fail(
            `it accepts connections and says nothing for ${ms / 1000} s`,
            'It hangs, or is no web server: restart it, check the port.',
          )
        : fail(
            `its answer is no HTTP (${cause?.code ?? message})`,
            'Another program has this port, or the URL lacks https:.',
          )
    return { verdict, response: null }
  }
}

/** What the status says about the credential that was sent. */
export function checkAuth({ status }: Response, fix: string): Verdict {
  if (status === 401 || status === 403) return fail(`it refuses the credential (${status})`, fix)
  if (status >= 500) return fail(`it fails (${status})`, 'Look into its log.')
  if (status >= 400) return fail(`it does not know this path (${status})`, 'Check the URL: no path behind the port.')
  return ok('it takes the credential')
}
