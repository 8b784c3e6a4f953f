// The open WakaTime bridge: takes heartbeats in as soon as they come, tells stretches when they have settled, and drops
// what is older than is kept. Not for: any of it in detail, which its parts show.
import type { Health } from '../../component.ts'
import { asDaybookError } from '../../schemas/errors.ts'
import type { BridgeHost, ForgetRequest, OpenBridge } from '../bridge.ts'
import type { WakatimeConfig } from './config.ts'
import { openHeartbeatsFile } from './file.ts'
import { forget } from './forget.ts'
import { importHeartbeats } from './import.ts'
import { createQuiet } from './quiet.ts'
import { createReads } from './reads.ts'
import { createServer } from './server.ts'
import { createTaking } from './taking.ts'
import { createTeller } from './teller.ts'

const LOOK_MS = 1000
const PRUNE_MS = 3_600_000
/** So many heartbeats are kept at most, whatever keepDays says: some 250 MB. */
const MOST = 500_000

/** Rejects with `data_unwritable`, `already_running`. */
export async function openWakatime(host: BridgeHost<WakatimeConfig>): Promise<OpenBridge> {
  const { config, clock, log, privacy, key } = host
  const timeout = config.timeoutMinutes * 60 * 1e6
  const file = openHeartbeatsFile(host.folder(), clock)
  if (file.setAside)
    log.error({ file: file.setAside }, 'the heartbeats were damaged and are set aside; a new file begins')
  const closing = new AbortController()
  const signal = AbortSignal.any([host.signal, closing.signal])
  const quiet = createQuiet(file, clock)
  const taking = createTaking({ file, privacy, quiet, clock, log })
  const teller = createTeller({ file, quiet, host: { ...host, signal }, clock, timeout })
  const reads = createReads(file, clock, timeout)
  /** Lanes that an import writes into: told when it has read all. */
  const importing = new Set<string>()
  let failure: Health | undefined
  let told = 0
  const { timeoutMinutes, origins } = config
  const serve = createServer({ taking, reads, key, timeoutMinutes, origins, clock, log })

  function prune(): void {
    const surplus = (file.statements.surplus.get(MOST) as { time: number } | undefined)?.time ?? 0
    const before = Math.max(clock.now() * 1000 - config.keepDays * 86_400e6, surplus)
    file.transaction(() => {
      file.statements.prune.run(before)
      file.statements.pruneTold.run(before)
      file.statements.prunePauses.run(before)
    })
  }

  async function run(): Promise<void> {
    let pruned = 0
    while (!signal.aborted) {
      try {
        told += await teller.tell({ except: importing })
        if (clock.now() - pruned > PRUNE_MS && importing.size === 0) {
          pruned = clock.now()
          prune()
        }
        failure = undefined
      } catch (thrown) {
        const { code, message } = asDaybookError(thrown)
        if (failure?.code !== code) log.warn({ code }, `heartbeats are kept, and told later: ${message}`)
        failure = { state: 'degraded', code, detail: message }
      }
      await clock.sleep(LOOK_MS, signal)
    }
  }
  const running = run()

  return {
    health: () => ({
      ...(failure ?? { state: 'ok' }),
      figures: {
        told,
        taken: taking.counts.new,
        known: taking.counts.known,
        refused: taking.counts.refused,
        private: taking.counts.private,
        inPause: taking.counts.paused,
      },
    }),
    pause: (paused) => quiet.set(paused),
    forget: (request: ForgetRequest) => forget(file, request),
    serve,
    import: (range, progress, ended) =>
      importHeartbeats({ host, taking, teller, importing, range, progress, signal: AbortSignal.any([signal, ended]) }),
    async close() {
      closing.abort()
      await running
      file.close()
    },
  }
}
