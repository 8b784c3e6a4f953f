// The embedded Postgres as a part of the house: a real server on a kept port of 127.0.0.1, made at the first start,
// adopted again when we were killed, started again when it was. Not for: what is in the database (postgres.ts), nor an
// external server, which somebody else runs. On Windows it is written for, not tried.
import type { Component, Health } from '../../../component.ts'
import { asDaybookError, DaybookError } from '../../../schemas/errors.ts'
import { ownerUrl } from './access.ts'
import { type Cluster, type ClusterOptions, prepareCluster } from './cluster.ts'
import { type FolderLock, lockDataFolder } from './lock.ts'
import { readPidFile } from './pid-file.ts'
import { shutDown } from './process.ts'
import { type Server, serve } from './serve.ts'

export type EmbeddedPostgresOptions = ClusterOptions

export interface EmbeddedPostgres extends Component {
  /** postgres://daybook:<password>@127.0.0.1:<port>/daybook; throws `database_unavailable` before the first start. */
  url(): string
}

const LOOK_EVERY_MS = 250
const HALF_SHUT_MS = 10_000

/**
 * Starting throws `already_running`, `data_unwritable`, `database_binaries`, `database_version` or `port_taken`. While
 * it runs nothing is thrown: a Postgres that dies is started again, with pauses doubling from 100 ms to 30 s.
 */
export function embeddedPostgres(options: EmbeddedPostgresOptions): EmbeddedPostgres {
  const { log, clock } = options
  let lock: FolderLock | null = null
  let ending = new AbortController()
  let cluster: Cluster | null = null
  let server: Server | null = null
  let down: DaybookError | null = null
  let restarts = 0
  let starting: Promise<void> = Promise.resolve()
  let watching: Promise<void> = Promise.resolve()

  async function open(): Promise<void> {
    lock = lockDataFolder(options.data, 'postgres')
    try {
      cluster = await prepareCluster(options)
      server = await serve(cluster, options, ending.signal)
      watching = watch(cluster, server, ending.signal)
    } catch (error) {
      lock.release()
      throw error
    }
  }

  async function watch(cluster: Cluster, first: Server, signal: AbortSignal): Promise<void> {
    for (let current: Server | null = first; current; ) {
      const { postmaster } = current
      for (let halfShut = 0; postmaster.alive() && !signal.aborted; ) {
        await clock.sleep(LOOK_EVERY_MS, signal)
        // Somebody's SIGTERM lets our own connections keep it half shut for ever.
        const { status } = (await readPidFile(cluster.place.cluster)) ?? {}
        halfShut = status === 'stopping' ? halfShut + LOOK_EVERY_MS : 0
        if (halfShut > HALF_SHUT_MS) await shutDown(postmaster, { binaries: cluster.binaries, clock, log })
      }
      if (signal.aborted) return
      down = new DaybookError('database_unavailable', 'Postgres ended and is being started again.')
      log.error({ pid: postmaster.pid, said: await postmaster.lastWords() }, 'Postgres ended')
      current = await revive(cluster, signal)
    }
  }

  async function revive(cluster: Cluster, signal: AbortSignal): Promise<Server | null> {
    for (let pause = 100; !signal.aborted; pause = Math.min(pause * 2, 30_000)) {
      try {
        server = await serve(cluster, options, signal)
        down = null
        restarts++
        log.info({ pid: server.postmaster.pid }, 'Postgres is back')
        return server
      } catch (error) {
        if (signal.aborted) return null
        down = new DaybookError('database_unavailable', asDaybookError(error).message, { cause: error })
        log.error({ reason: down.detail, pause }, 'Postgres does not start')
        await clock.sleep(pause, signal)
      }
    }
    return null
  }

  return {
    name: 'postgres',
    start() {
      ending = new AbortController()
      starting = open()
      return starting
    },
    async stop() {
      ending.abort()
      await starting.catch(() => undefined)
      await watching
      if (server && cluster) await shutDown(server.postmaster, { binaries: cluster.binaries, clock, log })
      server = null
      down = null
      lock?.release()
    },
    health(): Health {
      if (!server) return { state: 'stopped' }
      const figures = { pid: server.postmaster.pid, port: server.port, adopted: server.adopted, restarts }
      return down ? { state: 'failed', code: down.code, detail: down.detail, figures } : { state: 'ok', figures }
    },
    url() {
      if (!server) throw new DaybookError('database_unavailable', 'The embedded Postgres has not been started.')
      return ownerUrl(server.port, options.password)
    },
  }
}
