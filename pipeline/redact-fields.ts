// Structured data without secrets: texts at any depth, the fields whose name announces a secret or a place, and argument
// lists. What has nothing to hide is returned itself, so a clean notification costs no copy. Not for: the fields of the
// notification around it (redact.ts).
import { type FieldKind, fieldKind, isSecretOption, isWorkingDirectory } from './redact-names.ts'
import { isMarker, marker, type RedactText } from './redact-text.ts'

type Fields = Record<string, unknown>

/** Returns the data, or a copy without secrets; adds the rules that found any to `found`. */
export type RedactFields = (data: Fields, found: Set<string>) => Fields

/** Nobody reads deeper, and a hostile depth must not use up the stack. */
const deepest = 64

const number = /^\s*[-+]?\d{1,3}(?:\.\d+)?\s*$/
const pair = /^\s*[-+]?\d{1,3}(?:\.\d+)?\s*[,;]\s*[-+]?\d{1,3}(?:\.\d+)?\s*$/

const isNumber = (value: unknown) => typeof value === 'number' || (typeof value === 'string' && number.test(value))

export function createFields(redactText: RedactText): RedactFields {
  /** Names known to say nothing: a house has a few hundred, so they are judged once. */
  const plainNames = new Set<string>()

  function kindOf(name: string): FieldKind {
    if (plainNames.has(name)) return 'plain'
    const kind = fieldKind(name)
    if (kind === 'plain' && name.length <= 64 && plainNames.size < 4096 && redactText(name, new Set()) === name) {
      plainNames.add(name)
    }
    return kind
  }

  function hide(rule: string, found: Set<string>): string {
    found.add(rule)
    return marker(rule)
  }

  function redactValue(value: unknown, kind: FieldKind, found: Set<string>, depth: number): unknown {
    if (typeof value === 'string') {
      if (kind === 'secret' && value !== '') return isMarker(value) ? value : hide('named-field', found)
      if ((kind === 'degree' && number.test(value)) || (kind !== 'plain' && pair.test(value)))
        return hide('coordinates', found)
      return redactText(value, found)
    }
    if (typeof value === 'number') {
      if (kind === 'secret') return hide('named-field', found)
      return kind === 'degree' ? hide('coordinates', found) : value
    }
    if (typeof value !== 'object' || value === null) return value
    if (depth > deepest) return hide('too-deep', found)
    return Array.isArray(value)
      ? redactList(value, kind, found, depth)
      : redactObject(value as Fields, kind, found, depth)
  }

  function redactList(list: unknown[], kind: FieldKind, found: Set<string>, depth: number): unknown {
    if ((kind === 'place' || kind === 'degree') && list.length >= 2 && list.every(isNumber))
      return hide('coordinates', found)
    const whole = joined(list, found)
    let changed = whole !== list
    const result = whole.map((value, index) => {
      const before = whole[index - 1]
      const secret = typeof value === 'string' && typeof before === 'string' && isSecretOption(before)
      const now = redactValue(value, secret ? 'secret' : kind, found, depth + 1)
      changed ||= now !== value
      return now
    })
    return changed ? result : list
  }

  /** A key whose lines are elements of their own, as those of a patch are, is looked at as a whole. */
  function joined(list: unknown[], found: Set<string>): unknown[] {
    const begin = list.findIndex((value) => typeof value === 'string' && value.includes('-----BEGIN '))
    if (begin < 0) return list
    const after = list.findIndex((value, index) => index > begin && typeof value !== 'string')
    const end = after < 0 ? list.length : after
    const text = list.slice(begin, end).join('\n')
    const kept = redactText(text, found)
    return kept === text ? list : [...list.slice(0, begin), ...kept.split('\n'), ...list.slice(end)]
  }

  /** Below a field that is named like a secret every text is one; numbers there are more often counts. */
  function redactObject(object: Fields, kind: FieldKind, found: Set<string>, depth: number): Fields {
    let changed: [string, unknown][] | undefined
    const names = Object.keys(object)
    for (let index = 0; index < names.length; index++) {
      const name = names[index] as string
      const value = object[name]
      const own = isWorkingDirectory(name, value) ? 'plain' : kindOf(name)
      const inherited = own === 'plain' && kind === 'secret' && typeof value !== 'number' ? 'secret' : own
      const now = redactValue(value, inherited, found, depth + 1)
      const shown = plainNames.has(name) ? name : redactText(name, found)
      if (changed === undefined && (now !== value || shown !== name)) {
        changed = names.slice(0, index).map((earlier) => [earlier, object[earlier]])
      }
      changed?.push([shown, now])
    }
    return changed === undefined ? object : Object.fromEntries(changed)
  }

  return (data, found) => redactObject(data, 'plain', found, 0)
}
