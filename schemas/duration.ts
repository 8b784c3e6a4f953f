// Lengths of time as people write them: `30m`, `1h30m`, `2 hours`. Not for: points in time (surfaces/cli/times.ts).

const UNITS_MS: Record<string, number> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 }
const PART = /(\d+(?:\.\d+)?)\s*(seconds?|secs?|s|minutes?|mins?|m|hours?|h|days?|d|weeks?|w)(?![a-z])/
const WHOLE = new RegExp(`^(?:${PART.source}\\s*)+$`)

/** The longest that is understood, ms: ten years. */
const MOST_MS = 3_652 * 86_400_000

/** Ms; null for what is no length of time, is nothing, or is longer than ten years. */
export function parseDuration(text: string): number | null {
  const written = text.trim().toLowerCase()
  // Parts stick together as in 1h30m, where a unit is followed by the next number.
  if (written.length > 40 || !WHOLE.test(written)) return null
  let ms = 0
  for (const [, count, unit = ''] of written.matchAll(new RegExp(PART, 'g')))
    ms += Number(count) * (UNITS_MS[unit.charAt(0)] ?? 0)
  return ms >= 1 && ms <= MOST_MS ? Math.round(ms) : null
}
