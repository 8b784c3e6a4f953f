// What the service `init` makes: once, for its readers only, and from what credentials.json knows. Not for: the servers
// that read it, which the journey `house` starts.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { isMosquittoPassword, mosquittoPassword } from '../../broker/foreign/mosquitto-password.ts'
import { randomIds } from '../../component.ts'
import { loadCredentials } from '../../credentials.ts'
import { makeSecrets } from '../../deploy/secrets.ts'

let place: string
let data: string
let folder: string

beforeEach(() => {
  place = mkdtempSync(join(tmpdir(), 'daybook-secrets-'))
  data = join(place, 'data')
  folder = join(place, 'secrets')
  mkdirSync(folder)
})
afterEach(() => rmSync(place, { recursive: true, force: true }))

const make = (lines: string[] = [], groups: Record<string, number> = {}) =>
  makeSecrets({ data, folder, groups, lines, ids: randomIds })
const read = (name: string) => readFileSync(join(folder, name), 'utf8')
const all = () => Object.fromEntries(readdirSync(folder).map((name) => [name, read(name)]))

test('the first start makes everything, later ones change nothing', () => {
  expect(make().sort()).toEqual(readdirSync(folder).sort())
  const before = all()
  expect(Object.keys(before)).toHaveLength(8)
  for (const [name, text] of Object.entries(before)) expect(text.length, name).toBeGreaterThanOrEqual(32)
  expect(make()).toEqual([])
  expect(all()).toEqual(before)
})

test('the broker, the app and whoever opens credentials.json know the same password', () => {
  make()
  const { mqtt, secrets } = loadCredentials(data, randomIds)
  expect(read('mqtt-password')).toBe(mqtt.password)
  expect(isMosquittoPassword(read('mosquitto-passwords'), 'daybook', mqtt.password)).toBe(true)
  expect([read('database-password'), read('reader-password')]).toEqual([secrets.database, secrets.reader])
})

test('the S3 server lets in whom the app names', () => {
  make()
  const { identities } = JSON.parse(read('s3.json'))
  expect(identities[0].credentials).toEqual([{ accessKey: read('s3-access-key'), secretKey: read('s3-secret-key') }])
})

test('a file is its owner’s alone, or also its reader’s group may read it', () => {
  const { gid } = statSync(folder)
  make([], { 's3.json': gid })
  const mode = (name: string) => statSync(join(folder, name)).mode & 0o777
  expect([mode('s3.json'), mode('s3-secret-key'), mode('grafana-password')]).toEqual([0o640, 0o600, 0o600])
  make([], { 'grafana-password': gid })
  expect([mode('s3.json'), mode('grafana-password')]).toEqual([0o600, 0o640])
})

test('further users of the broker are kept, and a new password of one replaces the old', () => {
  make()
  const [first, second] = [mosquittoPassword('laptop', 'one'), mosquittoPassword('laptop', 'two')]
  expect(make([mosquittoPassword('frigate', 'x'), first])).toEqual(['mosquitto-passwords'])
  make([second])
  make()
  const lines = read('mosquitto-passwords').trim().split('\n')
  expect(lines.map((line) => line.split(':')[0])).toEqual(['daybook', 'frigate', 'laptop'])
  expect(lines[2]).toBe(second)
})

test('a user of the broker can be taken away again, but for the house itself', () => {
  make([mosquittoPassword('frigate', 'x'), mosquittoPassword('laptop', 'y')])
  const remove = ['frigate', 'daybook', 'nobody']
  expect(makeSecrets({ data, folder, groups: {}, remove, ids: randomIds })).toEqual(['mosquitto-passwords'])
  const lines = read('mosquitto-passwords').trim().split('\n')
  expect(lines.map((line) => line.split(':')[0])).toEqual(['daybook', 'laptop'])
})

test('what is no line of a password file is refused, and nothing is made of it', () => {
  for (const line of [
    'laptop:secret',
    'a b:$7$101$eA==$eA==',
    `${mosquittoPassword('a', 'x')}\nb:$7$1$eA==$eA==`,
    '',
  ]) {
    expect(() => make([line])).toThrow('no line of a password file')
  }
  expect(readdirSync(folder)).toEqual([])
})

test('passwords follow a new credentials.json, but for those that a server has in its own keeping', () => {
  make()
  const before = all()
  rmSync(data, { recursive: true })
  expect(make().sort()).toEqual(['mosquitto-passwords', 'mqtt-password', 'reader-password'])
  expect(read('database-password')).toBe(before['database-password'])
  expect(read('mosquitto-passwords').trim().split('\n')).toHaveLength(1)
})
