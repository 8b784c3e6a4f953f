// deploy/ is whole and careful: what it mounts is there, what it needs is made, nobody is root and nothing is open to the
// network. That it works is shown by the journey `house`.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { Ajv } from 'ajv'
import { expect, test } from 'vitest'
import { loadConfig } from '../../config.ts'
import { readTree } from '../tree.ts'
import { inImage, readCompose, root, type Service } from './compose.ts'

const { services, volumes, written } = readCompose()
const named = Object.entries(services)
/** All but what runs to its end before the others. */
const running = named.filter(([name]) => name !== 'init')
const isOurs = ({ image }: Service) => image.startsWith('daybook:')
const textOf = (file: string) => readFileSync(join(root, file), 'utf8')
const manifest = JSON.parse(textOf('package.json')) as { version: string; dependencies: Record<string, string> }

test('compose.yaml is valid by the Compose Specification', () => {
  const file = createRequire(import.meta.url).resolve('dclint/package.json')
  const schema = JSON.parse(readFileSync(join(file, '../schemas/compose.schema.json'), 'utf8')) as { $schema?: string }
  // Its draft is ajv's own, under another name.
  delete schema.$schema
  const isValid = new Ajv({ strict: false, allErrors: true, validateFormats: false }).compile(schema)
  isValid(written)
  expect(isValid.errors ?? []).toEqual([])
  expect(isValid({ ...written, services: { ...(written.services as object), bad: { imagine: 'x' } } })).toBe(false)
})

test('the whole house is there', () => {
  expect(Object.keys(services)).toEqual(['init', 'daybook', 'mosquitto', 'postgres', 'objects', 'grafana'])
  expect(named.filter(([, { profiles }]) => profiles.length > 0).map(([name]) => name)).toEqual(['grafana'])
})

test('everything that is mounted is there, as a file of ours or a declared volume, and no volume is for nothing', () => {
  const mounts = named.flatMap(([, service]) => service.mounts)
  const absent = mounts.filter(({ kind, source }) => !(kind === 'bind' ? existsSync(source) : volumes.includes(source)))
  expect(absent).toEqual([])
  expect([...new Set(mounts.filter(({ kind }) => kind === 'volume').map(({ source }) => source))].sort()).toEqual(
    [...volumes].sort(),
  )
})

test.each(running)('%s is checked, not root, cannot change its own programs, and comes back', (_, service) => {
  const { healthcheck, user, read_only, cap_drop, security_opt, restart } = service
  expect(healthcheck.test?.length).toBeGreaterThan(1)
  expect(user).toMatch(/^[1-9]\d*:[1-9]\d*$/)
  expect({ read_only, cap_drop, security_opt, restart }).toEqual({
    read_only: true,
    cap_drop: ['ALL'],
    security_opt: ['no-new-privileges:true'],
    restart: 'unless-stopped',
  })
})

test('what makes the secrets is not root either, reaches no network, and ends', () => {
  expect(services.init).toMatchObject({ user: services.daybook?.user, restart: 'no', network_mode: 'none' })
  expect(services.init).toMatchObject({ read_only: true, cap_drop: ['ALL'], healthcheck: { disable: true } })
})

test('nobody starts before what it needs is healthy, or has ended well', () => {
  for (const [name, { depends_on }] of running) {
    expect(Object.keys(depends_on), name).not.toEqual([])
    for (const [other, { condition }] of Object.entries(depends_on)) {
      expect(condition).toBe(other === 'init' ? 'service_completed_successfully' : 'service_healthy')
    }
  }
})

test('no port is published but on loopback, until somebody says otherwise', () => {
  const ports = named.flatMap(([, service]) => service.ports)
  expect(ports.sort()).toEqual(['127.0.0.1:1883:1883', '127.0.0.1:3000:3000', '127.0.0.1:8420:8420'])
  const open = readCompose({ DAYBOOK_LISTEN: '0.0.0.0' }).services
  expect(open.daybook?.ports).toEqual(['0.0.0.0:8420:8420'])
})

test('every image is of one version, that of Node the one that we test on', () => {
  for (const [name, { image }] of named) expect(image, name).toMatch(/^[\w./-]+:\d+\.\d+(\.\d+)?$/)
  expect(services.daybook?.image).toBe(`daybook:${manifest.version}`)
  const bases = [...textOf('deploy/Dockerfile').matchAll(/^FROM (\S+)/gm)].map(([, base]) => base)
  expect(new Set(bases)).toEqual(new Set([`node:${manifest.dependencies.node}-trixie-slim`]))
})

