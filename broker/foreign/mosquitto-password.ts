// A line of a Mosquitto's password file, made without its `mosquitto_passwd`. Not for: passwords of ours, which are random
// and need no slow hash.
import { pbkdf2Sync, randomBytes, timingSafeEqual } from 'node:crypto'

/** Mosquitto's own number. These passwords are random, so there is nothing to guess that more rounds would slow down. */
const ITERATIONS = 101
const SALT_BYTES = 12
const HASH_BYTES = 64

/**
 * `name:$7$<iterations>$<salt>$<hash>`: PBKDF2 with HMAC-SHA512, both in base64, as Mosquitto 1.6 and later read it. The
 * name must hold no colon and no line break.
 */
export function mosquittoPassword(name: string, password: string, salt: Buffer = randomBytes(SALT_BYTES)): string {
  const hash = pbkdf2Sync(password, salt, ITERATIONS, HASH_BYTES, 'sha512')
  return `${name}:$7$${ITERATIONS}$${salt.toString('base64')}$${hash.toString('base64')}`
}

/** True if the line is one of this user with this password. */
export function isMosquittoPassword(line: string, name: string, password: string): boolean {
  const [user, kind, iterations, salt, hash] = line.trim().split(/[:$]+/)
  if (user !== name || kind !== '7' || !iterations || !salt || !hash) return false
  const expected = Buffer.from(hash, 'base64')
  const given = pbkdf2Sync(password, Buffer.from(salt, 'base64'), Number(iterations), HASH_BYTES, 'sha512')
  return expected.length === given.length && timingSafeEqual(expected, given)
}
