// What clients that send heartbeats are answered. wakatime-cli sends again without end what a 201 has no answer for, and
// cannot read an answer that holds a category which it does not know (pkg/api/heartbeat.go): so there is one answer for
// each, 201 whatever became of it, with nothing in it that could be misread. Not for: whether it is kept (taking.ts).
import { createHash } from 'node:crypto'
import type { Taken } from './taking.ts'

const MOST = 16 * 1024 * 1024

export type Body = { value: unknown } | { error: string; status: 400 | 413 }

/** A JSON body of at most 16 MiB. */
export async function bodyOf(request: Request): Promise<Body> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of request.body ?? []) {
    size += chunk.length
    if (size > MOST) return { error: `A request may have ${MOST} bytes.`, status: 413 }
    chunks.push(chunk)
  }
  try {
    return { value: JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks))) }
  } catch {
    return { error: 'The body is not JSON in UTF-8.', status: 400 }
  }
}

/** One for each heartbeat, in order. */
export function bulkAnswer(inputs: readonly unknown[], outcomes: readonly Taken[]) {
  return { responses: inputs.map((input, index) => [{ data: dataOf(input, outcomes[index]), error: null }, 201]) }
}

export function singleAnswer(input: unknown, outcome: Taken | undefined) {
  return { data: dataOf(input, outcome), error: null }
}

function dataOf(input: unknown, outcome: Taken | undefined): Record<string, unknown> {
  const { entity, time } = Object(input) as Record<string, unknown>
  return {
    id: idOf(outcome?.hash ?? createHash('sha256').update(JSON.stringify(input)).digest('hex')),
    ...(typeof entity === 'string' && { entity }),
    ...(typeof time === 'number' && { time }),
  }
}

/** In the form of a UUIDv8 (RFC 9562, 5.8). */
function idOf(hash: string): string {
  const parts = [hash.slice(0, 8), hash.slice(8, 12), `8${hash.slice(13, 16)}`, `8${hash.slice(17, 20)}`]
  return [...parts, hash.slice(20, 32)].join('-')
}
