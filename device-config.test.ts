// Where a bridge that runs alone finds its settings.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { loadDeviceConfig } from './device-config.ts'
import { saveEnrolment } from './enrolment.ts'

let data: string
beforeEach(() => {
  data = mkdtempSync(join(tmpdir(), 'daybook-device-'))
})
afterEach(() => rmSync(data, { recursive: true }))

const enrol = () =>
  saveEnrolment(data, {
    name: 'laptop',
    space: 'flat',
    prefix: 'home/day',
    timezone: 'Asia/Tokyo',
    broker: { url: 'mqtt://house', user: 'laptop', password: 'secret' },
    house: { url: 'http://house', token: 'token' },
  })
const file = () => {
  const path = join(data, 'daybook.yaml')
  writeFileSync(path, '')
  return path
}

test('an enrolled device needs to be told nothing', () => {
  enrol()
  expect(loadDeviceConfig({ data }, { file: file(), env: {} })).toMatchObject({
    space: 'flat',
    timezone: 'Asia/Tokyo',
    mqtt: { prefix: 'home/day' },
    bridges: { producer: 'laptop' },
    broker: { url: 'mqtt://house', user: 'laptop', password: 'secret' },
    house: { url: 'http://house', token: 'token' },
  })
})

test('the command line wins over the environment, that over the enrolment', () => {
  enrol()
  const env = { DAYBOOK__DATA: data, DAYBOOK__HOUSE__TOKEN: 'env', DAYBOOK__HOUSE__URL: 'http://env' }
  const config = loadDeviceConfig({ broker: 'mqtts://away', house: 'https://away' }, { file: file(), env })
  expect(config.broker).toMatchObject({ url: 'mqtts://away', user: 'laptop', password: 'secret' })
  expect(config.house).toEqual({ url: 'https://away', token: 'env' })
})

test('a URL that names its own user is not joined with the password of another', () => {
  enrol()
  const { broker } = loadDeviceConfig({ data, broker: 'mqtt://me:mine@away' }, { file: file(), env: {} })
  expect([broker.url, broker.user, broker.password]).toEqual(['mqtt://me:mine@away', undefined, undefined])
})

test('a device that belongs nowhere says both ways out', () => {
  const load = () => loadDeviceConfig({ data }, { file: file(), env: {} })
  expect(load).toThrow(expect.objectContaining({ code: 'config_invalid' }))
  expect(load).toThrow(/daybook enroll.*--broker/s)
})

test('every mistake is told at once', () => {
  const load = () => loadDeviceConfig({ data, broker: 'house:1883', house: 'ftp://house' }, { file: file(), env: {} })
  expect(load).toThrow(/broker\.url.*house\.url/s)
  const half = () => loadDeviceConfig({ data, house: 'http://house' }, { file: file(), env: {} })
  expect(half).toThrow(/--broker.*house\.token/s)
})
