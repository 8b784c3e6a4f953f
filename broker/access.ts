// Who may connect, publish and subscribe. Not for: how a refusal reaches the client, which is the connection's.
import { createHash, timingSafeEqual } from 'node:crypto'
import type { Topics } from '../schemas/topics.ts'

export interface User {
  username: string
  password: string
}

export interface Access {
  /** The user of these credentials; `missing` when there are none, `wrong` when they are not valid. */
  authenticate(username: string | undefined, password: Buffer | undefined): Promise<Authenticated>
  authorizePublish(user: string, topic: string): boolean
  authorizeSubscribe(user: string, filter: string): boolean
  /** Calls with each user that may no longer connect, or only with other credentials than before. */
  onRevoked(listener: (user: string) => void): void
}

/** Users that come and go while the broker runs. */
export interface Accounts {
  /** Takes as long for a wrong secret as for the right one. */
  verify(name: string, secret: Buffer): boolean
  onRevoked(listener: (name: string) => void): void
}

export type Authenticated = { user: string } | { refused: 'missing' | 'wrong' }

const SHARED = /^\$(share|queue)\//

export interface AccessOptions {
  topics: Pick<Topics, 'isHouseOnly'>
  users: readonly User[]
  others?: Accounts
}

/**
 * Every user may do all but speak as the broker or as the house, whose states and receipts bridges elsewhere believe. Shared
 * subscriptions would be granted and get nothing: refused.
 */
export function access({ topics, users, others }: AccessOptions): Access {
  const passwords = new Map(users.map(({ username, password }) => [username, digest(password)]))
  const nobody = digest(crypto.randomUUID())
  return {
    async authenticate(username, password) {
      if (username === undefined || password === undefined) return { refused: 'missing' }
      const first = timingSafeEqual(passwords.get(username) ?? nobody, digest(password))
      const known = first || (others?.verify(username, password) ?? false)
      return known ? { user: username } : { refused: 'wrong' }
    },
    authorizePublish: (_user, topic) => !topic.startsWith('$SYS/') && !topics.isHouseOnly(topic),
    authorizeSubscribe: (_user, filter) => !SHARED.test(filter),
    onRevoked: (listener) => others?.onRevoked(listener),
  }
}

/** Equal lengths, so that the comparison takes the same time whatever was sent. */
function digest(secret: string | Buffer): Buffer {
  return createHash('sha256').update(secret).digest()
}
