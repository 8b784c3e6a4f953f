// Help and reference say all that there is.
import { expect, test } from 'vitest'
import { exitCodes } from './exit-codes.ts'
import { aboutExitCodes, aboutVerb, cliReference, overview } from './help.ts'
import { verbs } from './registry.ts'

test('the overview and the reference know every verb', () => {
  const reference = cliReference(verbs)
  for (const { name, summary } of verbs) {
    expect(overview(verbs).join('\n')).toContain(summary)
    expect(reference).toContain(`## daybook ${name}\n`)
  }
})

test('help of a verb shows each of its options', () => {
  for (const verb of verbs) {
    const text = aboutVerb(verb).join('\n')
    for (const { name } of verb.options) expect(text).toContain(`--${name}`)
    expect(text).toContain('--json')
  }
})

test('every exit code has a meaning', () => {
  const text = aboutExitCodes().join('\n')
  for (const code of Object.values(exitCodes)) expect(text).toMatch(new RegExp(`^ +${code} +\\w`, 'm'))
})
