// The code that enrols a device, as text to paste: where the house is and a one-time secret, with a checksum against lost
// ends. Pure. Not for: whether it is still good, which only the house knows.
import { createHash } from 'node:crypto'

export const CODE_PREFIX = 'dbk1.'

const SECRET_BYTES = 32
const CHECKSUM_BYTES = 4

export interface EnrolmentCode {
  /** URL of the house, as the device reaches it. */
  house: string
  /** 256 random bits. */
  secret: Buffer
}

/**
 * `dbk1.` and base64url of secret | URL | checksum: one word, no character that a shell, a mail or a URL gives a meaning.
 */
export function encodeCode({ house, secret }: EnrolmentCode): string {
  const body = Buffer.concat([secret, Buffer.from(house)])
  return CODE_PREFIX + Buffer.concat([body, checksumOf(body)]).toString('base64url')
}

/** What a code says; null if it is none, or not whole. White space that a terminal put in is no part of it. */
export function decodeCode(text: string): EnrolmentCode | null {
  const [, encoded] = /^dbk1\.([\w-]+)$/.exec(text.replace(/\s/g, '')) ?? []
  if (encoded === undefined) return null
  const bytes = Buffer.from(encoded, 'base64url')
  if (bytes.toString('base64url') !== encoded || bytes.length <= SECRET_BYTES + CHECKSUM_BYTES) return null
  const body = bytes.subarray(0, -CHECKSUM_BYTES)
  if (!checksumOf(body).equals(bytes.subarray(-CHECKSUM_BYTES))) return null
  const house = body.toString('utf8', SECRET_BYTES)
  return /^https?:/.test(house) && URL.canParse(house) ? { house, secret: body.subarray(0, SECRET_BYTES) } : null
}

function checksumOf(body: Buffer): Buffer {
  return createHash('sha256').update(body).digest().subarray(0, CHECKSUM_BYTES)
}
