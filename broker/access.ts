// Who may connect, publish and subscribe. Not for: how a refusal reaches the client, which is the connection's.
import { createHash, timingSafeEqual } from 'node:crypto'

export interface User {
  username: string
  password: string
}

export interface Access {
  /** The user of these credentials; `missing` when there are none, `wrong` when they are not valid. */
  authenticate(username: string | undefined, password: Buffer | undefined): Promise<Authenticated>
  authorizePublish(user: string, topic: string): boolean
  authorizeSubscribe(user: string, filter: string): boolean
}

export type Authenticated = { user: string } | { refused: 'missing' | 'wrong' }

const SHARED = /^\$(share|queue)\//

/** Every user may do all but speak as the broker. Shared subscriptions would be granted and get nothing: refused. */
export function access({ users }: { users: readonly User[] }): Access {
  const passwords = new Map(users.map(({ username, password }) => [username, digest(password)]))
  const nobody = digest(crypto.randomUUID())
  return {
    async authenticate(username, password) {
      if (username === undefined || password === undefined) return { refused: 'missing' }
      const known = timingSafeEqual(passwords.get(username) ?? nobody, digest(password))
      return known ? { user: username } : { refused: 'wrong' }
    },
    authorizePublish: (_user, topic) => !topic.startsWith('$SYS/'),
    authorizeSubscribe: (_user, filter) => !SHARED.test(filter),
  }
}

/** Equal lengths, so that the comparison takes the same time whatever was sent. */
function digest(secret: string | Buffer): Buffer {
  return createHash('sha256').update(secret).digest()
}
