// From a data folder to a complete cluster, the programs that can run it, and the account that may: made if missing,
// refused if of another version. Not for: running it (serve.ts).
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock, Logger } from '../../../component.ts'
import { DaybookError } from '../../../schemas/errors.ts'
import { type Binaries, findBinaries } from './binaries.ts'
import { initdb, removeInterrupted } from './initdb.ts'
import { findPlace, type Place, readKept, writeKept } from './place.ts'

export interface ClusterOptions {
  /** The data folder of the house; the cluster lies in <data>/postgres, its port is kept in <data>/postgres.json. */
  data: string
  /** For the first start, or to change the kept one; 0: any free one. */
  port: number
  /** Of the owner `daybook`, a superuser. Another one than at the last start is set before the server is used. */
  password: string
  log: Logger
  /** The wall's: processes live in real time. */
  clock: Clock
  /** A `native` folder in place of the installed package's. */
  binaries?: string
  /** Where a root Daybook may make a folder for the service user; /var/lib. */
  fallback?: string
}

/** A cluster that can be run. */
export interface Cluster {
  place: Place
  binaries: Binaries
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
