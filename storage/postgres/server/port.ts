// The port of the embedded Postgres: chosen once, then kept, because people write it into Grafana and psql. Not for:
// the ports of other parts.
import { createServer } from 'node:net'
import type { Logger } from '../../../component.ts'
import { DaybookError } from '../../../schemas/errors.ts'

export interface KeptPort {
  /** What the configuration asked for when `port` was chosen; 0: any. */
  wanted: number
  port: number
}

/** The port that later starts use whatever happens to be free: only a newly configured one takes its place. */
export function keptPort(wanted: number, kept: KeptPort | null): number | null {
  if (!kept) return null
  return wanted === 0 || wanted === kept.wanted ? kept.port : wanted
}

/** A port to listen on now. Only a first start evades; later a taken one is `port_taken`. */
export async function choosePort(wanted: number, kept: KeptPort | null, log: Logger): Promise<number> {
  const settled = keptPort(wanted, kept)
  if (settled !== null) {
    if (await isFree(settled)) return settled
    const fix = 'Free it, or set database.port to another one.'
    throw new DaybookError('port_taken', `The database's port is ${settled}, which another program uses now. ${fix}`)
  }
  if (wanted !== 0 && (await isFree(wanted))) return wanted
  const port = await freePort()
  if (wanted !== 0) log.warn({ wanted, port }, 'the wanted database port is taken; this one is used and kept')
  return port
}

/** Any free port of 127.0.0.1, below those that systems lend to outgoing connections: a kept one must stay free. */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const port = 15_000 + Math.floor(Math.random() * 17_000)
    if (await isFree(port)) return port
  }
  throw new DaybookError('port_taken', 'No free port was found between 15000 and 32000.')
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}
