// The way into an embedded Postgres that runs: our password works, the database is there. Not for: what is in the
// database (migrations.ts) or the processes around it.
import { execFile } from 'node:child_process'
import { realpath } from 'node:fs/promises'
import pg from 'pg'
import type { Binaries } from './binaries.ts'
import { OWNER } from './initdb.ts'
import { asUser, type SystemUser } from './user.ts'

export function ownerUrl(port: number, password: string, database = OWNER): string {
  return `postgres://${OWNER}:${encodeURIComponent(password)}@127.0.0.1:${port}/${database}`
}

/** `starting` and `closed` pass by themselves; `password` means that the cluster knows another one. */
export type Access = 'open' | 'starting' | 'closed' | 'password' | 'stranger'

/** Connects once, makes the database if it is missing, and checks that the server is the one of this folder. */
export async function openDatabase(port: number, password: string, cluster: string): Promise<Access> {
  try {
    return await run(ownerUrl(port, password), async (client) => {
      const { rows } = await client.query<{ data_directory: string }>('show data_directory')
      return (await realpath(rows[0]?.data_directory ?? '/').catch(() => null)) === cluster ? 'open' : 'stranger'
    })
  } catch (error) {
    const { code = 'ECONNRESET' } = error as { code?: string }
    const access = meanings[code]
    if (access) return access
    if (code !== NO_SUCH_DATABASE) throw error
    await run(ownerUrl(port, password, 'postgres'), (client) => client.query(`create database ${OWNER}`))
    return openDatabase(port, password, cluster)
  }
}

const NO_SUCH_DATABASE = '3D000'
const meanings: Record<string, Access> = {
  '28P01': 'password',
  '57P03': 'starting',
  // Ended by a shutdown or by another backend's crash; too many connections.
  '57P01': 'starting',
  '57P02': 'starting',
  '53300': 'starting',
  ECONNREFUSED: 'closed',
  ECONNRESET: 'closed',
}

/** Gives the stopped cluster our password: credentials.json was lost, and who owns the files owns the data. */
export async function setPassword(
  binaries: Binaries,
  cluster: string,
  user: SystemUser | null,
  password: string,
): Promise<void> {
  const single = ['--single', '-D', cluster, '-c', 'logging_collector=off', 'postgres']
  await new Promise<void>((resolve, reject) => {
    const child = execFile(binaries.postgres, single, { ...asUser(user), cwd: cluster }, (error) =>
      error ? reject(error) : resolve(),
    )
    child.stdin?.end(`alter role ${OWNER} password '${password.replaceAll("'", "''")}'\n`)
  })
}

async function run<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000, application_name: 'daybook' })
  client.on('error', () => undefined)
  try {
    await client.connect()
    return await work(client)
  } finally {
    await client.end().catch(() => undefined)
  }
}
