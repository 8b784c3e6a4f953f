// What a device keeps of its enrolment.
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { enrolmentFile, loadEnrolment, saveEnrolment } from './enrolment.ts'
import type { Enrolment } from './schemas/enrolment.ts'

const given: Enrolment = {
  name: 'laptop',
  space: 'home',
  prefix: 'daybook',
  timezone: 'Europe/Berlin',
  broker: { url: 'mqtt://192.168.1.5:1883', user: 'laptop', password: 'secret' },
  house: { url: 'http://192.168.1.5:8420', token: 'secret' },
}

let data: string
beforeEach(() => {
  data = mkdtempSync(join(tmpdir(), 'daybook-enrolment-'))
})
afterEach(() => rmSync(data, { recursive: true }))

it('is null on a device that was never enrolled', () => {
  expect(loadEnrolment(data)).toBeNull()
})

it('is read as it was saved, also into a folder that is not there yet, and replaced as a whole', () => {
  const deep = join(data, 'not', 'yet')
  saveEnrolment(deep, given)
  expect(loadEnrolment(deep)).toEqual(given)
  saveEnrolment(deep, { ...given, name: 'desk' })
  expect(loadEnrolment(deep)?.name).toBe('desk')
})

it('is for the eyes of its owner only', () => {
  saveEnrolment(data, given)
  expect(statSync(enrolmentFile(data)).mode & 0o777).toBe(0o600)
})

it.each([
  ['no JSON', '{'],
  ['another form', JSON.stringify({ ...given, broker: { url: 'http://192.168.1.5' } })],
])('says what to do about a file that is %s, and leaves it as it is', (_, text) => {
  writeFileSync(enrolmentFile(data), text)
  expect(() => loadEnrolment(data)).toThrow(expect.objectContaining({ code: 'config_invalid' }))
  expect(() => loadEnrolment(data)).toThrow('daybook enroll')
  expect(readFileSync(enrolmentFile(data), 'utf8')).toBe(text)
})
