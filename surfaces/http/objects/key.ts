// The name of an object as a URL or a request gives it. Pure. Not for: whether there is such an object.
import { contentRef } from '../../../schemas/content-ref.ts'
import { DaybookError } from '../../../schemas/errors.ts'
import type { ObjectKey } from '../../../storage/catalogue.ts'

/** What ids look like, for people. */
export const ID_FORM = '64 lower-case hex digits of SHA-256, of frigate <event id>:<snapshot|thumbnail|clip>'

/** Throws `invalid` for a storage that there is not, and for an id that is none of its. */
export function objectKey(storage: string, id: string): ObjectKey {
  const { data, error } = contentRef.safeParse({ storage, id })
  if (data) return { storage: data.storage, id: data.id }
  const [{ path = [], message = '' } = {}] = error.issues
  throw new DaybookError('invalid', `${path.join('.')}: ${message}${path[0] === 'id' ? ` (${ID_FORM})` : ''}`)
}
