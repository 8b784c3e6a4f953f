// How a user gets an account at a broker that is not ours, where we cannot make one: what to run or to write for
// Mosquitto's file of passwords. Not for: other brokers' ways, which their own manuals say.
import { mosquittoPassword } from './mosquitto-password.ts'

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
