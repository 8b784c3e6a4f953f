// Writes an answer: as a Response, or straight to the connection, which costs half as much. Not for: what it says.
import type { ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Answer } from './answers.ts'

export function toResponse({ status, headers, body }: Answer): Response {
  if (body === null || typeof body === 'string') return new Response(body, { status, headers })
  return new Response(Readable.toWeb(readable(body)) as ReadableStream, { status, headers })
}

/** Resolves when it is handed to the system or the client is gone; one that fails on the way is cut off. */
export async function send({ status, headers, body }: Answer, outgoing: ServerResponse): Promise<void> {
  if (outgoing.destroyed) return
  if (typeof body === 'string') {
    outgoing.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(body) })
    outgoing.end(body)
  } else if (body === null) {
    outgoing.writeHead(status, status === 304 ? headers : { ...headers, 'content-length': 0 })
    outgoing.end()
  } else {
    outgoing.writeHead(status, headers)
    await pipeline(readable(body), outgoing).catch(() => outgoing.destroy())
  }
}

function readable(pieces: Iterable<string>): Readable {
  return Readable.from(unhurried(pieces))
}

/** Between two pieces others get their turn: each one is a read of the database. */
async function* unhurried(pieces: Iterable<string>): AsyncGenerator<Buffer> {
  for (const piece of pieces) {
    yield Buffer.from(piece)
    await new Promise((resolve) => setImmediate(resolve))
  }
}
