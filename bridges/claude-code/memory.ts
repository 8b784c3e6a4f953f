// The sessions that are remembered, in the bridge's state: those that run, and for a while those that ended, as they may be
// resumed. Not for: what they hold (session.ts).
import type { Privacy } from '../../schemas/privacy.ts'
import type { BridgeState } from '../bridge.ts'
import type { Session } from './session.ts'

const PREFIX = 'session/'
/** How long and how many that ended are remembered. */
const ENDED = { ms: 30 * 86_400_000, most: 500 }

export interface Memory {
  get(id: string): Session | undefined
  all(): Session[]
  save(sessions: Iterable<Session>): void
  forget(since: number, until: number): number
  /** Lets go of what ended long ago. */
  tidy(now: number): void
}

export function memoryIn(state: BridgeState, privacy: Pick<Privacy, 'clean'>): Memory {
  const known = new Map(state.keys(PREFIX).flatMap((key) => entry(state.get<Session>(key))))
  const drop = ({ id }: Session) => {
    known.delete(id)
    state.delete(PREFIX + id)
  }
  return {
    get: (id) => known.get(id),
    all: () => [...known.values()],
    save(sessions) {
      for (const session of sessions) {
        known.set(session.id, session)
        state.set(PREFIX + session.id, { ...session, open: cleaned(session, privacy) })
      }
    },
    forget(since, until) {
      const gone = [...known.values()].filter(({ startedAt, lastAt }) => lastAt >= since && startedAt < until)
      for (const session of gone) drop(session)
      return gone.length
    },
    tidy(now) {
      const ended = [...known.values()].filter(({ endedAt }) => endedAt !== undefined)
      const byEnd = ended.sort((a, b) => (b.endedAt ?? 0) - (a.endedAt ?? 0))
      for (const [index, session] of byEnd.entries())
        if (index >= ENDED.most || now - (session.endedAt ?? 0) > ENDED.ms) drop(session)
    },
  }
}

function entry(session: Session | undefined): [string, Session][] {
  return session ? [[session.id, session]] : []
}

/** What is open says in words what it is. */
function cleaned({ open }: Session, privacy: Pick<Privacy, 'clean'>): Session['open'] {
  const entries = Object.entries(open)
  return Object.fromEntries(
    entries.map(([key, one]) => [key, { ...one, summary: privacy.clean({ summary: one.summary }).summary }]),
  )
}
