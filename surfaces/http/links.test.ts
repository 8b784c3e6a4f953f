// Links open what they were made for, and nothing else, and not for ever.
import { describe, expect, test } from 'vitest'
import type { ObjectKey } from '../../storage/catalogue.ts'
import { createLinks } from './links.ts'

const key: ObjectKey = { storage: 'fs', id: 'a'.repeat(64) }
const MINUTE = 60_000
/** Of base64url (RFC 4648, 5), in their order. */
const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

function linksAt(start: number) {
  let now = start
  const links = createLinks({ space: 'home', clock: { now: () => now, sleep: async () => {} } })
  const open = (link: string, at = key) => links.check(at, new URL(link, 'http://localhost').searchParams)
  return { ...links, open, pass: (ms: number) => (now += ms), inMinutes: (minutes: number) => now + minutes * MINUTE }
}

const refused = expect.objectContaining({ code: 'forbidden' })

describe('a link', () => {
  test('names the object, the media type and its end, and opens until then', () => {
    const links = linksAt(1_000)
    const link = links.sign(key, 'image/png', links.inMinutes(10))
    expect(link).toMatch(new RegExp(`^/objects/fs/${key.id}\\?expires=601000&type=image%2Fpng&signature=[\\w-]{43}$`))
    expect(links.open(link)).toBe('image/png')
    links.pass(10 * MINUTE - 1)
    expect(links.open(link)).toBe('image/png')
    links.pass(1)
    expect(() => links.open(link)).toThrow(/ended at 1970-01-01T00:10:01/)
  })

  test('the colon of an id is encoded', () => {
    const frigate: ObjectKey = { storage: 'frigate', id: '1.2-abc:snapshot' }
    const links = linksAt(0)
    const link = links.sign(frigate, 'image/jpeg', links.inMinutes(1))
    expect(link).toContain('/objects/frigate/1.2-abc%3Asnapshot?')
    expect(links.open(link, frigate)).toBe('image/jpeg')
  })

  test('opens nothing but what it was made for', () => {
    const links = linksAt(0)
    const link = links.sign(key, 'image/png', links.inMinutes(10))
    expect(() => links.open(link, { ...key, storage: 'postgres' })).toThrow(refused)
    expect(() => links.open(link, { ...key, id: 'b'.repeat(64) })).toThrow(refused)
    expect(() => linksAt(0).open(link)).toThrow(refused)
  })

  test.each([
    ['another end', (link: string) => link.replace(/expires=\d+/, 'expires=9999999999999')],
    ['another media type', (link: string) => link.replace('image%2Fpng', 'text%2Fhtml')],
    ['no media type', (link: string) => link.replace('type=image%2Fpng&', '')],
    [
      'another signature',
      (link: string) => link.replace(/signature=./, (text) => `${text.slice(0, -1)}${text.endsWith('A') ? 'B' : 'A'}`),
    ],
    ['half a signature', (link: string) => link.slice(0, -20)],
    ['an empty signature', (link: string) => link.replace(/signature=.*/, 'signature=')],
    ['a long signature', (link: string) => `${link}AAAA`],
    ['a padded signature', (link: string) => `${link}%3D`],
    ['marks behind the signature', (link: string) => `${link}!!!`],
    ['a mark within the signature', (link: string) => link.replace('signature=', 'signature=!')],
    // 43 digits hold 258 bits, two more than the signature has.
    [
      'another last digit of the same bytes',
      (link: string) => link.replace(/.$/, (last) => DIGITS[DIGITS.indexOf(last) + 1] ?? ''),
    ],
  ])('with %s it is refused', (_, change) => {
    const links = linksAt(0)
    const link = links.sign(key, 'image/png', links.inMinutes(10))
    expect(change(link)).not.toBe(link)
    expect(() => links.open(change(link))).toThrow(refused)
  })

  test('made right before a new key still lives its hour, and not longer', () => {
    const links = linksAt(0)
    links.pass(60 * MINUTE - 1)
    const link = links.sign(key, 'image/png', links.inMinutes(60))
    links.pass(1)
    const next = links.sign(key, 'image/png', links.inMinutes(60))
    expect(new URL(next, 'http://x').searchParams.get('signature')).not.toBe(
      new URL(link, 'http://x').searchParams.get('signature'),
    )
    links.pass(59 * MINUTE)
    expect(links.open(link)).toBe('image/png')
    expect(links.open(next)).toBe('image/png')
    links.pass(MINUTE)
    expect(() => links.open(link)).toThrow(refused)
  })

  test('two keys later even one without an end is worth nothing', () => {
    const links = linksAt(0)
    const link = links.sign(key, 'image/png', Number.MAX_SAFE_INTEGER)
    for (const _ of [1, 2]) {
      expect(links.open(link)).toBe('image/png')
      links.pass(60 * MINUTE)
      links.sign(key, 'image/png', 0)
    }
    expect(() => links.open(link)).toThrow(/older than the last start/)
  })
})
