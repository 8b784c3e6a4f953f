// Opens a connection in the newest version that the broker speaks: MQTT 5 where it is offered, else 3.1.1. Not for:
// trying again when the broker is away.
import { type Connection, connect } from './connection.ts'
import { type ConnectOptions, isVersionRefused } from './greeting.ts'

export type Version = 'auto' | 4 | 5

type Unversioned = Omit<ConnectOptions, 'version'>

/** Remembers per house which version a broker speaks, so that it is asked once. */
export class Versions {
  #known: 4 | 5 | undefined

  constructor(wanted: Version) {
    this.#known = wanted === 'auto' ? undefined : wanted
  }

  /** Rejects as `connect` does. */
  async open(options: Unversioned): Promise<Connection> {
    if (this.#known) return connect({ ...options, version: this.#known })
    try {
      const connection = await connect({ ...options, version: 5 })
      this.#known = 5
      return connection
    } catch (error) {
      if (!isVersionRefused(error)) throw error
      const connection = await connect({ ...options, version: 4 })
      this.#known = 4
      return connection
    }
  }
}
