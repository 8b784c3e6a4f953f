// Which broker is meant and who we are there, out of the settings. Not for: reaching it (dial.ts).
import { DaybookError } from '../../../schemas/errors.ts'
import type { ForeignConfig } from '../config.ts'
import type { ConnectOptions } from './handshake.ts'

export type Target = Pick<ConnectOptions, 'url' | 'user' | 'password' | 'ca' | 'cert' | 'key' | 'keepaliveSeconds'>

/** What every connection of these settings has in common; user and password may stand in the URL. Throws `config_invalid`. */
export function targetOf(config: ForeignConfig): Target {
  const { ca, cert, key, keepaliveSeconds } = config
  if (config.url === undefined) throw new DaybookError('config_invalid', 'broker.url: there is none.')
  const { username, password } = new URL(config.url)
  const user = config.user ?? (username === '' ? undefined : decoded(username))
  const secret = config.password ?? (password === '' ? undefined : decoded(password))
  return { url: config.url, user, password: secret, ca, cert, key, keepaliveSeconds }
}

/** A `%` that begins no escape stands for itself. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
