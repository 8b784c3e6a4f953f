// The page of settings tells the truth: what it lists is taken, and what scripts rely on is listed. Not for: how settings
// are found in a schema (settings.test.ts).
import { expect, test } from 'vitest'
import { configSchema, loadConfig, variableOf } from '../../config.ts'
import { renderConfiguration } from './configuration.ts'
import { settingsOf } from './settings.ts'

const page = renderConfiguration()
const settings = settingsOf(configSchema)

/** What a section cannot be without, so that its other settings can be tried. */
const needed = Object.fromEntries(
  settings
    .filter(({ required }) => required)
    .map(({ path, type }) => [variableOf(path), type === 'URL' ? 'http://home.test' : 'something']),
)

test('every variable on the page sets its setting', () => {
  const simple = settings.filter((setting) => setting.default !== undefined && !/^[[{]/.test(setting.default))
  for (const { path, default: text = '' } of simple) {
    const config = loadConfig({ env: { ...needed, [variableOf(path)]: text } })
    const value = path.reduce<unknown>((node, key) => Object(node)[key], config)
    expect([path, String(value)]).toEqual([path, expect.stringContaining(text.replace(/^\.\//, ''))])
  }
})

test('the variables that scripts rely on are on the page', () => {
  const fixed = [
    ...['DATA', 'TIMEZONE', 'CLOCK', 'MQTT__HOST', 'MQTT__PORT', 'HTTP__HOST', 'HTTP__PORT', 'ACTIVITYWATCH__PORT'],
    ...['BROKER__URL', 'DATABASE__URL', 'DATABASE__PORT', 'OBJECTS__DRIVER', 'ENRICH__DRIVER'],
    ...['ENDPOINT', 'ACCESS_KEY', 'SECRET_KEY', 'BUCKET', 'REGION'].map((name) => `OBJECTS__MINIO__${name}`),
    ...['BASE_URL', 'API_KEY', 'MODEL'].map((name) => `ENRICH__ANTHROPIC__${name}`),
    ...['URL', 'TOKEN'].map((name) => `BRIDGES__HOME_ASSISTANT__${name}`),
    ...['URL', 'TOPIC_PREFIX', 'USER', 'PASSWORD'].map((name) => `BRIDGES__FRIGATE__${name}`),
  ]
  expect(fixed.filter((name) => !page.includes(`\`DAYBOOK__${name}\``))).toEqual([])
})

test('the page has nothing of the machine that made it', () => {
  expect(page).toContain('| `timezone` | `DAYBOOK__TIMEZONE` | text |  |')
  expect(page).not.toContain(import.meta.dirname)
})
