// Fetches the pictures of a review from Frigate and keeps them here. Not for: when (errands.ts, import.ts), or telling.
import { type ContentRef, isObjectId } from '../../schemas/content-ref.ts'
import { asDaybookError, DaybookError } from '../../schemas/errors.ts'
import type { BridgeHost } from '../bridge.ts'
import type { Client, Payload, PayloadKind } from './client.ts'
import { bestOf, type Known } from './known.ts'
import { referenceAtFrigate } from './tell.ts'
import { review as reviewSchema } from './wire.ts'

export interface PicturesParts {
  client: Client
  host: Pick<BridgeHost<unknown>, 'attach'>
  clips: boolean
}

/** What was fetched so far, kept through tries. */
export type Fetched = Partial<Record<PayloadKind, ContentRef>>

/** What of a review is to be fetched; nothing if it can have no picture. */
export function wanted(
  { client, clips }: PicturesParts,
  known: Known,
): [kind: PayloadKind, read: () => Promise<Payload>][] {
  const best = bestOf(known)
  if (best === undefined) {
    // Sounds have no tracked object, but Frigate keeps a picture of the moment.
    return known.review.thumb_path ? [['thumbnail', () => client.picture(thumbPath(known.review.thumb_path))]] : []
  }
  const kinds: PayloadKind[] = ['snapshot', 'thumbnail', ...(clips ? (['clip'] as const) : [])]
  return kinds.map((kind) => [kind, () => client.payload(best, kind)])
}

/**
 * Tries once to fetch what is wanted and not there yet. Resolves with how many Frigate does not have; rejects with why it
 * cannot be asked, or `outbox_full`.
 */
export async function fetchOnce(parts: PicturesParts, known: Known, fetched: Fetched): Promise<number> {
  let missing = 0
  for (const [kind, read] of wanted(parts, known)) {
    if (fetched[kind]) continue
    try {
      const { bytes, mediaType } = await read()
      const name = kind === 'thumbnail' ? kind : `${known.review.camera}.${mediaType.split('/')[1]}`
      fetched[kind] = parts.host.attach(bytes, { mediaType, name })
    } catch (thrown) {
      const { code } = asDaybookError(thrown)
      const reference = referenceAtFrigate(bestOf(known) ?? known.review.id, kind)
      if (code === 'too_large' && reference) fetched[kind] = reference
      else if (code === 'object_missing' || code === 'too_large') missing++
      else throw thrown
    }
  }
  return missing
}

/** As the notification has them; undefined if there are none. */
export function refsOf({ snapshot, thumbnail, clip }: Fetched): NonNullable<Known['refs']> | undefined {
  const attachments = [
    ...(thumbnail ? [{ ...thumbnail, name: 'thumbnail' }] : []),
    ...(clip ? [{ ...clip, name: 'clip' }] : []),
  ]
  if (!snapshot && attachments.length === 0) return undefined
  return { ...(snapshot && { contentRef: snapshot }), ...(attachments.length > 0 && { attachments }) }
}

/** A payload by its reference, `<id>:<kind>`, read now. Rejects as Client.payload. */
export async function readReference(client: Client, reference: string): Promise<Payload> {
  const [id = '', kind = ''] = reference.split(':')
  if (!isObjectId('frigate', reference) || !isKind(kind)) throw new DaybookError('object_missing', reference)
  try {
    return await client.payload(id, kind)
  } catch (thrown) {
    if (kind !== 'thumbnail' || asDaybookError(thrown).code !== 'object_missing') throw thrown
    const review = reviewSchema.safeParse(await client.json(`/api/review/${encodeURIComponent(id)}`)).data
    if (!review?.thumb_path) throw thrown
    return client.picture(thumbPath(review.thumb_path))
  }
}

function isKind(kind: string): kind is PayloadKind {
  return kind === 'snapshot' || kind === 'thumbnail' || kind === 'clip'
}

/** It names a file in Frigate's container, which is served without the first two folders. */
function thumbPath(path = ''): string {
  const below = path.replace(/^\/media\/frigate(?=\/)/, '')
  return below.split('/').map(encodeURIComponent).join('/')
}
