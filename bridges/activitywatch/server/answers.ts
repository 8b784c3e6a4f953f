// Answers in the forms that aw-server gives them. A refusal is thrown as the Response that it is. Not for: which answer
// when (routes.ts), or CORS headers (origins.ts).

/** No page may guess another type of it, and no cache keep it. */
const PLAIN = { 'x-content-type-options': 'nosniff', 'cache-control': 'no-store' }
/** Whatever a watcher wrote into it runs nowhere. */
const INERT = { ...PLAIN, 'content-security-policy': "default-src 'none'; sandbox" }

export type Headers = Record<string, string>

export function json(value: unknown, status = 200, headers: Headers = {}): Response {
  return new Response(JSON.stringify(value), {
    status,
    headers: { ...PLAIN, 'content-type': 'application/json', ...headers },
  })
}

/** `{message}`, which clients show. */
export function message(status: number, text: string, headers: Headers = {}): Response {
  return json({ message: text }, status, headers)
}

/** As a query that is wrong is refused. */
export function queryRefused({ type, message }: { type: string; message: string }): Response {
  return json({ type, message }, 400)
}

/** As flask-restx refuses what does not fit a schema. */
export function unfit(errors: Record<string, string>): Response {
  return json({ errors, message: 'Input payload validation failed' }, 400)
}

/** A page, where aw-server has one: for paths that are none, and 500 for input that it fails on. */
export function page(status: number, text: string, headers: Headers = {}): Response {
  const escaped = text.replace(/[&<>]/g, (sign) => `&#${sign.charCodeAt(0)};`)
  return new Response(`<!doctype html>\n<title>${status}</title>\n<p>${escaped}</p>\n`, {
    status,
    headers: { ...INERT, 'content-type': 'text/html; charset=utf-8', ...headers },
  })
}

/** Without a body, and without a type of it. */
export function empty(status: number, headers: Headers = {}): Response {
  return new Response(null, { status, headers })
}

/** A file to be saved, written piece by piece as it is read. aw-server calls it text/html, and so do we. */
export function download(name: string, pieces: Iterable<string>): Response {
  const plain = /^[\w.!#$&+^`|~-]+$/.test(name)
  const named = plain ? `filename=${name}` : `filename*=UTF-8''${encodeURIComponent(name).replace(/['()*]/g, escape)}`
  const headers = { 'content-type': 'text/html; charset=utf-8', 'content-disposition': `attachment; ${named}` }
  return new Response(streamed(pieces), { headers: { ...INERT, ...headers } })
}

/** A JSON list or object, written piece by piece. */
export function flowing(pieces: Iterable<string>): Response {
  return new Response(streamed(pieces), { headers: { ...PLAIN, 'content-type': 'application/json' } })
}

function streamed(pieces: Iterable<string>): ReadableStream<Uint8Array> {
  const iterator = pieces[Symbol.iterator]()
  const encoder = new TextEncoder()
  return new ReadableStream({
    async pull(controller) {
      // Between two pieces others get their turn: each one is a read of the database.
      await new Promise((resolve) => setImmediate(resolve))
      const { done, value } = iterator.next()
      if (done) controller.close()
      else controller.enqueue(encoder.encode(value))
    },
    cancel() {
      iterator.return?.()
    },
  })
}
