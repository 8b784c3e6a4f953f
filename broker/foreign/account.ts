// How a user gets an account at a broker that is not ours, where we cannot make one: what to run or to write for
// Mosquitto's file of passwords. Not for: other brokers' ways, which their own manuals say.
import { pbkdf2Sync, randomBytes } from 'node:crypto'

export interface Account {
  /** Makes it with Mosquitto's own program; FILE is for the reader to fill in. Holds the password. */
  command: string
  /** The same as a line for the file itself, which holds only a hash. */
  line: string
}

const ROUNDS = 101

/** `password` must be random and long: what is written for it is as cheap to test as Mosquitto's own. */
export function accountFor(name: string, password: string, salt = randomBytes(12)): Account {
  // mosquitto.conf(5), password_file: $7$ is PBKDF2 with HMAC-SHA-512, then rounds, salt and hash.
  const hash = pbkdf2Sync(password, salt, ROUNDS, 64, 'sha512')
  return {
    command: `mosquitto_passwd -b FILE ${name} ${password}`,
    line: `${name}:$7$${ROUNDS}$${salt.toString('base64')}$${hash.toString('base64')}`,
  }
}
