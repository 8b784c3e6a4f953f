// Opens a connection in the newest version that the broker speaks: MQTT 5 where it is offered, else 3.1.1. Not for:
// trying again when the broker is away.
import { connect } from './connect.ts'
import type { Connection } from './connection.ts'
import { type ConnectOptions, versionRefused } from './handshake.ts'

export type Version = 'auto' | 4 | 5

type Unversioned = Omit<ConnectOptions, 'version'>

/** Remembers which version a broker speaks, so that it is asked once. */
export class Versions {
  readonly #wanted: Version
  #first: 4 | 5

  constructor(wanted: Version) {
    this.#wanted = wanted
    this.#first = wanted === 'auto' ? 5 : wanted
  }

  /** Rejects as `connect` does. */
  async open(options: Unversioned): Promise<Connection> {
    const first = this.#first
    try {
      return await connect({ ...options, version: first })
    } catch (error) {
      const refused = versionRefused(error)
      if (this.#wanted !== 'auto' || !refused) throw error
      const other = first === 5 ? 4 : 5
      const connection = await connect({ ...options, version: other })
      // A broker that hung up may just have been stopped: next time it is asked again.
      if (refused === 'said') this.#first = other
      return connection
    }
  }
}
