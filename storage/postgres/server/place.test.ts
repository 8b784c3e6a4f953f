// Under whose account and in which folders the embedded Postgres lives: root, ordinary users, closed homes, spaces, and
// packages whose install scripts were blocked.
import { chmod, chown, cp, lstat, mkdir, readdir, rm, stat } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { ask, started, temporaryFolder } from '../../../test/embedded-postgres.ts'
import { embeddedPostgres } from './server.ts'
import { canReach, isRoot } from './user.ts'

const nobody = { name: 'nobody', uid: 65534, gid: 65534 }
const platform = `@embedded-postgres/${process.platform}-${process.arch}`
const native = join(dirname(createRequire(import.meta.url).resolve(platform)), '..', 'native')

test.runIf(isRoot())(
  'root lends it a service user, who passes through the data folder but cannot look in',
  async () => {
    const { options, said } = await temporaryFolder()
    const server = await started(options)
    expect(await ask(server.url(), 'select 1')).toBe(1)
    const cluster = await stat(join(options.data, 'postgres'))
    expect(cluster.uid).not.toBe(0)
    expect(cluster.mode & 0o777).toBe(0o700)
    expect((await stat(options.data)).mode & 0o777).toBe(0o710)
    expect((await stat(`/proc/${server.health().figures?.pid}`)).uid).toBe(cluster.uid)
    expect(said).toEqual([])
  },
)

test.runIf(isRoot())('under a home closed to the service user, data and programs go elsewhere, said once', async () => {
  const { options, path, said } = await temporaryFolder()
  const home = await closedHome(path)
  await copyPackage(home, { links: true })
  const closed = {
    ...options,
    data: join(home, 'my data'),
    binaries: join(home, 'native'),
    fallback: join(path, 'var lib'),
  }
  const server = await started(closed)
  await ask(server.url(), 'create table kept as select 42 as n')
  const place = String(await ask(server.url(), 'show data_directory'))
  expect(place.startsWith(`${path}/var lib/daybook-`)).toBe(true)
  expect(said).toHaveLength(2)
  await server.stop()

  const again = await started(closed)
  expect(await ask(again.url(), 'select n from kept')).toBe(42)
  expect(said).toHaveLength(2)
  await again.stop()

  await rm(place, { recursive: true })
  const refused = embeddedPostgres(closed).start()
  await expect(refused).rejects.toMatchObject({ code: 'data_unwritable', detail: expect.stringContaining(place) })
})

const reachable = isRoot() ? await canReach(nobody, import.meta.dirname) : true
test.skipIf(!reachable)('an ordinary user runs it as himself under a closed home, without LANG', async (context) => {
  const { path, startElsewhere } = await temporaryFolder()
  const user = isRoot() ? nobody : undefined
  if (isRoot()) context.annotate('run as nobody, because the tests run as root')
  const home = await closedHome(path, user)
  const server = startElsewhere({ data: join(home, 'my data') }, user)
  const { url, message } = await server.ready
  expect(message).toBeUndefined()
  expect(await ask(url, 'show server_encoding')).toBe('UTF8')
  expect(await ask(url, 'show data_directory')).toBe(join(home, 'my data', 'postgres'))
  expect((await stat(join(home, 'my data', 'postgres'))).uid).toBe(user?.uid ?? process.getuid?.())
  expect((await readdir(home)).sort()).toEqual(['my data'])
  await server.end()
  await expect(ask(url, 'select 1')).rejects.toThrow('ECONNREFUSED')
})

test('links that the package lacks are made', async () => {
  const { options, path } = await temporaryFolder()
  await copyPackage(path, { links: false })
  const server = await started({ ...options, binaries: join(path, 'native') })
  expect(await ask(server.url(), 'select 1')).toBe(1)
  expect((await lstat(join(path, 'native/lib/libpq.so.5'))).isSymbolicLink()).toBe(true)
})

test.skipIf(!reachable)('links that cannot be made in the package are made in a copy of it', async () => {
  const { path, startElsewhere } = await temporaryFolder()
  await copyPackage(path, { links: false })
  const user = isRoot() ? nobody : undefined
  const lib = join(path, 'native/lib')
  await chmod(lib, 0o555)
  onTestFinished(() => chmod(lib, 0o755))
  const home = await closedHome(path, user)
  const server = startElsewhere({ data: join(home, 'data'), binaries: join(path, 'native') }, user)
  const { url, message } = await server.ready
  expect(message).toBeUndefined()
  expect(await ask(url, 'select 1')).toBe(1)
  expect(await readdir(join(home, 'data'))).toContainEqual(expect.stringMatching(/^postgres-binaries-/))
  await server.end()
})

test('missing programs are an error that says what to run', async () => {
  const { options, path } = await temporaryFolder()
  const refused = embeddedPostgres({ ...options, binaries: join(path, 'native') }).start()
  await expect(refused).rejects.toMatchObject({ code: 'database_binaries' })
  await expect(refused).rejects.toThrow('npm install')
})

async function closedHome(path: string, user?: { uid: number; gid: number }): Promise<string> {
  const home = join(path, 'closed home')
  await mkdir(home, { mode: 0o700 })
  if (user) await chown(home, user.uid, user.gid)
  return home
}

/** The package's programs, with or without what its install script adds. */
async function copyPackage(into: string, { links }: { links: boolean }): Promise<void> {
  await cp(native, join(into, 'native'), {
    recursive: true,
    verbatimSymlinks: true,
    filter: async (source) => !source.endsWith('.a') && (links || !(await lstat(source)).isSymbolicLink()),
  })
}
