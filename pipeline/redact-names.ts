// Which names announce a secret or a place, and how a value is written behind them: shared by the rules for text and the
// rules for fields. Not for: finding or replacing.

const keys = 'api|auth|access|private|secret|signing|encryption|master|network|deploy|account|shared|storage'

/** The end of a name whose value is a secret, be it an option, a variable, a header or a field. A source, flag i. */
export const secretName = `(?:password|passwd|passphrase|(?<=[_-])pass|pwd|secrets?|token|psk|credentials?|(?:${keys})[_-]?key(?:[_-]?base)?)\\d{0,3}`

/** One of these is in every such name. */
export const secretNameWords = ['pass', 'pwd', 'secret', 'token', 'psk', 'credential', 'key'] as const

/** What other languages call a password. A source, flag i. */
export const otherNames =
  '(?:passwort|kennwort|mot de passe|contrase(?:ñ|n)a|senha|wachtwoord|l(?:ö|o)senord|adgangskode|salasana)'

/** One of these is in every such name. */
export const otherNameWords = [
  ...['passwort', 'kennwort', 'mot de passe', 'contrase', 'senha', 'wachtwoord', 'senord', 'adgangskode', 'salasana'],
] as const

/** A value in quotes, up to the same quote or the end; within JSON within a string the quotes have backslashes. */
export const quoted = '(?<quote>\\\\*["\'`])(?<secret>(?:(?!\\k<quote>)(?:\\\\[\\s\\S]|[^\\\\]))+)'

/** A value without quotes, up to a blank, a quote or what ends a command or a parameter. */
export const bare = '(?<secret>(?:\\\\[^\\s"\']|[^\\s"\'`&;|<>\\\\])+)'

const references = [
  /^\$\{?[A-Z_][A-Z0-9_]*\}?$/,
  /^(?:\$\(|\{\{)/,
  /^%\w+%$/,
  /^(?:true|false|null|none|undefined|yes|no|\*+|\.\.\.)[,;)}\]]*$/,
]

/** True for what only says where a secret is kept, or that there is none: variables, templates, `null`. */
export function isReference(value: string): boolean {
  return references.some((reference) => reference.test(value))
}

/** PWD=/home/ada is where somebody stands. `name` may have more before it and a separator behind. */
export function isWorkingDirectory(name: string, value: unknown): boolean {
  if (typeof value !== 'string' || !/^(?:[~/.]|[A-Za-z]:\\)/.test(value)) return false
  return /(?<![a-z0-9_])(?:OLD)?PWD[^a-z0-9]*$/i.test(name)
}

const option = new RegExp(`^--?[\\w-]{0,60}?${secretName}$`, 'i')

/** True for an element of an argument list that has the next one for its secret: `--password`, `--api-key`. */
export function isSecretOption(element: string): boolean {
  return element.startsWith('-') && option.test(element)
}

/** What the name of a field says of its value; a `degree` is a number, a `place` a pair of them. */
export type FieldKind = 'secret' | 'degree' | 'place' | 'plain'

const secretField = new RegExp(`(?:${secretName}|authorization|bearer|cookies?|jwt|webhook[_-]?id)$`, 'i')
const degreeField = /(?:^|[_-])(?:lat|lon|lng)$|(?:latitude|longitude)$|gps/i
const placeField = /(?:^|[_-])(?:location|coordinates|coords|geolocation)$/i

export function fieldKind(name: string): FieldKind {
  if (secretField.test(name)) return 'secret'
  if (degreeField.test(name)) return 'degree'
  return placeField.test(name) ? 'place' : 'plain'
}
