// What doctor finds: which layer of which part is how, and what helps. Not for: finding it.

export interface Finding {
  /** What is looked at: `data folder`, `Home Assistant`. */
  about: string
  /** The layer of it, from the bottom up: the first that fails is the one to mend. */
  layer:
    | 'node'
    | 'config'
    | 'disk'
    | 'clock'
    | 'port'
    | 'dns'
    | 'tcp'
    | 'tls'
    | 'http'
    | 'auth'
    | 'mqtt'
    | 'postgres'
    | 'health'
  state: 'ok' | 'warn' | 'fail'
  detail: string
  /** What to do; always with warn and fail. */
  fix?: string
}

export type Verdict = Pick<Finding, 'state' | 'detail' | 'fix'>

export function ok(detail: string): Verdict {
  return { state: 'ok', detail }
}

export function warn(detail: string, fix: string): Verdict {
  return { state: 'warn', detail, fix }
}

export function fail(detail: string, fix: string): Verdict {
  return { state: 'fail', detail, fix }
}
