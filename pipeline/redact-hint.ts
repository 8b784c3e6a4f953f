// The cheap question before redaction: which rules could find anything in this text at all? One pass over its characters
// through an Aho-Corasick automaton (Aho and Corasick 1975), so the time is linear whatever the text. Not for: finding or
// replacing anything, which redact-text.ts does for the few texts and rules that are left.

/** Returns the keys of the rules one of whose words is in the text, or undefined for the most texts, which have none. */
export type Hint = (text: string) => Set<string> | undefined

/** Rules by key with their words, lower case; `#` is any digit. A rule without words is always asked. */
export type Words = ReadonlyMap<string, readonly string[]>

export function createHint(words: Words): Hint {
  const { classes, width } = classify([...words.values()].flat())
  const { next, rules } = automaton(words, classes, width)
  const always = [...words].filter(([, list]) => list.length === 0).map(([rule]) => rule)
  return (text) => {
    let found = always.length === 0 ? undefined : new Set(always)
    let row = 0
    for (let i = 0; i < text.length; i++) {
      row = next[row + (classes[text.charCodeAt(i) & 255] as number)] as number
      if (row < 0) {
        row = ~row
        found ??= new Set()
        for (const rule of rules.get(row) ?? []) found.add(rule)
      }
    }
    return found
  }
}

/**
 * Numbers the characters that occur in words: both cases of a letter alike, all digits alike, the rest 0. Only the low
 * byte of a character is looked at: one from beyond Latin may pass for a letter, which costs a look and loses nothing.
 */
function classify(words: readonly string[]): { classes: Uint8Array; width: number } {
  const classes = new Uint8Array(256)
  let width = 1
  for (const character of new Set(words.join(''))) {
    const alike = character === '#' ? '0123456789' : character + character.toUpperCase()
    for (const one of alike) classes[one.charCodeAt(0)] = width
    width++
  }
  return { classes, width }
}

/**
 * The trie of the words with its failure links followed beforehand: one look-up a character, never a step back. A state
 * is where its row begins in `next`; each cell is the next state, as its complement where a word ends.
 */
function automaton(words: Words, classes: Uint8Array, width: number) {
  const letters = [...words.values()].flat().join('').length
  const next = new Int32Array((1 + letters) * width)
  const rules = new Map<number, Set<string>>()
  let end = width
  for (const [rule, list] of words) {
    for (const word of list) {
      let row = 0
      for (const character of word.replaceAll('#', '0')) {
        const cell = row + (classes[character.charCodeAt(0)] as number)
        if (next[cell] === 0) {
          next[cell] = end
          end += width
        }
        row = next[cell] as number
      }
      rules.set(row, (rules.get(row) ?? new Set()).add(rule))
    }
  }
  const queue: [row: number, longestSuffix: number][] = [[0, 0]]
  for (const [row, suffix] of queue) {
    for (const rule of rules.get(suffix) ?? []) rules.set(row, (rules.get(row) ?? new Set()).add(rule))
    for (let column = 0; column < width; column++) {
      const child = next[row + column] as number
      const fallback = row === 0 ? 0 : (next[suffix + column] as number)
      if (child === 0) next[row + column] = fallback
      else queue.push([child, fallback])
    }
  }
  const cells = next.subarray(0, end).map((row) => (rules.has(row) ? ~row : row))
  return { next: cells, rules }
}
