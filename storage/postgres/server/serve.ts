// From a complete cluster to a Postgres that answers: a postmaster that still runs is taken over, else one is launched.
// Not for: what happens when it dies or must stop (server.ts).
import { DaybookError } from '../../../schemas/errors.ts'
import { openDatabase, setPassword } from './access.ts'
import type { Cluster, ClusterOptions } from './cluster.ts'
import { explainFailure } from './initdb.ts'
import { endOrphans, findPostmaster, readPidFile } from './pid-file.ts'
import { readKept, writeKept } from './place.ts'
import { choosePort, keptPort } from './port.ts'
import { launch, type Postmaster, shutDown } from './process.ts'
import { settings, writeSettings } from './settings.ts'

export interface Server {
  postmaster: Postmaster
  port: number
  /** It ran before we came. */
  adopted: boolean
}

/** How often an obstacle that passes is met again: orphans of a killed postmaster, a port lost in a race, a password. */
const ATTEMPTS = 20
const LINGERING = /pre-existing shared memory block|lock file "postmaster.pid" already exists/
const PORT_TAKEN = /could not bind|could not create any TCP\/IP sockets/

/** Resolves when the server takes our connections; after a rejection or an abort none runs. */
export async function serve(cluster: Cluster, options: ClusterOptions, signal: AbortSignal): Promise<Server> {
  try {
    for (let attempt = 1; ; attempt++) {
      const server = await take(cluster, options, signal, attempt === ATTEMPTS)
      if (server) return server
      await options.clock.sleep(attempt * 10, signal)
    }
  } catch (error) {
    throw explainFailure(error as Error, cluster.place.cluster)
  }
}

/** Null when it is worth another attempt. */
async function take(
  { place, binaries }: Cluster,
  options: ClusterOptions,
  signal: AbortSignal,
  last: boolean,
): Promise<Server | null> {
  const { cluster, user } = place
  const { log, clock, password } = options
  const found = await findPostmaster(cluster)
  const server = found ? await adopt(found, cluster, options) : await begin({ place, binaries }, options)
  if (server) {
    const access = await untilOpen(server, cluster, options, signal).catch(async (error) => {
      await shutDown(server.postmaster, { binaries, clock, log })
      throw error
    })
    if (access === 'open') {
      await keep(options, server.port)
      if (found) log.info({ pid: found.pid, port: server.port }, 'took over the Postgres that still ran')
      return server
    }
    await shutDown(server.postmaster, { binaries, clock, log })
    if (access === 'password') {
      await setPassword(binaries, cluster, user, password)
      log.warn('the database had another password than credentials.json; it has been set anew')
    } else if (!found) {
      await judge(server, cluster, last)
    }
    return null
  }
  // It serves a port that is not wanted any more.
  if (found) await shutDown(found, { binaries, clock, log })
  return null
}

async function adopt(postmaster: Postmaster, cluster: string, options: ClusterOptions): Promise<Server | null> {
  const port = (await readPidFile(cluster))?.port ?? 0
  const kept = await readKept(options.data)
  return port === (keptPort(options.port, kept.port ?? null) ?? port) ? { postmaster, port, adopted: true } : null
}

async function begin({ place, binaries }: Cluster, options: ClusterOptions): Promise<Server> {
  const kept = await readKept(options.data)
  const port = await choosePort(options.port, kept.port ?? null, options.log)
  await writeSettings(place.cluster, settings(port), place.user)
  return { postmaster: await launch(binaries, place.cluster, place.user), port, adopted: false }
}

/** Why one that we launched ended at once: returns if it may go better next time. */
async function judge({ postmaster, port }: Server, cluster: string, last: boolean): Promise<void> {
  const said = (await postmaster.lastWords()) || 'it ended without a word'
  if (LINGERING.test(said)) endOrphans(cluster)
  if (!last && (LINGERING.test(said) || PORT_TAKEN.test(said))) return
  if (PORT_TAKEN.test(said)) throw new DaybookError('port_taken', `Postgres could not listen on ${port}: ${said}`)
  throw explainFailure(new Error(said), cluster)
}

/** `ended` when it did so first. Recovery may take minutes, so a living one that starts is given all it needs. */
async function untilOpen(
  { postmaster, port }: Server,
  cluster: string,
  { password, log, clock }: ClusterOptions,
  signal: AbortSignal,
): Promise<'open' | 'password' | 'stranger' | 'ended'> {
  let nextNote = clock.now() + 5_000
  while (postmaster.alive()) {
    if (signal.aborted) throw new DaybookError('shutting_down')
    const file = await readPidFile(cluster)
    if (file?.pid === postmaster.pid && file.status === 'ready') {
      const access = await openDatabase(port, password, cluster)
      if (access !== 'starting' && access !== 'closed') return access
    }
    if (clock.now() > nextNote) {
      log.info({ pid: postmaster.pid, status: file?.status }, 'waiting for Postgres, which recovers after a crash')
      nextNote += 10_000
    }
    await clock.sleep(20, signal)
  }
  return 'ended'
}

async function keep({ data, port: wanted }: ClusterOptions, port: number): Promise<void> {
  const kept = await readKept(data)
  if (kept.port?.port === port && (wanted === 0 || kept.port.wanted === wanted)) return
  await writeKept(data, { ...kept, port: { wanted, port } })
}
