// Watches that the line is alive. Nobody pings for us, and a half-open socket looks like a quiet house, so we ping
// ourselves. Not for: opening the line (socket.ts) or what is said over it (session.ts).
import type { Connection } from 'home-assistant-js-websocket'
import type { WebSocket } from 'ws'
import type { Clock } from '../../component.ts'
import { DaybookError } from '../../schemas/errors.ts'

export interface Heartbeat {
  everyMs: number
  answerMs: number
}

/** For the other side to close the line in good form; one that is half open never does. */
const GOODBYE_MS = 1000

export const usualHeartbeat: Heartbeat = { everyMs: 30_000, answerMs: 10_000 }

export interface WatchedLine {
  conn: Connection
  socket: WebSocket
  clock: Clock
  signal: AbortSignal
  heartbeat: Heartbeat
}

export interface Line {
  /** Aborts when the line is lost or given up; its reason says why. */
  readonly signal: AbortSignal
  /** Gives the line up. Safe twice. */
  drop(reason: Error): void
}

/** The library would reconnect by itself; here a lost line ends, so that what was missed is caught up first. */
export function watchLine({ conn, socket, clock, signal, heartbeat }: WatchedLine): Line {
  const ended = new AbortController()
  const drop = (reason: Error) => {
    if (ended.signal.aborted) return
    ended.abort(reason)
    conn.close()
    setTimeout(() => socket.terminate(), GOODBYE_MS).unref()
  }
  const lost = (why: string) => drop(new DaybookError('home_assistant_unreachable', why))
  conn.addEventListener('disconnected', () => lost('The connection was closed.'))
  signal.addEventListener('abort', () => lost('Stopped.'), { once: true, signal: ended.signal })
  if (signal.aborted) lost('Stopped.')
  void ping()
  return { signal: ended.signal, drop }

  async function ping(): Promise<void> {
    for (;;) {
      await clock.sleep(heartbeat.everyMs, ended.signal)
      if (ended.signal.aborted) return
      const answer = conn.ping().then(
        () => true,
        () => false,
      )
      const inTime = await Promise.race([answer, clock.sleep(heartbeat.answerMs, ended.signal).then(() => false)])
      if (!inTime) return lost(`It did not answer a ping within ${heartbeat.answerMs} ms.`)
    }
  }
}
