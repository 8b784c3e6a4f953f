// Answers in the forms that aw-server gives them. A refusal is thrown as the answer that it is. Pure. Not for: which
// answer when (routes.ts), CORS headers (cors.ts), or writing it (sending.ts).

/** No page may guess another type of it, and no cache keep it. */
const PLAIN = { 'x-content-type-options': 'nosniff', 'cache-control': 'no-store' }
/** Whatever a watcher wrote into it runs nowhere. */
const INERT = { ...PLAIN, 'content-security-policy': "default-src 'none'; sandbox" }

export interface Answer {
  status: number
  headers: Record<string, string>
  /** Pieces are asked for one by one, as fast as the client takes them. */
  body: string | Iterable<string> | null
}

type Headers = Answer['headers']

export function json(value: unknown, status = 200, headers: Headers = {}): Answer {
  return { status, headers: { ...PLAIN, 'content-type': 'application/json', ...headers }, body: JSON.stringify(value) }
}

/** `{message}`, which clients show. */
export function message(status: number, text: string, headers: Headers = {}): Answer {
  return json({ message: text }, status, headers)
}

/** As a query that is wrong is refused. */
export function queryRefused({ type, message }: { type: string; message: string }): Answer {
  return json({ type, message }, 400)
}

/** As flask-restx refuses what does not fit a schema. */
export function unfit(errors: Record<string, string>): Answer {
  return json({ errors, message: 'Input payload validation failed' }, 400)
}

/** A page, where aw-server has one: for paths that are none, and 500 for input that it fails on. */
export function page(status: number, text: string, headers: Headers = {}): Answer {
  const escaped = text.replace(/[&<>]/g, (sign) => `&#${sign.charCodeAt(0)};`)
  return {
    status,
    headers: { ...INERT, 'content-type': 'text/html; charset=utf-8', ...headers },
    body: `<!doctype html>\n<title>${status}</title>\n<p>${escaped}</p>\n`,
  }
}

/** Without a body, and without a type of it. */
export function empty(status: number, headers: Headers = {}): Answer {
  return { status, headers, body: null }
}

export function plain(text: string): Answer {
  return { status: 200, headers: { ...PLAIN, 'content-type': 'text/plain; charset=utf-8' }, body: text }
}

/** A file to be saved. aw-server calls it text/html, and so do we. */
export function download(name: string, body: Iterable<string>): Answer {
  const isPlain = /^[\w.!#$&+^`|~-]+$/.test(name)
  const named = isPlain ? `filename=${name}` : `filename*=UTF-8''${encodeURIComponent(name).replace(/['()*]/g, escape)}`
  const headers = { 'content-type': 'text/html; charset=utf-8', 'content-disposition': `attachment; ${named}` }
  return { status: 200, headers: { ...INERT, ...headers }, body }
}

/** A list or an object whose JSON comes in pieces. */
export function flowing(body: Iterable<string>): Answer {
  return { ...json(null), body }
}

/** Whether it was thrown as a refusal. */
export function isAnswer(thrown: unknown): thrown is Answer {
  return typeof thrown === 'object' && thrown !== null && 'status' in thrown && 'headers' in thrown && 'body' in thrown
}
