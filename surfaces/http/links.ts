// Links that show one object for a while to whoever has them: no token stands in a URL. They die with their time, with
// a restart, and with the last activity that refers to the object. Not for: serving it.
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import type { Clock } from '../../component.ts'
import { DaybookError } from '../../schemas/errors.ts'
import type { ObjectKey } from '../../storage/catalogue.ts'

/** The longest life of a link, seconds. */
export const LINK_MOST = 3_600

/** A key signs for as long as the longest link lives, and is kept that long again for what it signed. */
const KEY_MS = LINK_MOST * 1_000

export interface Links {
  /** Path and query of a link to an object that will be served as this media type; `expiresAt` is epoch ms. */
  sign(key: ObjectKey, type: string, expiresAt: number): string
  /** The media type that a link serves its object as; throws `forbidden` for a link that is not ours or has ended. */
  check(key: Record<'storage' | 'id', string>, query: URLSearchParams): string
}

export function createLinks({ space, clock }: { space: string; clock: Clock }): Links {
  let keys = [randomBytes(32)]
  let made = clock.now()

  function rotate(): void {
    if (clock.now() < made + KEY_MS) return
    keys = [randomBytes(32), ...keys.slice(0, 1)]
    made = clock.now()
  }

  /** As JSON, so that no two different links are the same text. */
  function mac(secret: Buffer, { storage, id }: Record<'storage' | 'id', string>, type: string, expires: string) {
    return createHmac('sha256', secret)
      .update(JSON.stringify([space, storage, id, type, expires]))
      .digest('base64url')
  }

  return {
    sign(key, type, expiresAt) {
      rotate()
      const expires = String(expiresAt)
      const [newest = Buffer.alloc(0)] = keys
      const signature = mac(newest, key, type, expires)
      return `${objectPath(key)}?${new URLSearchParams({ expires, type, signature })}`
    },

    check(key, query) {
      rotate()
      const [expires = '', type = '', signature = ''] = ['expires', 'type', 'signature'].map(
        (name) => query.get(name) ?? '',
      )
      // As texts: many of them decode to the same bytes.
      const given = Buffer.from(signature)
      const ours = keys.filter((secret) => {
        const expected = Buffer.from(mac(secret, key, type, expires))
        return given.length === expected.length && timingSafeEqual(given, expected)
      })
      if (ours.length === 0)
        throw new DaybookError(
          'forbidden',
          'This link was changed, or is older than the last start; ask for a new one.',
        )
      if (Number(expires) <= clock.now())
        throw new DaybookError(
          'forbidden',
          `This link ended at ${new Date(Number(expires)).toISOString()}; ask for a new one.`,
        )
      return type
    },
  }
}

/** Where an object is served; ids may hold a colon. */
export function objectPath({ storage, id }: ObjectKey): string {
  return `/objects/${storage}/${encodeURIComponent(id)}`
}
