// A PostgreSQL from Debian's packages, as an installation of Daybook may already have one: in a temporary folder, on any
// free port, with password and database. Not for: the embedded one (storage/postgres/server/server.ts).
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chown, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import pg from 'pg'
import pino from 'pino'
import { wallClock } from '../component.ts'
import { freePort } from '../storage/postgres/server/port.ts'
import { asUser, serviceUser } from '../storage/postgres/server/user.ts'

export interface DebianPostgres extends AsyncDisposable {
  /** postgres://daybook:...@127.0.0.1:.../daybook, a superuser's. */
  url: string
}

export async function debianPostgres(binaries: string): Promise<DebianPostgres> {
  const folder = await mkdtemp(join(tmpdir(), 'daybook-debian-'))
  const user = await serviceUser(pino({ level: 'silent' }))
  const account = { ...asUser(user), cwd: '/' }
  const passwords = join(folder, 'password')
  await writeFile(passwords, 'secret\n')
  for (const path of user ? [folder, passwords] : []) await chown(path, user?.uid ?? 0, user?.gid ?? 0)
  const cluster = join(folder, 'cluster')
  const how = ['--auth=scram-sha-256', '--username=daybook', `--pwfile=${passwords}`, '--encoding=UTF8', '--no-sync']
  await promisify(execFile)(join(binaries, 'initdb'), ['-D', cluster, ...how], account)
  const port = await freePort()
  const settings = ['listen_addresses=127.0.0.1', 'unix_socket_directories=', 'fsync=off', `port=${port}`]
  const server = spawn(join(binaries, 'postgres'), ['-D', cluster, ...settings.flatMap((each) => ['-c', each])], {
    ...account,
    stdio: 'ignore',
  })
  const ended = once(server, 'exit')
  const url = `postgres://daybook:secret@127.0.0.1:${port}`
  await createDatabase(`${url}/postgres`, () => server.exitCode === null)
  return {
    url: `${url}/daybook`,
    async [Symbol.asyncDispose]() {
      server.kill('SIGQUIT')
      await ended
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** As soon as the server lets us. */
async function createDatabase(url: string, lives: () => boolean): Promise<void> {
  for (;;) {
    const client = new pg.Client({ connectionString: url })
    try {
      await client.connect()
      await client.query('create database daybook')
      return
    } catch (error) {
      if (!lives()) throw error
      await wallClock.sleep(50)
    } finally {
      await client.end().catch(() => {})
    }
  }
}
