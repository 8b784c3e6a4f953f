// What the exit codes of the CLI mean: scripts rely on them. Not for: the errors themselves (schemas/errors.ts).
import type { ErrorCode } from '../../schemas/errors.ts'

export const exitCodes = {
  ok: 0,
  failed: 1,
  usage: 2,
  notRunning: 3,
  rejected: 4,
} as const

/** For `daybook help exit-codes` and the reference. */
export const exitCodeMeanings: readonly [code: number, meaning: string][] = [
  [exitCodes.ok, 'Done.'],
  [exitCodes.failed, 'It failed, or doctor or status found something that does not work.'],
  [exitCodes.usage, 'The command line, a value in it, or the configuration is not understood.'],
  [exitCodes.notRunning, 'No Daybook answers; start one with `npm start`.'],
  [exitCodes.rejected, 'Some of the input was rejected; the output says which and why.'],
]

const byError: Partial<Record<ErrorCode, number>> = {
  usage: exitCodes.usage,
  config_invalid: exitCodes.usage,
  not_running: exitCodes.notRunning,
  invalid: exitCodes.usage,
  clock: exitCodes.rejected,
  too_large: exitCodes.rejected,
}

export function exitCodeOf(code: ErrorCode): number {
  return byError[code] ?? exitCodes.failed
}
