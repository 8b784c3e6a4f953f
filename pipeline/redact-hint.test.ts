// The hint against the plain way of asking: is any of the words in the text? Not for: which words the rules have.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createHint } from './redact-hint.ts'

/** What the automaton must answer, the slow way. */
function plainly(words: ReadonlyMap<string, readonly string[]>, text: string): string[] {
  const folded = text.replace(/[A-Z0-9]/g, (one) => (/\d/.test(one) ? '#' : one.toLowerCase()))
  return [...words].filter(([, list]) => list.some((word) => folded.includes(word))).map(([rule]) => rule)
}

describe('the hint', () => {
  test('names exactly the rules that have a word in the text, for words that overlap in every way', () => {
    const word = fc.string({ unit: fc.constantFrom('a', 'b', '#', '_'), minLength: 1, maxLength: 5 })
    const text = fc.string({ unit: fc.constantFrom('a', 'A', 'b', 'B', '7', '0', '_', ' '), maxLength: 40 })
    const rules = fc.array(fc.array(word, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 6 })
    fc.assert(
      fc.property(rules, text, (lists, sample) => {
        const words = new Map(lists.map((list, index) => [`rule${index}`, list]))
        expect([...(createHint(words)(sample) ?? [])].sort()).toEqual(plainly(words, sample).sort())
      }),
      { numRuns: 500 },
    )
  })

  test('a text without any word costs no answer', () => {
    expect(createHint(new Map([['one', ['secret']]]))('Kitchen light turned on')).toBeUndefined()
  })

  test('a rule without words is always asked', () => {
    expect(createHint(new Map([['one', []]]))('anything')).toEqual(new Set(['one']))
  })

  test('letters from beyond Latin hide no word behind them', () => {
    const hint = createHint(new Map([['one', ['secret']]]))
    expect(hint('Küche 日本 🏠secret日')).toEqual(new Set(['one']))
  })
})
