// The few statistics that the benches report. Not for: drawing conclusions.

/** Of times in ms, to a microsecond. */
export interface Distribution {
  count: number
  p50: number
  p95: number
  p99: number
  max: number
}

export function distribution(times: readonly number[]): Distribution {
  const sorted = [...times].sort((a, b) => a - b)
  const at = (share: number) => rounded(sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0)
  return { count: sorted.length, p50: at(0.5), p95: at(0.95), p99: at(0.99), max: at(1) }
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  const upper = sorted[middle] ?? 0
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? upper) + upper) / 2
}

/** To so many digits after the point, three unless told. */
export function rounded(value: number, digits = 3): number {
  return Number(value.toFixed(digits))
}
