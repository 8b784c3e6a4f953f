// Tells messages apart by topic and bytes, where a broker gives them no name. Not for: telling events apart, which have an id.
import { createHash } from 'node:crypto'

/** The same for the same topic and bytes, and for no others. */
export function fingerprint(topic: string, payload: Buffer): string {
  return createHash('sha1').update(topic).update('\0').update(payload).digest('base64')
}
