// Every rule of secretlint's preset finds its secret here without the engine, where the engine finds it, and only where
// the hint lets it be asked. Not for: what is done with a finding.
import { lintSource } from '@secretlint/core'
import { creator, rules } from '@secretlint/secretlint-rule-preset-recommend'
import { describe, expect, test } from 'vitest'
import { createHint } from './redact-hint.ts'
import { createPreset, presetIds, presetWords } from './redact-preset.ts'
import { presetSecrets } from './redact-secrets.ts'

const find = createPreset()
const hint = createHint(presetWords)

/** What secretlint itself says of a text; a rule for JSON looks at the extension. */
async function engine(text: string): Promise<string[]> {
  const json = text.startsWith('{')
  const source = { filePath: json ? 'x.json' : 'x.txt', content: text, ext: json ? '.json' : '.txt' }
  const config = { rules: [{ id: creator.meta.id, rule: creator }] }
  const { messages } = await lintSource({ source: { ...source, contentType: 'text' }, options: { config } })
  return messages.map(({ ruleId }) => ruleId.replace('@secretlint/secretlint-rule-', ''))
}

describe("secretlint's preset", () => {
  test('each of its rules has words and an example here, so a new version cannot slip past', () => {
    expect(presetIds.length).toBe(rules.length - 1)
    expect([...presetIds].filter((id) => presetWords.get(id)?.length === 0)).toEqual([])
    expect(Object.keys(presetSecrets).sort()).toEqual([...presetIds].sort())
  })

  describe.each(Object.entries(presetSecrets))('%s', (rule, { text, secret }) => {
    test('is asked about its secret and finds it at once, whole', () => {
      expect(hint(text)).toContain(rule)
      const found = find(rule, text).map(({ start, end }) => text.slice(start, end))
      expect(found.some((one) => one.includes(secret))).toBe(true)
    })

    test('finds what the engine of secretlint finds', async () => {
      expect(await engine(text)).toContain(rule)
    })
  })

  test('a comment that switches secretlint off switches nothing off', () => {
    const { text, secret } = presetSecrets.github ?? { text: '', secret: '' }
    const findings = find('github', `secretlint-disable\n${text}`)
    expect(findings.map(({ end, start }) => end - start)).toEqual([secret.length])
  })

  test('a clean text has no findings, whichever rule is asked', () => {
    expect(presetIds.flatMap((rule) => find(rule, 'Kitchen light turned on by ada@example.net'))).toEqual([])
  })
})
