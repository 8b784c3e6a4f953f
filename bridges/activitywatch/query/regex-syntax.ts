// The notation of regular expressions in ActivityWatch's categories and filters (that of Python's `re`, 3.11), put into
// the one of the engine that runs them. Only whether something matches is asked, so groups need not capture. Not for:
// running them (regex.ts).

export interface Translation {
  source: string
  /** Of the whole expression: letters out of `ims`. */
  flags: string
  /** Why it cannot be used. */
  problem?: string
}

const space =
  '\\t-\\r\\x{1c}-\\x{20}\\x{85}\\x{a0}\\x{1680}\\x{2000}-\\x{200a}\\x{2028}\\x{2029}\\x{202f}\\x{205f}\\x{3000}'
const notSpace =
  '\\x{0}-\\x{8}\\x{e}-\\x{1b}\\x{21}-\\x{84}\\x{86}-\\x{9f}\\x{a1}-\\x{167f}\\x{1681}-\\x{1fff}\\x{200b}-\\x{2027}' +
  '\\x{202a}-\\x{202e}\\x{2030}-\\x{205e}\\x{2060}-\\x{2fff}\\x{3001}-\\x{10ffff}'
/** All but letters, numbers and `_`; of the connectors, those that are not `_`. */
const notWord =
  '\\p{M}\\p{S}\\p{Z}\\p{C}\\p{Pd}\\p{Ps}\\p{Pe}\\p{Pi}\\p{Pf}\\p{Po}\\x{203f}\\x{2040}\\x{2054}\\x{fe33}\\x{fe34}\\x{fe4d}-\\x{fe4f}\\x{ff3f}'
/** What the classes hold, to stand in brackets. */
const classes: Record<string, string> = {
  d: '\\p{Nd}',
  D: '\\P{Nd}',
  s: space,
  S: notSpace,
  w: '\\p{L}\\p{N}_',
  W: notWord,
}

/** Stops the translation with a reason. */
class Refusal extends Error {}

export function translate(pattern: string): Translation {
  const flags = new Set<string>()
  const multiline = /\(\?[a-zA-Z]*m[a-zA-Z]*[:)-]/.test(pattern)
  let at = 0
  let source = ''
  try {
    while (at < pattern.length) {
      const [text, next] = piece(pattern, at, flags, multiline)
      source += text
      at = next
    }
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    return { source: '', flags: '', problem: error.message }
  }
  return { source, flags: [...flags].join('') }
}

/** What the piece at `at` becomes, and where the next one begins. */
function piece(pattern: string, at: number, flags: Set<string>, multiline: boolean): [string, number] {
  const character = pattern[at] as string
  if (pattern.startsWith('\\b', at)) return [boundary(pattern, at), at + 2]
  if (character === '\\') return escaped(pattern, at, false)
  if (character === '[') return set(pattern, at)
  if (character === '(') return group(pattern, at, flags)
  if (character === '$') return [multiline ? '$' : '(?:\\n?\\z)', at + 1]
  if (character === '{' && /^\{,\d+\}/.test(pattern.slice(at, at + 12))) return ['{0', at + 1]
  return [character, at + 1]
}

/** The engine's own boundary knows ASCII only: beside another letter it is told by what stands before, or by the end. */
function boundary(pattern: string, at: number): string {
  const [before, after] = [pattern.slice(0, at), pattern.slice(at + 2)]
  if (/^[^\0-\x7f]/.test(after) && /^[\p{L}\p{N}]/u.test(after)) return `(?<![${classes.w}])`
  const atEnd = after === '' && /[^\0-\x7f]$/.test(before) && /[\p{L}\p{N}]$/u.test(before)
  return atEnd ? `(?:[^${classes.w}]|\\z)` : '\\b'
}

function group(pattern: string, at: number, flags: Set<string>): [string, number] {
  if (pattern[at + 1] !== '?') return ['(?:', at + 1]
  const rest = pattern.slice(at, at + 200)
  if (/^\(\?[=!]/.test(rest)) throw new Refusal('lookahead, (?=...) and (?!...), is not supported')
  if (/^\(\?P=/.test(rest)) throw new Refusal('back references are not supported')
  if (/^\(\?>/.test(rest)) throw new Refusal('atomic groups, (?>...), are not supported')
  if (/^\(\?\(/.test(rest)) throw new Refusal('conditions, (?(1)...), are not supported')
  const lookbehind = /^\(\?<[=!]/.exec(rest)
  if (lookbehind) return [lookbehind[0], at + 4]
  const named = /^\(\?P<[^<>)]+>/.exec(rest)
  if (named) return ['(?:', at + named[0].length]
  if (rest.startsWith('(?#')) return comment(pattern, at)
  const flagged = /^\(\?([aiLmsux]*)(?:-([imsx]+))?([:)])/.exec(rest)
  if (!flagged) throw new Refusal(`the group ${rest.slice(0, 4)} is not known`)
  const [whole, on = '', off = '', end] = flagged
  const unknown = /[aLx]/.exec(on + off)
  if (unknown) throw new Refusal(`the flag ${unknown[0]} is not supported`)
  const kept = on.replaceAll('u', '')
  if (end === ')' && off === '') {
    for (const flag of kept) flags.add(flag)
    return ['(?:)', at + whole.length]
  }
  if (end === ')') throw new Refusal('flags can be turned off for a group only, as in (?-i:...)')
  return [`(?${kept}${off ? `-${off}` : ''}:`, at + whole.length]
}

function comment(pattern: string, at: number): [string, number] {
  const end = pattern.indexOf(')', at)
  if (end === -1) throw new Refusal('a comment is not closed')
  return ['', end + 1]
}

function set(pattern: string, at: number): [string, number] {
  let text = '['
  let next = at + 1
  if (pattern[next] === '^') text += pattern[next++]
  const opening = next
  for (; next < pattern.length; ) {
    const character = pattern[next] as string
    if (character === ']' && next > opening) return [`${text}]`, next + 1]
    if (character === '\\') {
      const [held, after] = escaped(pattern, next, true)
      text += held
      next = after
      continue
    }
    text += character === '[' || character === ']' ? `\\${character}` : character
    next++
  }
  throw new Refusal('a [ is not closed')
}

function escaped(pattern: string, at: number, inSet: boolean): [string, number] {
  const rest = pattern.slice(at + 1, at + 12)
  const [character] = rest
  if (character === undefined) throw new Refusal('it ends with a \\')
  const width = at + 1 + character.length
  const held = classes[character]
  if (held) return [inSet ? held : `[${held}]`, width]
  const code = /^(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8}))/.exec(rest)
  if (code) return [`\\x{${code[1] ?? code[2] ?? code[3]}}`, at + 1 + code[0].length]
  const octal = /^(?:0[0-7]{0,2}|[0-3][0-7]{2})/.exec(rest)
  if (octal) return [`\\x{${Number.parseInt(octal[0], 8).toString(16)}}`, at + 1 + octal[0].length]
  if (/[0-9]/.test(character)) throw new Refusal('back references are not supported')
  if (inSet && character === 'b') return ['\\x{8}', width]
  if (/[afnrtv]/.test(character) || (!inSet && /[AbB]/.test(character))) return [`\\${character}`, width]
  if (!inSet && character === 'Z') return ['\\z', width]
  if (/[a-zA-Z]/.test(character)) throw new Refusal(`\\${character} is not known`)
  return [character.length === 1 && character < '\x7f' ? `\\${character}` : character, width]
}
