// Accounts at a Mosquitto, where we cannot make any: lines of its password file, made without its `mosquitto_passwd`, and
// how to run that. Not for: passwords of ours, or other brokers' ways, which their own manuals say.
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

export interface Account {
  /** Makes it with Mosquitto's own program; FILE is for the reader to fill in. Holds the password. */
  command: string
  /** The same as a line for the file itself, which holds only a hash. */
  line: string
}

/** `password` must be random and long: what is written for it is as cheap to test as Mosquitto's own. */
export function accountFor(name: string, password: string): Account {
  return { command: `mosquitto_passwd -b FILE ${name} ${password}`, line: mosquittoPassword(name, password) }
}
