// Takes payloads to a house over HTTP, for a bridge that runs alone: `PUT /api/v1/objects`. Not for: when (uploads.ts).
import { request as httpRequest, type IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { text } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { type ContentRef, contentRef } from '../../schemas/content-ref.ts'
import { DaybookError, type ErrorCode, errors } from '../../schemas/errors.ts'
import type { KeptPayload } from './payloads.ts'
import type { Upload } from './uploads.ts'

export interface HttpUploadOptions {
  /** Of the house: `https://daybook.example`. */
  url: string
  /** A bearer token (RFC 6750). */
  token: string
  /** A line on which nothing passes for so long is given up, ms. Default: 60 s. */
  silenceMs?: number
}

const SILENCE_MS = 60_000

/** What the house says is thrown as it is; that it does not answer, or not in its own words, is `objects_unavailable`. */
export function httpUpload({ url, token, silenceMs = SILENCE_MS }: HttpUploadOptions): Upload {
  return async (payload, signal) => {
    const target = targetOf(url, payload)
    const request = (target.protocol === 'https:' ? httpsRequest : httpRequest)(target, {
      method: 'PUT',
      signal,
      timeout: silenceMs,
      headers: {
        authorization: `Bearer ${token}`,
        'content-type': payload.mediaType,
        'content-length': payload.size,
      },
    })
    request.on('timeout', () => request.destroy(new Error(`Nothing passed for ${silenceMs} ms.`)))
    const answered = new Promise<IncomingMessage>((resolve, reject) => {
      request.once('response', resolve).once('error', reject)
    })
    // An answer may come before the body is through; that the house then hears no more of it is no failure.
    const sent = pipeline(payload.open(signal), request).catch((error: NodeJS.ErrnoException) => error)
    try {
      const answer = await answered
      return refIn(answer, await text(answer))
    } catch (error) {
      if (error instanceof DaybookError) throw error
      const unread = await sent
      if (unread && ['ENOENT', 'EIO'].includes(unread.code ?? '')) throw unread
      throw new DaybookError('objects_unavailable', `${target.origin}: ${(error as Error).message}`, { cause: error })
    } finally {
      request.destroy()
      await sent
    }
  }
}

function targetOf(url: string, { id, name }: KeptPayload): URL {
  const target = new URL('api/v1/objects', url.endsWith('/') ? url : `${url}/`)
  target.searchParams.set('id', id)
  if (name !== undefined) target.searchParams.set('name', name)
  return target
}

function refIn({ statusCode = 0 }: IncomingMessage, body: string): ContentRef {
  const said = parsed(body)
  if (statusCode === 200 || statusCode === 201) {
    const { data } = contentRef.safeParse(said)
    if (data) return data
  }
  const { code, detail } = said as { code?: unknown; detail?: unknown }
  const known = typeof code === 'string' && Object.hasOwn(errors, code) ? (code as ErrorCode) : 'objects_unavailable'
  throw new DaybookError(known, typeof detail === 'string' ? detail : `The answer was ${statusCode}.`)
}

/** An empty object for what is no JSON object. */
function parsed(body: string): unknown {
  try {
    return JSON.parse(body) ?? {}
  } catch {
    return {}
  }
}
