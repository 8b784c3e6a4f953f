// What Home Assistant shows when asked: its registries and the present states. Not for: events, or the past (rest.ts).
import type { Connection } from 'home-assistant-js-websocket'
import { type Places, readPlaces } from './registries.ts'
import * as wire from './wire.ts'

export const registryNames = ['area', 'floor', 'device', 'entity'] as const

/** Where things are. A registry that this version or token does not show is empty. Rejects once the line is lost. */
export async function lookAround(conn: Connection, signal: AbortSignal): Promise<Places> {
  const [areas, floors, devices, entities] = await Promise.all(
    registryNames.map((name) =>
      conn.sendMessagePromise<unknown>({ type: `config/${name}_registry/list` }).catch(() => {
        if (signal.aborted) throw signal.reason
        return []
      }),
    ),
  )
  return readPlaces({ areas, floors, devices, entities })
}

/** The present state of every entity. */
export async function readStates(conn: Connection): Promise<wire.HomeState[]> {
  const states = await conn.sendMessagePromise<unknown>({ type: 'get_states' })
  return (Array.isArray(states) ? states : []).flatMap((state) => wire.state.safeParse(state).data ?? [])
}
