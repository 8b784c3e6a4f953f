// Accounts for a broker that is not ours; that Mosquitto takes them is a journey (test/e2e/enroll.test.ts).
import { pbkdf2Sync } from 'node:crypto'
import { expect, it } from 'vitest'
import { accountFor } from './account.ts'

it('says what to run, and a line that holds no password but can be checked against it', () => {
  const { command, line } = accountFor('laptop', 'the-secret')
  expect(command).toBe('mosquitto_passwd -b FILE laptop the-secret')
  expect(line).not.toContain('the-secret')
  const [, salt = '', hash] = /^laptop:\$7\$101\$([A-Za-z0-9+/]{16})\$([A-Za-z0-9+/]{86}==)$/.exec(line) ?? []
  expect(pbkdf2Sync('the-secret', Buffer.from(salt, 'base64'), 101, 64, 'sha512').toString('base64')).toBe(hash)
})

it('salts each line anew', () => {
  expect(accountFor('laptop', 'x').line).not.toBe(accountFor('laptop', 'x').line)
})
