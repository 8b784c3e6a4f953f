// Every made secret in every place, through what each source and the write path do with it. Not for: the started house
// (test/e2e/privacy.test.ts).
import { expect, test } from 'vitest'
import { createPrivacy } from '../../pipeline/privacy.ts'
import { createRedactor } from '../../pipeline/redact.ts'
import { leaks, placements, secrets } from './corpus.ts'
import { ordinary } from './ordinary.ts'

const redactor = createRedactor()
const privacy = createPrivacy({ redactor })

/** As a text of its own, and as a fact of an activity. */
function kept(content: unknown): string[] {
  const data = typeof content === 'string' ? { text: content } : (content as Record<string, unknown>)
  const visible = { id: 'x', source: 'terminal', type: 'command', timestamp: 1, data }
  const summary = typeof content === 'string' ? content.slice(0, 512) : 'x'
  const activity = redactor.redact({ ...visible, summary })
  const { text } = redactor.redactText(typeof content === 'string' ? content : JSON.stringify(content))
  return [JSON.stringify(activity), text, JSON.stringify(privacy.clean(data))]
}

test('the corpus is as large as it is said to be, and each secret is another one', () => {
  expect(new Set(secrets.map(({ core }) => core)).size).toBe(secrets.length)
  expect(secrets.length).toBeGreaterThanOrEqual(200)
  expect(new Set(secrets.map(({ kind }) => kind)).size).toBeGreaterThanOrEqual(30)
})

test('a secret that nobody took out would be found', () => {
  for (const secret of secrets)
    for (const { put } of placements) expect(leaks(JSON.stringify(put(secret)), secret)).toBe(true)
})

test.each(placements)('no secret is left in $name', ({ put, alone }) => {
  const left = secrets
    .filter((secret) => !alone || secret.alone)
    .flatMap((secret) => kept(put(secret)).map((text) => ({ kind: secret.kind, text, leaks: leaks(text, secret) })))
    .filter(({ leaks }) => leaks)
    .map(({ kind, text }) => `${kind}: ${text.slice(0, 200)}`)
  expect([...new Set(left)]).toEqual([])
})

test('a thousand ordinary commands, titles and prompts lose nothing', () => {
  expect(ordinary.length).toBeGreaterThanOrEqual(1_000)
  const changed = ordinary.flatMap(({ kind, text }) => {
    const data = { command: { command: text }, title: { title: text }, prompt: { prompt: text } }[kind]
    const activity = { id: 'x', source: 'window', type: 'focus', timestamp: 1, summary: text.slice(0, 512), data }
    const admitted = privacy.admit(activity)
    const same = admitted === activity && redactor.redact(activity) === activity && privacy.clean(data) === data
    return same ? [] : [`${redactor.redactText(text).redacted}: ${redactor.redactText(text).text}`]
  })
  expect(changed).toEqual([])
})