test('every secret that is read is one that init makes, and readable to the group of whoever reads it', () => {
  const readers = Object.fromEntries(
    (services.init?.entrypoint ?? [])
      .map((word) => /^--reader=([\w.-]+)=(\d+)$/.exec(word))
      .flatMap((match) => (match ? [[match[1], match[2]]] : [])),
  )
  for (const [name, service] of running) {
    const files = service.mounts.filter(({ kind }) => kind === 'bind')
    const texts = [JSON.stringify(service), ...files.flatMap(({ source }) => textsIn(source))]
    const read = texts.flatMap((text) => [...text.matchAll(/\/secrets\/([\w.-]+)/g)].map(([, file]) => file ?? ''))
    expect(read.length, name).toBeGreaterThan(0)
    const [, group] = service.user.split(':')
    if (!isOurs(service)) for (const file of read) expect([name, file, readers[file]]).toEqual([name, file, group])
    expect(service.mounts.find(({ target }) => target === '/secrets')?.readOnly).toBe(true)
  }
  for (const group of Object.values(readers)) expect(services.init?.group_add).toContain(group)
})

test('every setting of the app is one that there is, and with the secrets in their places all are right', () => {
  const set = Object.entries(services.daybook?.environment ?? {})
  const env = Object.fromEntries(set.map(([name, value]) => [name, value.replace(/\$\{file:[^}]+\}/g, 'secret')]))
  const config = loadConfig({ env })
  expect(config.broker).toMatchObject({ url: 'mqtt://mosquitto:1883', user: 'daybook', password: 'secret' })
  expect(config.database.url).toBe('postgres://daybook:secret@postgres:5432/daybook')
  expect(config.objects).toMatchObject({ driver: 'minio', minio: { endpoint: 'http://objects:8333' } })
  expect(() => loadConfig({ env: { ...env, DAYBOOK__BROKER__URI: 'x' } })).toThrow('broker.uri')
})

test('the image gets the running product, no test, no data and no secret', () => {
  const tree = Object.keys(readTree())
  const product = tree.filter((path) => !/^(test|bench|docs)\//.test(path) && !/[^/]\.[a-z]+\.ts$/.test(path))
  const others = ['data/credentials.json', '.git/config', 'deploy/daybook.env', 'daybook.yaml', 'bin/daybook.js']
  const sent = inImage([...tree, ...others, 'node_modules/pg/package.json', 'package.json', 'package-lock.json'])
  expect(sent.sort()).toEqual([...product, 'bin/daybook.js', 'package.json', 'package-lock.json'].sort())
})

test('the Dockerfile says how it is stopped, whether it lives, and who it is', () => {
  const text = textOf('deploy/Dockerfile')
  expect(text).toMatch(/^STOPSIGNAL SIGTERM$/m)
  expect(text).toMatch(/^HEALTHCHECK .*\/livez/m)
  expect([...text.matchAll(/^USER (.+)$/gm)].map(([, user]) => user)).toEqual([services.daybook?.user])
  expect(text).not.toMatch(/^(ARG|ENV) .*(TOKEN|SECRET|PASSWORD)/im)
})

test("Grafana's provisioning names what is there: our views, our account, one data source", () => {
  const dashboard = textOf('deploy/grafana/dashboards/daybook.json')
  const { panels } = JSON.parse(dashboard) as {
    panels: { datasource: { uid: string }; targets: { rawSql: string }[] }[]
  }
  expect(panels.length).toBeGreaterThan(3)
  for (const { datasource, targets } of panels) {
    expect(datasource.uid).toBe('daybook')
    for (const { rawSql } of targets) expect(rawSql).toMatch(/from v_(activities|accounts)\b/)
  }
  expect(textOf('deploy/grafana/provisioning/datasources/daybook.yaml')).toMatch(/user: daybook_reader\n/)
})

/** The texts of a file, or of all files of a folder. */
function textsIn(path: string): string[] {
  const entries = path.endsWith('.conf') ? [path] : readdirSync(path, { recursive: true, encoding: 'utf8' })
  return entries
    .map((entry) => (entry === path ? path : join(path, entry)))
    .filter((file) => /\.\w+$/.test(file))
    .map((file) => readFileSync(file, 'utf8'))
}
