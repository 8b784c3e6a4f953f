// The hash that a sender promises for the bytes of its request. Pure. Not for: computing it.
import { DaybookError } from '../../../schemas/errors.ts'

const HEX = /^[0-9a-f]{64}$/

/** The headers of RFC 9530; sent whole and without a content coding, a request's content is its representation. */
const fields = ['repr-digest', 'content-digest'] as const

/**
 * SHA-256 as 64 lower-case hex digits, from the query's `id` or the headers; undefined if nothing is promised. Other
 * algorithms are ignored (RFC 9530, 2). Throws `invalid` for a wrong form and for two that differ.
 */
export function promisedId(id: string | undefined, header: (name: string) => string | undefined): string | undefined {
  if (id !== undefined && !HEX.test(id)) throw new DaybookError('invalid', 'id: must be 64 lower-case hex digits')
  const promised = [id, ...fields.map((name) => sha256In(name, header(name)))].filter((hash) => hash !== undefined)
  if (new Set(promised).size > 1)
    throw new DaybookError('invalid', `id, ${fields.join(', ')}: they name different hashes`)
  return promised[0]
}

/** The member of a dictionary of byte sequences (RFC 9651, 3.2 and 3.3.5). */
function sha256In(name: string, value: string | undefined): string | undefined {
  const member = value?.split(',').find((one) => /^\s*sha-256\s*=/.test(one))
  if (member === undefined) return undefined
  const [, base64 = ''] = /^\s*sha-256=:([A-Za-z0-9+/]{43}=):\s*(?:;.*)?$/.exec(member) ?? []
  const digest = Buffer.from(base64, 'base64').toString('hex')
  if (!HEX.test(digest)) throw new DaybookError('invalid', `${name}: sha-256 must be 32 bytes as :<base64>:`)
  return digest
}
