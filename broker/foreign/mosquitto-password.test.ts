// The line is what `mosquitto_passwd` makes of the same name, password and salt. (That Mosquitto takes them are journeys,
// `house` and `enroll`.)
import { pbkdf2Sync } from 'node:crypto'
import { expect, test } from 'vitest'
import { accountFor, isMosquittoPassword, mosquittoPassword } from './mosquitto-password.ts'

// By `mosquitto_passwd -b` of Mosquitto 2.0.11.
const made =
  'ann:$7$101$u1lyZuF2yZfMnc00$ys3fhZcMqzL87ZVmZUoOdQn6SbYMqgXUyqN05hzVKy4QN7+H/l0295mp8BWPqwX9zOeFem2+oGF3s6mGC27kuA=='

test("a line is byte by byte the one that Mosquitto's own program makes", () => {
  expect(mosquittoPassword('ann', 's3cret', Buffer.from('u1lyZuF2yZfMnc00', 'base64'))).toBe(made)
})

test('a line is known by its user and password, and by nothing else', () => {
  expect(isMosquittoPassword(made, 'ann', 's3cret')).toBe(true)
  expect(isMosquittoPassword(mosquittoPassword('bob', 'x'), 'bob', 'x')).toBe(true)
  expect(isMosquittoPassword(made, 'ann', 'secret')).toBe(false)
  expect(isMosquittoPassword(made, 'bob', 's3cret')).toBe(false)
  expect(isMosquittoPassword('ann:s3cret', 'ann', 's3cret')).toBe(false)
})

test('the same password twice makes two lines', () => {
  expect(mosquittoPassword('ann', 'x')).not.toBe(mosquittoPassword('ann', 'x'))
})

test('says what to run, and a line that holds no password but can be checked against it', () => {
  const { command, line } = accountFor('laptop', 'the-secret')
  expect(command).toBe('mosquitto_passwd -b FILE laptop the-secret')
  expect(line).not.toContain('the-secret')
  const [, salt = '', hash] = /^laptop:\$7\$101\$([A-Za-z0-9+/]{16})\$([A-Za-z0-9+/]{86}==)$/.exec(line) ?? []
  expect(pbkdf2Sync('the-secret', Buffer.from(salt, 'base64'), 101, 64, 'sha512').toString('base64')).toBe(hash)
})
