// Keeps the Home Assistant bridge on: connects, lives a session, and comes back with growing pauses. Not for: what a
// session does (session.ts) or what events mean (translate.ts).
import type { Health } from '../../component.ts'
import { asDaybookError } from '../../schemas/errors.ts'
import type { BridgeHost, OpenBridge } from '../bridge.ts'
import type { HomeAssistantConfig } from './config.ts'
import { importHistory } from './import.ts'
import { type Heartbeat, usualHeartbeat, watchLine } from './line.ts'
import { createMemory } from './memory.ts'
import { runSession } from './session.ts'
import { openConnection } from './socket.ts'
import { createTaker } from './taker.ts'

/** Doubling to 5 s, which a restart of Home Assistant takes; after a minute of that doubling again. */
const PAUSES_MS = [500, 1000, 2000, 4000, ...Array(12).fill(5000), 10_000, 20_000, 40_000]
const LONGEST_PAUSE_MS = 60_000
const CONNECT_MS = 10_000

/** Resolves at once: that Home Assistant is away, or refuses the token, is said in health. */
export async function openHomeAssistant(
  host: BridgeHost<HomeAssistantConfig>,
  heartbeat: Heartbeat = usualHeartbeat,
): Promise<OpenBridge> {
  const { config, clock, log } = host
  const closing = new AbortController()
  const signal = AbortSignal.any([closing.signal, host.signal])
  const memory = createMemory(host.state)
  const taker = createTaker(host, memory)
  const unrecorded = new Set<string>()
  let health: Health = { state: 'degraded', code: 'home_assistant_unreachable', detail: 'Connecting.' }
  let sessions = 0
  const ended = run()

  return {
    health: () => ({ ...health, figures: { entities: memory.ids().length, sessions, seenAt: seenAt() } }),
    // The host holds back what is emitted; what happens meanwhile is remembered as seen.
    pause() {},
    forget: (request) => memory.forget(request),
    import: (range, progress, stopped) =>
      importHistory({ host, live: memory, range, progress, signal: AbortSignal.any([signal, stopped]) }),
    async close() {
      closing.abort()
      await ended
      health = { state: 'stopped' }
    },
  }

  async function run(): Promise<void> {
    for (let tries = 0; !signal.aborted; tries++) {
      const before = sessions
      try {
        await connect()
      } catch (thrown) {
        if (signal.aborted) break
        const error = asDaybookError(thrown)
        if (sessions > before) tries = 0
        if (error.remedy === 'stop') {
          // Trying again would only have Home Assistant ban this address.
          health = { state: 'failed', code: error.code, detail: error.message }
          log.error({ code: error.code }, error.message)
          break
        }
        health = { state: 'degraded', code: error.code, detail: error.message }
        const pause = (PAUSES_MS[tries] ?? LONGEST_PAUSE_MS) * (0.5 + Math.random() / 2)
        log.warn({ code: error.code, retryInMs: Math.round(pause) }, error.message)
        await clock.sleep(pause, signal)
      }
    }
    memory.flush()
  }

  async function connect(): Promise<never> {
    const { url, token } = config
    const { conn, socket } = await openConnection({ url, token, signal, timeoutMs: CONNECT_MS })
    const line = watchLine({ conn, socket, clock, signal, heartbeat })
    const onLive = (denied: readonly string[]) => {
      sessions++
      health = { state: 'ok' }
      if (denied.length > 0) health.detail = `The token's user is no administrator; not seen: ${denied.join(', ')}.`
      log.info({ version: conn.haVersion, denied }, 'Home Assistant is connected')
    }
    return runSession({ host, conn, line, memory, taker, unrecorded, onLive })
  }

  function seenAt(): number | null {
    const seen = memory.seen()
    return seen === undefined ? null : Math.floor(seen / 1000)
  }
}
