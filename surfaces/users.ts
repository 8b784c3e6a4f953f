// The users of a house as the surfaces see them: who there is, who comes with a secret, and how one more gets in. Not for:
// keeping them (users.ts at the root), or what they may do (http/routes.ts: everything but this).
import type { User } from '../schemas/users.ts'

/** How a device is to reach the house and its broker. */
export interface Routes {
  house: string
  broker: string
}

export interface Users {
  /** The owner, then the others in the order in which they came. */
  list(): readonly User[]
  /** Makes a user, durably; the secret is told here and never again. Throws `user_exists`, `data_unwritable`. */
  add(name: string): { name: string; secret: string; createdAt: number }
  /** Their secret, their connections and any code for them end at once. Throws `not_found`, `data_unwritable`. */
  remove(name: string): void
  /** Whose secret this is; null if nobody's. Takes as long for a wrong one as for a right one. */
  who(secret: string): string | null
  /**
   * A one-time secret for a device that is to be this user, and what the user's secret will be; a new one replaces the last.
   * Whoever has the name keeps its access until the code is redeemed. Throws `user_exists` for the owner's name.
   */
  invite(name: string, routes: Routes): { code: Buffer; secret: string; expiresAt: number }
  /** Makes the user, or gives the one there is a new secret. Throws `code_invalid`, which does not say why. */
  redeem(code: Buffer): { name: string; secret: string; routes: Routes }
  /** Called with a name whose secret is no longer good; what it gives back ends that. */
  onRevoked(listener: (name: string) => void): () => void
}
