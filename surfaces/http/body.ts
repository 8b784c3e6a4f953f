// Reads a request's body as JSON without ever holding more than the limit. Not for: what it says.
import { DaybookError } from '../../schemas/errors.ts'

/** The most that a request may carry, bytes. */
export const BODY_MOST = 4 * 1024 * 1024

/** The most that is read of a body that says itself that it is too large, bytes. */
const SKIMMED_MOST = 16 * BODY_MOST

/** Throws `too_large` for more than the limit, `not_json` for anything that is not JSON in UTF-8. */
export async function readJson(request: Request, most = BODY_MOST): Promise<{ value: unknown; bytes: number }> {
  const encoding = request.headers.get('content-encoding')
  if (encoding && encoding !== 'identity')
    throw new DaybookError('not_json', `Content-Encoding ${encoding}: send it plain.`)
  const bytes = await readBytes(request, most)
  if (bytes.length === 0) throw new DaybookError('not_json', 'It is empty.')
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    return { value: JSON.parse(text), bytes: bytes.length }
  } catch (error) {
    throw new DaybookError('not_json', (error as Error).message)
  }
}

async function readBytes(request: Request, most: number): Promise<Buffer> {
  const tooLarge = (size: string) =>
    new DaybookError('too_large', `A request may have ${most} bytes, this has ${size}.`)
  const declared = Number(request.headers.get('content-length') ?? 0)
  if (declared > most) {
    // Whoever is still sending when we answer and close sees a broken connection instead of the answer.
    if (declared <= SKIMMED_MOST && request.body) for await (const _ of request.body);
    throw tooLarge(String(declared))
  }
  const chunks: Uint8Array[] = []
  let size = 0
  if (!request.body) return Buffer.alloc(0)
  for await (const chunk of request.body) {
    size += chunk.length
    if (size > most) throw tooLarge('more')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}
