// Settings are found in a schema whatever wraps them. Not for: the settings that Daybook has, which config.ts declares.
import { expect, test } from 'vitest'
import { z } from 'zod'
import { settingsOf } from './settings.ts'

const schema = z.strictObject({
  mqtt: z
    .strictObject({
      port: z.coerce.number().int().default(1883).describe('where it listens'),
      host: z.string().min(1).default('127.0.0.1'),
    })
    .prefault({}),
  name: z.string().describe('yours'),
  zone: z.string().default('UTC').describe('default: that of the system'),
  hosts: z.array(z.string()).default([]),
  level: z.enum(['low', 'high']).default('low'),
  port: z.union([z.literal('off'), z.coerce.number()]).optional(),
  flag: z.union([z.boolean(), z.enum(['true', 'false']).transform((text) => text === 'true')]).default(true),
  more: z.strictObject({ url: z.url() }).optional().describe('a section that may be missing'),
})

const settings = settingsOf(schema)
const at = (path: string) => settings.find((setting) => setting.path.join('.') === path)

test('plain settings come first, then sections, each in the order of the schema', () => {
  expect(settings.map(({ path }) => path.join('.'))).toEqual([
    'name',
    'zone',
    'hosts',
    'level',
    'port',
    'flag',
    'mqtt.port',
    'mqtt.host',
    'more.url',
  ])
})

test('a setting knows its default, type and description', () => {
  expect(at('mqtt.port')).toMatchObject({ type: 'number', default: '1883', description: 'where it listens' })
  expect(at('level')).toMatchObject({ type: '`low` or `high`', default: 'low' })
  expect(at('hosts')).toMatchObject({ type: 'list of text', default: '[]' })
  expect(at('port')).toMatchObject({ type: '`off` or number', default: undefined })
  expect(at('flag')).toMatchObject({ type: '`true` or `false`', default: 'true' })
})

test('a default that the description tells is not the one of this machine', () => {
  expect(at('zone')?.default).toBeUndefined()
})

test('what must be given is required, also in a section that may be missing', () => {
  expect(settings.filter(({ required }) => required).map(({ path }) => path.join('.'))).toEqual(['name', 'more.url'])
})
