// What the rules of redaction are made of: a pattern, what it spares, and how a value stands on a command line. Not for: the
// rules themselves (redact-rules.ts, redact-programs.ts), or applying them (redact-text.ts).
import { bare, isReference, isWorkingDirectory, quoted } from './redact-names.ts'

/** `before` is what stands before the secret, at most 300 characters of it; true means: this is none. */
export type Spare = (secret: string, before: string) => boolean

export interface Find {
  /** Flags d and g. Each begins with a literal or a boundary and no loop holds a loop: the time is near linear. */
  readonly pattern: RegExp
  readonly spare: Spare
}

export const find = (pattern: RegExp | string, spare: Spare = isReference): Find => ({
  pattern: typeof pattern === 'string' ? new RegExp(pattern, 'dgi') : pattern,
  spare,
})

/** A value after a flag, in quotes or not. */
export const given = (flag: string, spare: Spare): Find[] => [
  find(`${flag}${quoted}`, spare),
  find(`${flag}(?![-"'\`\\\\])${bare}`, spare),
]

export const spareNothing: Spare = () => false

export const spareValue: Spare = (secret, before) => isReference(secret) || isWorkingDirectory(before, secret)

/** After `name: ` in a sentence comes a secret only if it does not look like the next word of the sentence, or a price. */
export const spareWord: Spare = (secret, before) =>
  /^(?:[\p{L}.,!?…-]+|\d+[.,]\d+)$/u.test(secret) || spareValue(secret, before)

/** In code, what is called or awaited is not the value itself. */
export const spareBare: Spare = (secret, before) =>
  /^(?:[A-Za-z_.]+\(|await$|new$)/.test(secret) || spareValue(secret, before)

/** Spares what no command of these names was given shortly before; what is in quotes ends no command. */
export function unlessAfter(command: string): Spare {
  const given = new RegExp(`(?<![\\w-])(?:${command})\\b(?:[^;|&\\n]|(?<=\\\\)\\n)*$`)
  return (secret, before) =>
    isReference(secret) || !(given.test(before) || given.test(before.replace(/"[^"\n]*"|'[^'\n]*'/g, '')))
}

/** One word of a command, in quotes or not. */
export const word = '(?:"[^"\\n]{0,100}"|\'[^\'\\n]{0,100}\'|[^\\s"\'|;&]{1,200})'
const says = '\\b(?:echo|printf)\\s{1,3}(?:-[neE]{1,3}\\s{1,3}|\\\\*["\']?%s(?:\\\\{1,4}n)?\\\\*["\']?\\s{1,3}){0,2}'

/** What a command of one word puts out: `echo x`, `printf '%s' x`, as far as `then` follows. */
export const said = (then: string, before = '', spare: Spare = isReference): Find[] => [
  find(`${before}${says}${quoted}\\k<quote>${then}`, spare),
  find(`${before}${says}(?![-"'\`\\\\])${bare}${then}`, spare),
]
