// The bridge that stands alone, seen from outside: its process is started, told what to do, asked how it is, killed. Not
// for: what it does (bridge.ts).
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { join } from 'node:path'
import type { BridgeSettings, BridgeState, Order } from './bridge.ts'

export interface Alone {
  /** With its journal, outbox and log. */
  readonly folder: string
  readonly pid: number | undefined
  /** Resolves when it emits. */
  start(): Promise<void>
  kill(): Promise<void>
  /** Nobody hears it while it does not run. */
  say(order: Order): void
  /** Rejects when it does not run or does not answer. */
  how(): Promise<BridgeState>
}

const ANSWER_MS = 5_000
const READY_MS = 60_000

export function alone(settings: BridgeSettings): Alone {
  const program = join(import.meta.dirname, 'bridge.ts')
  const log = createWriteStream(join(settings.folder, 'bridge.log'), { flags: 'a' })
  let child: ChildProcess | undefined
  let isGoing = false
  const runs = () => child !== undefined && child.exitCode === null && child.signalCode === null

  async function told(by: ChildProcess, within: number): Promise<BridgeState> {
    const late = AbortSignal.timeout(within)
    const gone = new AbortController()
    const leave = () => gone.abort(new Error('the bridge has ended'))
    by.once('exit', leave)
    try {
      const [state] = await once(by, 'message', { signal: AbortSignal.any([late, gone.signal]) })
      return state as BridgeState
    } finally {
      by.off('exit', leave)
    }
  }

  return {
    folder: settings.folder,
    get pid() {
      return runs() ? child?.pid : undefined
    },
    async start() {
      const born = fork(program, [JSON.stringify(settings)], { stdio: ['ignore', 'ignore', 'pipe', 'ipc'] })
      born.stderr?.pipe(log, { end: false })
      child = born
      await told(born, READY_MS)
      if (isGoing) born.send({ say: 'go' })
    },
    async kill() {
      if (!child || !runs()) return
      const gone = once(child, 'exit')
      child.kill('SIGKILL')
      await gone
    },
    say(order) {
      if (order.say === 'go' || order.say === 'stop') isGoing = order.say === 'go'
      if (child?.connected) child.send(order)
    },
    async how() {
      if (!child?.connected) throw new Error('the bridge does not run')
      child.send({ say: 'how' })
      return told(child, ANSWER_MS)
    },
  }
}
