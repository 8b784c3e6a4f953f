// The port of the ActivityWatch bridge: opened, or followed as long as another ActivityWatch server has it, and taken over
// once it is free. Not for: what is answered there (server/), or how another server is followed (follow.ts).
import type { Health } from '../../component.ts'
import { asDaybookError } from '../../schemas/errors.ts'
import type { BridgeHost } from '../bridge.ts'
import type { ActivitywatchConfig } from './config.ts'
import type { Follow } from './follow.ts'
import { listen } from './server/listener.ts'
import type { AwApp, AwListener, Holder } from './server/serving.ts'

export const RETRY_MS = 30_000

export type Door = Awaited<ReturnType<typeof openDoor>>

export interface DoorOptions {
  host: Pick<BridgeHost<ActivitywatchConfig>, 'config' | 'clock' | 'log'>
  app: AwApp
  /** Begins to follow the server at this address until the signal ends it. */
  follow: (base: string, signal: AbortSignal) => Follow
  /** Ends it all. */
  signal: AbortSignal
  retryMs?: number
}

/** Resolves when the port was tried once. */
export async function openDoor({ host, app, follow, signal, retryMs = RETRY_MS }: DoorOptions) {
  const { config, clock, log } = host
  const { host: address, port } = config
  let listener: AwListener | undefined
  let trouble: { code: string; detail: string } | undefined
  let holder: Holder | undefined
  let following: { follow: Follow; end: AbortController } | undefined

  async function knock(): Promise<void> {
    if (port === 'off') return
    try {
      listener = await listen({ host: address, port, app })
      if (trouble) log.info({ url: listener.url }, 'the port is free: watchers are served here from now on')
      trouble = undefined
      await unfollow()
    } catch (thrown) {
      const error = asDaybookError(thrown)
      holder = error.cause as Holder | undefined
      trouble = { code: error.code, detail: error.detail }
      await followHolder()
    }
  }

  async function followHolder(): Promise<void> {
    if (!holder?.info) return unfollow()
    if (following) return
    const to = ['0.0.0.0', '::'].includes(address) ? '127.0.0.1' : address
    const base = `http://${to.includes(':') ? `[${to}]` : to}:${port}`
    const end = new AbortController()
    following = { follow: follow(base, AbortSignal.any([signal, end.signal])), end }
    log.warn({ base, holder: trouble?.detail }, 'another ActivityWatch server has the port: its events are followed')
  }

  async function unfollow(): Promise<void> {
    const { follow: ending, end } = following ?? {}
    following = undefined
    end?.abort()
    await ending?.ended
  }

  async function retry(): Promise<void> {
    while (!listener && port !== 'off') {
      await clock.sleep(retryMs, signal)
      if (signal.aborted) return
      await knock()
    }
  }

  await knock()
  if (trouble) log.warn({ code: trouble.code }, trouble.detail)
  const retrying = retry()

  return {
    url: () => listener?.url ?? null,
    port: () => listener?.port ?? 0,
    following: () => following?.follow,
    health(): Health {
      if (!trouble) return { state: 'ok' }
      const failure = following?.follow.failure()
      const how = failure ? failure.message : 'Its new events are followed, and the port is taken over once it is free.'
      const what = following ? how : 'It is tried again every 30 s; stop that program, or set activitywatch.port.'
      return { state: 'degraded', code: trouble.code, detail: `${trouble.detail} ${what}` }
    },
    /** No more requests; those under way are answered. After the signal has ended. */
    async close(): Promise<void> {
      await retrying
      await listener?.stop()
      await unfollow()
    },
  }
}
