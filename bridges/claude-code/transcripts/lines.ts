// One line of a transcript as it is read: an object, or nothing that can be read. Pure. Not for: what it means.

export type Facts = Record<string, unknown>

/** Undefined: no JSON object. `long`: too long to be read. */
export type Line = Facts | 'long' | undefined

export function readLine(text: string): Facts | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Facts) : undefined
  } catch {
    return undefined
  }
}

/** Undefined if it is no text, or empty. */
export function textIn(facts: Facts, name: string): string | undefined {
  const value = facts[name]
  return typeof value === 'string' && value !== '' ? value : undefined
}

export function numberIn(facts: Facts, name: string): number | undefined {
  const value = facts[name]
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined
}

export function objectIn(facts: Facts, name: string): Facts | undefined {
  const value = facts[name]
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Facts) : undefined
}
