// Bodies of requests, bounded. Not for: what they mean (wire.ts), or answering.
import { type Answer, message } from './answers.ts'

const MOST = 16 * 1024 * 1024
const MOST_IMPORT = 1024 * 1024 * 1024

/** The JSON of the body. Throws the answer if it is none (400), is called something else (415), or is too large (413). */
export async function readJson(request: Request): Promise<unknown> {
  // A page of another site can send a text without asking first, but not JSON.
  if (!isJson(request)) {
    throw message(415, "Did not attempt to load JSON data because the request Content-Type was not 'application/json'.")
  }
  const bytes = await readBytes(request)
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch (error) {
    throw message(400, `The body is not JSON in UTF-8: ${(error as Error).message}`)
  }
}

export function isJson(request: Request): boolean {
  return /^application\/(?:[\w.+-]+\+)?json\s*(?:;|$)/i.test(request.headers.get('content-type') ?? '')
}

export function isForm(request: Request): boolean {
  return /^multipart\/form-data\s*;/i.test(request.headers.get('content-type') ?? '')
}

/** The body of an import as it comes. Throws 413 as soon as it is too large. */
export async function* readPieces(request: Request): AsyncGenerator<Uint8Array> {
  let size = Number(request.headers.get('content-length') ?? 0)
  if (size > MOST_IMPORT) throw tooLarge(MOST_IMPORT)
  size = 0
  for await (const piece of request.body ?? []) {
    size += piece.byteLength
    if (size > MOST_IMPORT) throw tooLarge(MOST_IMPORT)
    yield piece
  }
}

async function readBytes(request: Request): Promise<Uint8Array> {
  const length = request.headers.get('content-length')
  if (Number(length) > MOST) throw tooLarge(MOST)
  // Node holds a body to its declared length.
  if (length !== null) return new Uint8Array(await request.arrayBuffer().catch(endedEarly))
  const pieces: Uint8Array[] = []
  let size = 0
  for await (const piece of request.body ?? []) {
    size += piece.byteLength
    if (size > MOST) throw tooLarge(MOST)
    pieces.push(piece)
  }
  return Buffer.concat(pieces)
}

/** The client went away: nobody reads this, and nobody needs to hear of it. */
function endedEarly(): never {
  throw message(400, 'The body ended early.')
}

function tooLarge(most: number): Answer {
  return message(413, `A body may have ${most / 1024 / 1024} MiB.`)
}
