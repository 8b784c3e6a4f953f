// What a configuration is taken from, and that all of its mistakes are told. Not for: the page about it (docs/render).
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { loadConfig } from './config.ts'

function fileWith(yaml: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'daybook-config-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'daybook.yaml')
  writeFileSync(file, yaml)
  return file
}

test('every mistake is told at once, also several unknown names of one section', () => {
  const file = fileWith('nonsense: 1\nmore: 2\nhttp: { port: abc, prot: 1, hots: x }\n')
  const load = () => loadConfig({ file, env: { DAYBOOK__MQTT__PREFIX: '/Bad/' } })
  for (const path of ['nonsense', 'more', 'http.port', 'http.prot', 'http.hots', 'mqtt.prefix']) {
    expect(load).toThrow(`\n  ${path}: `)
  }
})

test('a variable wins over the file', () => {
  const file = fileWith('mqtt: { prefix: theirs, host: "::1" }\n')
  expect(loadConfig({ file, env: { DAYBOOK__MQTT__PREFIX: 'a/b' } }).mqtt).toMatchObject({ prefix: 'a/b', host: '::1' })
})

test.each(['MQTT', 'HTTP', 'ACTIVITYWATCH'])('the port of %s may be any free one, or none', (section) => {
  const portOf = (text: string) => {
    const config = loadConfig({ file: fileWith(''), env: { [`DAYBOOK__${section}__PORT`]: text } })
    return Object(config)[section.toLowerCase()].port
  }
  expect([portOf('0'), portOf('off'), portOf('1234')]).toEqual([0, 'off', 1234])
})

test('a list may stand in a variable, with commas', () => {
  const hostsOf = (env: Record<string, string>, yaml = '') =>
    loadConfig({ file: fileWith(yaml), env }).http.allowedHosts
  expect(hostsOf({ DAYBOOK__HTTP__ALLOWED_HOSTS: 'house.lan, day.example:8443,' })).toEqual([
    'house.lan',
    'day.example:8443',
  ])
  expect(hostsOf({}, 'http: { allowedHosts: [house.lan] }')).toEqual(['house.lan'])
  expect(hostsOf({})).toEqual([])
})

test('an object store of S3 needs its server and its keys, each told by its path', () => {
  const load = (env: Record<string, string>) => loadConfig({ file: fileWith('objects: { driver: minio }\n'), env })
  for (const key of ['endpoint', 'accessKey', 'secretKey']) expect(() => load({})).toThrow(`\n  objects.minio.${key}: `)
  const env = {
    DAYBOOK__OBJECTS__MINIO__ENDPOINT: 'http://127.0.0.1:9000',
    DAYBOOK__OBJECTS__MINIO__ACCESS_KEY: 'k',
    DAYBOOK__OBJECTS__MINIO__SECRET_KEY: 's',
  }
  expect(load(env).objects).toMatchObject({ driver: 'minio', maxMegabytes: 256, graceHours: 72 })
  expect(load(env).objects.minio).toMatchObject({ endpoint: 'http://127.0.0.1:9000', bucket: 'daybook' })
})

test('a number that is too small is told its bound, and what is none is told that', () => {
  const mistakes = (value: string) => {
    try {
      loadConfig({ env: { DAYBOOK__OBJECTS__GRACE_HOURS: value } })
    } catch (error) {
      return (error as Error).message
    }
    return ''
  }
  expect(mistakes('0')).toMatch(/objects\.graceHours: .*>=1/)
  expect(mistakes('soon')).toMatch(/objects\.graceHours: must be a number/)
})

test('what lies beneath holds where nobody else says anything, what lies above holds for sure', () => {
  const env = { DAYBOOK__BROKER__USER: 'env' }
  const beneath = { space: 'flat', broker: { url: 'mqtt://beneath', user: 'beneath', password: 'beneath' } }
  const file = fileWith('broker: { url: "mqtt://file" }\nhouse: { url: "http://file" }\n')
  const { space, broker, house } = loadConfig({ file, env, beneath, above: { house: { url: 'http://above' } } })
  expect(broker).toMatchObject({ url: 'mqtt://file', user: 'env', password: 'beneath' })
  expect([space, house.url]).toEqual(['flat', 'http://above'])
  expect(beneath.broker.user).toBe('beneath')
  expect(() => loadConfig({ file, env, above: { house: { url: 'file:///x' } } })).toThrow('house.url')
})
