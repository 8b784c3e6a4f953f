// Users that come and go, and what is left of them in the data folder.
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { wallClock } from './component.ts'
import { errors } from './schemas/errors.ts'
import { CODE_MS, openUsers, usersFile } from './users.ts'

const start = Date.UTC(2026, 0, 1)
const routes = { house: 'http://192.168.1.5:8420', broker: 'mqtt://192.168.1.5:1883' }
const failsWith = (code: string) => expect.objectContaining({ code })

let data: string
let now: number
let revoked: string[]
beforeEach(() => {
  data = mkdtempSync(join(tmpdir(), 'daybook-users-'))
  now = start
  revoked = []
})
afterEach(() => rmSync(data, { recursive: true }))

function open() {
  const users = openUsers({ data, owner: 'me', clock: { ...wallClock, now: () => now } })
  users.onRevoked((name) => revoked.push(name))
  return users
}

describe('a user', () => {
  it('has a secret of 256 bits that opens both ways in, also after a restart', () => {
    const { secret, createdAt } = open().add('laptop')
    expect(secret).toMatch(/^[\w-]{43}$/)
    expect(createdAt).toBe(start)
    for (const users of [open(), open()]) {
      expect(users.who(secret)).toBe('laptop')
      expect(users.verify('laptop', Buffer.from(secret))).toBe(true)
      expect(users.list()).toEqual([
        { name: 'me', owner: true },
        { name: 'laptop', owner: false, createdAt: start },
      ])
    }
  })

  it('is known by no other secret, and the secret by no other name', () => {
    const users = open()
    const { secret } = users.add('laptop')
    const other = users.add('desk').secret
    expect(users.verify('laptop', Buffer.from(other))).toBe(false)
    expect(users.verify('me', Buffer.from(secret))).toBe(false)
    for (const wrong of ['', secret.slice(1), `${secret}=`, 'laptop']) expect(users.who(wrong)).toBeNull()
  })

  it('that is removed has no secret any more, and whoever holds its connections is told once', () => {
    const users = open()
    const { secret } = users.add('laptop')
    const { secret: kept } = users.add('desk')
    users.remove('laptop')
    expect(revoked).toEqual(['laptop'])
    for (const each of [users, open()]) {
      expect(each.who(secret)).toBeNull()
      expect(each.verify('laptop', Buffer.from(secret))).toBe(false)
      expect(each.who(kept)).toBe('desk')
    }
    expect(() => users.remove('laptop')).toThrow(failsWith('not_found'))
    expect(users.add('laptop').secret).not.toBe(secret)
  })

  it.each(['laptop', 'LapTop', 'me', 'Me', 'daybook', 'Daybook'])('%s is a name that is taken', (name) => {
    const users = open()
    users.add('laptop')
    expect(() => users.add(name)).toThrow(failsWith('user_exists'))
    if (name !== 'laptop') expect(() => users.invite(name, routes)).toThrow(failsWith('user_exists'))
  })

  it('who is the first one stays', () => {
    expect(() => open().remove('me')).toThrow(failsWith('forbidden'))
  })
})

describe('a code', () => {
  it('makes its user once', () => {
    const users = open()
    const { code, secret, expiresAt } = users.invite('laptop', routes)
    expect(expiresAt).toBe(start + CODE_MS)
    expect(users.who(secret)).toBeNull()
    expect(users.redeem(code)).toEqual({ name: 'laptop', secret, routes })
    expect(users.who(secret)).toBe('laptop')
    expect(() => users.redeem(code)).toThrow(failsWith('code_invalid'))
    expect(() => open().redeem(code)).toThrow(failsWith('code_invalid'))
  })

  it('outlives a restart, and no longer than its time', () => {
    const { code } = open().invite('laptop', routes)
    now += CODE_MS
    expect(() => open().redeem(code)).toThrow(failsWith('code_invalid'))
    now -= 1
    expect(open().redeem(code).name).toBe('laptop')
  })

  it('that was used, is too old or was never made fails in the same words', () => {
    const users = open()
    const used = users.invite('used', routes).code
    const old = users.invite('old', routes).code
    users.redeem(used)
    now += CODE_MS
    const { sentence } = errors.code_invalid
    for (const code of [used, old, Buffer.alloc(32)]) {
      expect(() => users.redeem(code)).toThrow(expect.objectContaining({ code: 'code_invalid', message: sentence }))
    }
  })

  it('replaces the secret of a user there is, but only when it is redeemed', () => {
    const users = open()
    const { secret } = users.add('laptop')
    const { code } = users.invite('laptop', routes)
    expect([users.who(secret), revoked]).toEqual(['laptop', []])
    const fresh = users.redeem(code).secret
    expect([users.who(secret), users.who(fresh), revoked]).toEqual([null, 'laptop', ['laptop']])
    expect(users.list()).toHaveLength(2)
  })

  it('replaces the one before it, and goes with its user', () => {
    const users = open()
    const first = users.invite('laptop', routes).code
    const second = users.invite('laptop', routes).code
    expect(() => users.redeem(first)).toThrow(failsWith('code_invalid'))
    users.remove('laptop')
    expect(() => users.redeem(second)).toThrow(failsWith('code_invalid'))
  })

  it('holds its name while it is good, however that is written', () => {
    const users = open()
    users.invite('laptop', routes)
    expect(() => users.invite('Laptop', routes)).toThrow(failsWith('user_exists'))
    expect(() => users.add('LAPTOP')).toThrow(failsWith('user_exists'))
    now += CODE_MS
    expect(users.add('LAPTOP').name).toBe('LAPTOP')
  })
})

describe('the file', () => {
  it('is for the eyes of its owner only, and gives no secret away', () => {
    const users = open()
    const { secret } = users.add('laptop')
    const { code, secret: coming } = users.invite('desk', routes)
    expect(statSync(usersFile(data)).mode & 0o777).toBe(0o600)
    const text = readFileSync(usersFile(data), 'utf8')
    for (const private_ of [secret, coming, code.toString('hex'), code.toString('base64url')]) {
      expect(text).not.toContain(private_)
    }
  })

  it('that cannot be understood stops the start, and stays', () => {
    writeFileSync(usersFile(data), '{"users":[{}]}')
    expect(open).toThrow(failsWith('config_invalid'))
    expect(readFileSync(usersFile(data), 'utf8')).toBe('{"users":[{}]}')
  })

  it('that cannot be written changes nothing', () => {
    const users = open()
    rmSync(data, { recursive: true })
    writeFileSync(data, 'in the way of the folder')
    expect(() => users.add('laptop')).toThrow(failsWith('data_unwritable'))
    expect(users.list()).toHaveLength(1)
  })
})
