// From a data folder to a Postgres that answers: the cluster is made if it is missing, a running postmaster is taken
// over if it is ours, else one is launched. Not for: what happens when it dies or must stop (server.ts).
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock, Logger } from '../../component.ts'
import { DaybookError } from '../../schemas/errors.ts'
import { type Access, openDatabase, setPassword } from './server-access.ts'
import { type Binaries, findBinaries } from './server-binaries.ts'
import { explainFailure, initdb, removeInterrupted } from './server-initdb.ts'
import { findPlace, type Place, readKept, writeKept } from './server-place.ts'
import { choosePort, keptPort } from './server-port.ts'
import { findPostmaster, launch, type Postmaster, readPidFile, shutDown } from './server-process.ts'
import { settings, writeSettings } from './server-settings.ts'

export interface ClusterOptions {
  data: string
  port: number
  password: string
  log: Logger
  clock: Clock
  binaries?: string
  fallback?: string
}

export interface Cluster {
  place: Place
  binaries: Binaries
}

export interface Server {
  postmaster: Postmaster
  port: number
  /** It ran before we came. */
  adopted: boolean
}

/** The cluster, complete and of the right version. */
export async function prepareCluster(options: ClusterOptions): Promise<Cluster> {
  const { data, password, log, clock } = options
  const place = await findPlace({ data, fallback: options.fallback ?? '/var/lib', log })
  const { cluster, user } = place
  const binaries = await findBinaries({ native: options.binaries, user, copyInto: place.home, log })
  await removeInterrupted(cluster)
  if (!place.made) {
    const began = clock.now()
    await initdb({ cluster, binaries, user, password })
    log.info({ cluster, ms: clock.now() - began }, 'made the database')
  }
  const kept = await readKept(data)
  if (kept.cluster && !kept.made) await writeKept(data, { ...kept, made: true })
  await checkVersion(cluster, binaries.major)
  return { place, binaries }
}

async function checkVersion(cluster: string, needed: number): Promise<void> {
  const found = (await readFile(join(cluster, 'PG_VERSION'), 'utf8')).trim()
  if (Number(found) === needed) return
  const way = 'Export it with the Daybook that made it, and import that here into a new data folder.'
  throw new DaybookError('database_version', `${cluster} is of Postgres ${found}, this Daybook runs ${needed}. ${way}`)
}

/** Resolves when the server takes our connections; a rejection or an abort leaves none running that it launched. */
export async function serve(cluster: Cluster, options: ClusterOptions, signal: AbortSignal): Promise<Server> {
  const giveUp = options.clock.now() + LINGERING_MS
  try {
    for (;;) {
      const server = (await adopt(cluster, options, signal)) ?? (await begin(cluster, options, signal, giveUp))
      if (server) return server
    }
  } catch (error) {
    throw explainFailure(error as Error, cluster.place.cluster)
  }
}

/** Backends outlive a killed postmaster by moments, and nothing may start before the last is gone. */
const LINGERING_MS = 10_000
const LINGERING = /pre-existing shared memory block|lock file "postmaster.pid" already exists/
const PORT_TAKEN = /could not bind|could not create any TCP\/IP sockets/

async function adopt({ place, binaries }: Cluster, options: ClusterOptions, signal: AbortSignal) {
  const { log, clock } = options
  const postmaster = await findPostmaster(place.cluster)
  const port = (await readPidFile(place.cluster))?.port
  if (!postmaster || !port) return null
  const kept = await readKept(options.data)
  if (port === (keptPort(options.port, kept.port ?? null) ?? port)) {
    const access = await untilOpen(postmaster, port, place.cluster, options, signal)
    if (access === 'open') {
      await keep(options, port)
      log.info({ pid: postmaster.pid, port }, 'took over the Postgres that still ran')
      return { postmaster, port, adopted: true }
    }
  }
  // It is on its way out, on a port that is not wanted any more, or knows another password: a new one will do.
  await shutDown(postmaster, { binaries, clock, log })
  return null
}

async function begin(
  { place, binaries }: Cluster,
  options: ClusterOptions,
  signal: AbortSignal,
  giveUp: number,
): Promise<Server | null> {
  const { password, log, clock } = options
  const { cluster, user } = place
  const kept = await readKept(options.data)
  const port = await choosePort(options.port, kept.port ?? null, log)
  await writeSettings(cluster, settings(port), user)
  const postmaster = await launch(binaries, cluster, user)
  let access: Access | 'dead'
  try {
    access = await untilOpen(postmaster, port, cluster, options, signal)
    if (access === 'open') {
      await keep(options, port)
      return { postmaster, port, adopted: false }
    }
  } catch (error) {
    await shutDown(postmaster, { binaries, clock, log })
    throw error
  }
  if (access === 'password') {
    await shutDown(postmaster, { binaries, clock, log })
    await setPassword(binaries, cluster, user, password)
    log.warn('the database had another password than credentials.json; it has been set anew')
    return null
  }
  const said = await postmaster.lastWords()
  if (LINGERING.test(said) && clock.now() < giveUp) {
    await clock.sleep(50, signal)
    return null
  }
  if (PORT_TAKEN.test(said)) throw new DaybookError('port_taken', `Postgres could not listen on ${port}: ${said}`)
  throw explainFailure(new Error(said || 'it ended without a word'), cluster)
}

/** `dead` when it ended first. Recovery may take minutes, so a living one that starts is given all the time it needs. */
async function untilOpen(
  postmaster: Postmaster,
  port: number,
  cluster: string,
  { password, log, clock }: ClusterOptions,
  signal: AbortSignal,
): Promise<Access | 'dead'> {
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
  return 'dead'
}

async function keep({ data, port: wanted }: ClusterOptions, port: number): Promise<void> {
  const kept = await readKept(data)
  if (kept.port?.port === port && (wanted === 0 || kept.port.wanted === wanted)) return
  await writeKept(data, { ...kept, port: { wanted, port } })
}
