// What a bench is and what it reports. Not for: running one (run.ts).
import { cpus, loadavg, totalmem } from 'node:os'

export interface Bench {
  name: string
  summary: string
  /** What may be set by --name, with what holds otherwise; a number stays a number. */
  options: Readonly<Record<string, number | string>>
  run(context: BenchContext): Promise<Measured>
}

export interface BenchContext {
  number(option: string): number
  text(option: string): string
  /** Whatever is started is ended here, also on Ctrl-C. */
  cleanup: AsyncDisposableStack
  /** A line for whoever watches. */
  say(line: string): void
}

export interface Measured {
  value: number
  unit: string
  baseline: { name: string; value: number }
  /** `value` over the baseline's, or what `details` explains. */
  ratio: number
  details: Record<string, unknown>
}

export function machine(): Record<string, unknown> {
  return {
    cpu: cpus()[0]?.model,
    cores: cpus().length,
    memoryMb: Math.round(totalmem() / 1024 / 1024),
    platform: `${process.platform}-${process.arch}`,
    node: process.version,
    // Above the number of cores, something else was running.
    load: loadavg().map((value) => Math.round(value * 100) / 100),
  }
}
