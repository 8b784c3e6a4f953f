// A text without its secrets: what the rules find is replaced by `[redacted:<rule>]`, the rest stays as it is. Not for:
// which texts a notification has (redact.ts).
import { createHint, type Hint } from './redact-hint.ts'
import { createPreset, type Finding, presetWords } from './redact-preset.ts'
import { type TextRule, textRules } from './redact-rules.ts'

/** What stands in the place of a secret. */
export function marker(rule: string): string {
  return `[redacted:${rule}]`
}

/** True for a text that is nothing but a marker. */
export function isMarker(text: string): boolean {
  return /^\[redacted:[a-z0-9-]+\]$/.test(text)
}

/** Returns the text without secrets and adds the rules that found any to `found`; the same text if there are none. */
export type RedactText = (text: string, found: Set<string>) => string

/** The preset's rules that report a whole URL or file: where one of ours says what in it is secret, that is enough. */
const broad = new Set(['basicauth', 'database-connection-string', 'gcp'])

/** Each pass leaves less outside markers; a text that is not through after these is not worth more. */
const passes = 8

/** The words of every rule, by its id. */
export const ruleWords = new Map([...presetWords, ...textRules.map(({ id, words }) => [id, words] as const)])

/** `hint` says which rules to ask at all. */
export function createRedactText(hint: Hint = createHint(ruleWords)): RedactText {
  const findPreset = createPreset()
  return (text, found) => {
    let result = text
    for (let pass = 0; pass < passes; pass++) {
      const asked = hint(result)
      if (asked === undefined || isShortWord(result)) return result
      const texts = [...new Set([result, unescaped(result)])]
      const preset = texts.flatMap((text) => [...asked].flatMap((rule) => findPreset(rule, text)))
      const own = texts.flatMap((text) => textRules.flatMap((rule) => (asked.has(rule.id) ? findOwn(text, rule) : [])))
      const secrets = spans(result, preset, own)
      if (secrets.length === 0) return result
      for (const { rule } of secrets) found.add(rule)
      result = replace(result, secrets)
    }
    found.add('unsettled')
    return marker('unsettled')
  }
}

/** One short word (`pass`, `token`) is a name or a state; what could be a secret is longer or stands beside a name. */
function isShortWord(text: string): boolean {
  return text.length <= 12 && /^[A-Za-z0-9]*$/.test(text)
}

/** In JSON the end of a line is an `n`, which a token behind it must not seem to begin with. As long as it was. */
function unescaped(text: string): string {
  return text.replace(/\\[nrt]/g, (two) => (two === '\\t' ? '\t\t' : '\n\n'))
}

function findOwn(text: string, { id, finds }: TextRule): Finding[] {
  const findings: Finding[] = []
  for (const { pattern, spare } of finds) {
    for (const match of text.matchAll(pattern)) {
      const [start = 0, end = 0] = match.indices?.groups?.secret ?? []
      if (!spare(text.slice(start, end), text.slice(Math.max(0, start - 300), start)))
        findings.push({ rule: id, start, end })
    }
  }
  return findings
}

/** What to replace, in order and apart from each other: markers are left alone, or are taken in whole. */
function spans(text: string, preset: readonly Finding[], own: readonly Finding[]): Finding[] {
  const markers = Array.from(text.matchAll(/\[redacted:[a-z0-9-]+\]/g), ({ index, 0: { length } }) => [
    index,
    index + length,
  ])
  const covers = (outer: Finding) => own.some(({ start, end }) => outer.start <= start && end <= outer.end)
  const exact = preset.filter((finding) => !broad.has(finding.rule) || !covers(finding))
  const result: Finding[] = []
  let passed = 0
  for (let { rule, start, end } of [...exact, ...own].sort((a, b) => a.start - b.start)) {
    while ((markers[passed]?.[1] ?? Infinity) <= start) passed++
    const [from = Infinity, to = 0] = markers[passed] ?? []
    if (from <= start && end <= to) continue
    for (const [from = 0, to = 0] of overlapping(markers, passed, end))
      [start, end] = [Math.min(start, from), Math.max(end, to)]
    const last = result.at(-1)
    if (last === undefined || start >= last.end) result.push({ rule, start, end })
    else
      result[result.length - 1] = { rule: last.rule, start: Math.min(start, last.start), end: Math.max(end, last.end) }
  }
  return result
}

/** The ranges from number `first` on that begin before `end`. */
function* overlapping(ranges: number[][], first: number, end: number): Generator<number[]> {
  for (let index = first; (ranges[index]?.[0] ?? Infinity) < end; index++) yield ranges[index] ?? []
}

function replace(text: string, secrets: readonly Finding[]): string {
  let result = ''
  let from = 0
  for (const { rule, start, end } of secrets) {
    result += text.slice(from, start) + marker(rule)
    from = end
  }
  return result + text.slice(from)
}
