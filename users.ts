// The users of a house besides its first: made by the owner, kept as hashes in the data folder, gone the moment they are
// removed. Secrets are random and have 256 bits, so a plain SHA-256 keeps them: there is nothing to guess that a slow hash
// would slow down. Not for: the first user (credentials.ts), or what a user may do.
import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import type { Accounts } from './broker/access.ts'
import type { Clock } from './component.ts'
import { writePrivately } from './private-file.ts'
import { DaybookError } from './schemas/errors.ts'
import type { Users } from './surfaces/users.ts'

/** How long a code may be redeemed, ms. */
export const CODE_MS = 15 * 60_000

/** Whose name could be taken for ours: `daybook` is the house itself. */
const HOUSE = 'daybook'

const hash = z.string().regex(/^[0-9a-f]{64}$/)
const moment = z.number().int()
const schema = z.object({
  users: z.array(z.object({ name: z.string(), secret: hash, createdAt: moment })),
  /** The user's secret is made of the code and the salt: neither the file nor a code that was used gives it away. */
  codes: z.array(
    z.object({ name: z.string(), code: hash, salt: hash, expiresAt: moment, house: z.string(), broker: z.string() }),
  ),
})

type Kept = z.infer<typeof schema>

/** Where they are. */
export function usersFile(data: string): string {
  return join(data, 'users.json')
}

/** Reads them; throws `config_invalid`. `owner`: the name of the first user. */
export function openUsers({ data, owner, clock }: { data: string; owner: string; clock: Clock }): Users & Accounts {
  const file = usersFile(data)
  const listeners = new Set<(name: string) => void>()
  let kept = load(file)

  /** In the file first, so that what was answered holds over a crash. */
  const keep = (next: Kept) => {
    writePrivately(file, next)
    kept = next
  }
  const revoke = (name: string) => {
    for (const listener of listeners) listener(name)
  }
  const others = (name: string) => kept.users.filter((user) => user.name !== name)
  const codesBut = (name: string) => kept.codes.filter((code) => code.name !== name && code.expiresAt > clock.now())
  /** Names that differ in their case alone would be taken for one another. */
  const refuseTaken = (name: string) => {
    const folded = name.toLowerCase()
    if (folded === HOUSE || folded === owner.toLowerCase())
      throw new DaybookError('user_exists', `"${name}" is the house itself, or its first user.`)
    const others = [...kept.users, ...codesBut(name)].filter((user) => user.name !== name)
    const taken = others.find((user) => user.name.toLowerCase() === folded)
    if (taken) throw new DaybookError('user_exists', `It is "${taken.name}".`)
  }

  return {
    list: () => [
      { name: owner, owner: true },
      ...kept.users.map(({ name, createdAt }) => ({ name, owner: false, createdAt })),
    ],

    add(name) {
      refuseTaken(name)
      if (kept.users.some((user) => user.name === name)) throw new DaybookError('user_exists', `It is "${name}".`)
      const secret = randomBytes(32).toString('base64url')
      const createdAt = clock.now()
      const users = [...kept.users, { name, secret: digest(secret).toString('hex'), createdAt }]
      keep({ users, codes: codesBut(name) })
      return { name, secret, createdAt }
    },

    remove(name) {
      if (name === owner) throw new DaybookError('forbidden', 'The first user cannot be removed.')
      const known = [...kept.users, ...kept.codes].some((user) => user.name === name)
      if (!known) throw new DaybookError('not_found', `There is no user "${name}".`)
      keep({ users: others(name), codes: codesBut(name) })
      revoke(name)
    },

    who(secret) {
      return ownerOf(digest(secret), kept.users, 'secret')?.name ?? null
    },

    verify(name, secret) {
      return ownerOf(digest(secret), kept.users, 'secret')?.name === name
    },

    invite(name, { house, broker }) {
      refuseTaken(name)
      const code = randomBytes(32)
      const salt = randomBytes(32).toString('hex')
      const expiresAt = clock.now() + CODE_MS
      const made = { name, code: digest(code).toString('hex'), salt, expiresAt, house, broker }
      keep({ ...kept, codes: [...codesBut(name), made] })
      return { code, secret: secretOf(code, salt), expiresAt }
    },

    redeem(code) {
      const found = ownerOf(digest(code), kept.codes, 'code')
      if (!found || found.expiresAt <= clock.now()) throw new DaybookError('code_invalid')
      const { name, salt, house, broker } = found
      const secret = secretOf(code, salt)
      const made = { name, secret: digest(secret).toString('hex'), createdAt: clock.now() }
      keep({ users: [...others(name), made], codes: codesBut(name) })
      revoke(name)
      return { name, secret, routes: { house, broker } }
    },

    onRevoked(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}

function load(file: string): Kept {
  if (!existsSync(file)) return { users: [], codes: [] }
  try {
    return schema.parse(JSON.parse(readFileSync(file, 'utf8')))
  } catch (error) {
    const remedy = 'Restore it from a backup, or move it away and add the users again.'
    throw new DaybookError('config_invalid', `${file} cannot be read. ${remedy}`, { cause: error })
  }
}

function secretOf(code: Buffer, salt: string): string {
  return createHmac('sha256', code).update(Buffer.from(salt, 'hex')).digest('base64url')
}

/** The entry with this hash. Each is compared, and each comparison takes the same time. */
function ownerOf<Key extends string, Entry extends Record<Key, string>>(
  given: Buffer,
  entries: readonly Entry[],
  key: Key,
): Entry | undefined {
  return entries.filter((entry) => timingSafeEqual(Buffer.from(entry[key], 'hex'), given)).at(0)
}

function digest(secret: string | Buffer): Buffer {
  return createHash('sha256').update(secret).digest()
}
