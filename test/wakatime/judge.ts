// Judges answers to heartbeats as wakatime-cli reads them (pkg/api/heartbeat.go): what it takes for sent, what it puts into
// its offline queue, and what it sends again without end. Not for: answering.

/** A request that wakatime-cli made. */
export interface Recorded {
  method: string
  url: string
  headers: Record<string, string>
  body: unknown
}

/** What is wrong with an answer; empty: the client is content. */
export async function faultOf({ url, body }: Pick<Recorded, 'url' | 'body'>, answer: Response): Promise<string> {
  const read: unknown = await answer.json().catch(() => undefined)
  if (read === undefined) return 'no JSON'
  if (!url.endsWith('heartbeats.bulk')) return answer.ok ? '' : `${answer.status}: not 2xx`
  if (answer.status !== 201 && answer.status !== 202) return `${answer.status}: queued, and tried again later`
  const { responses } = Object(read) as { responses?: unknown }
  const sent = Array.isArray(body) ? body.length : 1
  if (!Array.isArray(responses) || responses.length !== sent) return 'sent again without end: an answer is missing'
  for (const each of responses) {
    const [what, status] = Array.isArray(each) ? each : []
    if (typeof status !== 'number' || status >= 500) return 'sent again without end: a 5xx inside'
    const { data, error } = Object(what) as { data?: Record<string, unknown>; error?: unknown }
    if (error) return `put back into the queue by the browser extension: ${error}`
    // These two are read into closed sets there: a word that it does not know makes the whole answer unreadable.
    if (data && ('category' in data || 'type' in data)) return 'sent again without end: it may be unreadable'
  }
  return ''
}

export function readRecorded(lines: string): Recorded[] {
  return lines
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Recorded)
}
