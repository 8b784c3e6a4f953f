// Which commands a person wants nobody to keep: patterns as shells have them, the same that the hooks hold to. Pure. Not
// for: secrets in commands, which the redactor takes out.

export interface Ignore {
  commands: readonly string[]
  directories: readonly string[]
}

/** True for a line that begins with a space, matches a pattern, or was run in such a folder or below one. */
export function isIgnored(
  { command, cwd = '' }: { command: string; cwd?: string | undefined },
  ignore: Ignore,
): boolean {
  return (
    /^\s/.test(command) ||
    ignore.commands.some((pattern) => matches(pattern, command)) ||
    ignore.directories.some((pattern) => matches(pattern, cwd) || matches(`${pattern}/*`, cwd))
  )
}

/**
 * `*` stands for any text, `?` for a character, `[a-z]` and `[!a-z]` for one of those or none of them, `\` for what follows
 * as it is; the rest for itself. Takes time in proportion to the product of both lengths at most.
 */
export function matches(pattern: string, text: string): boolean {
  const parts = partsOf(pattern)
  let [at, part] = [0, 0]
  let star: { part: number; at: number } | undefined
  while (at < text.length) {
    const here = parts[part]
    if (here === '*') star = { part: part++, at }
    else if (here !== undefined && fits(here, text[at] as string)) {
      at++
      part++
    } else if (star) {
      part = star.part + 1
      at = ++star.at
    } else return false
  }
  return parts.slice(part).every((rest) => rest === '*')
}

type Part = '*' | ((letter: string) => boolean)

function fits(part: Part, letter: string): boolean {
  return part !== '*' && part(letter)
}

function partsOf(pattern: string): Part[] {
  const tokens = pattern.match(/\\[\s\S]|\[[!^]?\]?[^\]]*\]|[\s\S]/g) ?? []
  return tokens.map((token) => {
    if (token === '*') return '*'
    if (token === '?') return () => true
    if (token.length > 2 && token.startsWith('[')) return setOf(token)
    const own = token.length === 2 && token.startsWith('\\') ? token.slice(1) : token
    return (letter) => letter === own
  })
}

function setOf(token: string): Part {
  const not = /^\[[!^]/.test(token)
  const inner = token.slice(not ? 2 : 1, -1)
  const ranges = [...inner.matchAll(/([\s\S])-([\s\S])|([\s\S])/g)].map(
    ([, low, high, one]) => [low ?? one, high ?? one] as const,
  )
  return (letter) => ranges.some(([low, high]) => letter >= (low as string) && letter <= (high as string)) !== not
}
