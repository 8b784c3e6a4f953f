// The services of deploy/compose.yaml without containers: Debian's Mosquitto and PostgreSQL and a SeaweedFS from PyPI, with
// the command lines, configuration files, secrets and environment of the compose file. Only places and ports are others.
// Not for: reading that file (compose.ts), or what a journey does with the services.
import { execFile } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { newServer, type Server } from '../brokers/server.ts'
import { type DebianPostgres, debianPostgres } from '../debian-postgres.ts'
import { freePort } from '../home-assistant/proxy.ts'
import { newSeaweedFs, type SeaweedFs } from '../s3/seaweedfs.ts'
import { type Compose, readCompose, type Service } from './compose.ts'
import { buildImage } from './image.ts'

export interface NativeHouse extends AsyncDisposable {
  /** Where the image's content is, as `npm ci` and .dockerignore leave it. */
  product: string
  data: string
  broker: { port: number; server: Server }
  postgres: DebianPostgres
  objects: SeaweedFs
  /** What the app's environment is here. */
  environment: Record<string, string>
  secret(name: string): string
  /** Runs `init` again, with these arguments; what it printed. */
  init(...words: string[]): Promise<string>
  /** Runs the health check of a service; rejects when it fails. */
  check(service: string, httpPort: number): Promise<void>
}

const run = promisify(execFile)
/** Whoever is not root cannot give files to other groups, and here nobody else has to read them. */
const isRoot = userInfo().uid === 0

export async function startNatively(binaries: string, weed: string): Promise<NativeHouse> {
  const folder = mkdtempSync(join(tmpdir(), 'daybook-compose-'))
  const product = join(folder, 'app')
  const compose = readCompose()
  const places = Object.fromEntries(
    Object.entries(compose.services).map(([name, service]) => [name, laidOut(folder, name, service)]),
  )
  const local = (name: string, text: string) => moved(text, places[name] ?? [])
  const secrets = join(folder, 'volumes/secrets')
  const secret = (name: string) => readFileSync(join(secrets, name), 'utf8')
  const stack = new AsyncDisposableStack()
  stack.defer(() => rmSync(folder, { recursive: true, force: true }))

  async function init(...words: string[]): Promise<string> {
    const [program, ...given] = service('init').entrypoint
    const kept = given.filter((word) => isRoot || !word.startsWith('--reader=')).map((word) => local('init', word))
    const node = program === 'node' ? process.execPath : String(program)
    return (await run(node, [...kept, ...words], { cwd: product })).stdout
  }

  function service(name: string): Service {
    const found = compose.services[name]
    if (!found) throw new Error(`compose.yaml has no service ${name}`)
    return found
  }

  try {
    await buildImage(product)
    await init()
    const [broker, postgres, objects] = await Promise.all([
      startBroker(folder, compose, (text) => local('mosquitto', text)),
      debianPostgres(binaries, {
        password: readFileSync(local('postgres', service('postgres').environment.POSTGRES_PASSWORD_FILE ?? ''), 'utf8'),
        initdb: service('postgres').environment.POSTGRES_INITDB_ARGS?.split(' ') ?? [],
      }),
      newSeaweedFs(weed, { identities: secret('s3.json'), flags: service('objects').command.slice(2) }),
    ])
    stack.defer(() => broker.server.kill())
    stack.use(postgres)
    stack.use(objects)
    const hosts: Place[] = [
      ['mosquitto:1883', `127.0.0.1:${broker.port}`],
      ['postgres:5432', new URL(postgres.url).host],
      ['objects:8333', new URL(objects.endpoint).host],
      ['0.0.0.0', '127.0.0.1'],
    ]
    const environment = Object.entries(service('daybook').environment).map(([name, value]) => [
      name,
      moved(local('daybook', value), hosts),
    ])

    return {
      product,
      data: join(folder, 'volumes/data'),
      broker,
      postgres,
      objects,
      environment: Object.fromEntries(environment),
      secret,
      init,
      async check(name, httpPort) {
        const [kind, ...words] = (service(name).healthcheck.test ?? []).map((word) => local(name, word))
        const ports: Place[] = [
          ['127.0.0.1:8420', `127.0.0.1:${httpPort}`],
          ['127.0.0.1:8333', new URL(objects.endpoint).host],
        ]
        const [program = '', ...rest] = kind === 'CMD-SHELL' ? ['sh', '-c', ...words] : words
        const env = { ...process.env, PGPORT: new URL(postgres.url).port, XDG_CONFIG_HOME: folder }
        // Where the clients of Mosquitto look for their options.
        writeFileSync(join(folder, 'mosquitto_sub'), `-p ${broker.port}\n`)
        const node = program === 'node' ? process.execPath : program
        await run(
          node,
          rest.map((word) => moved(word, ports)),
          { env },
        )
      },
      [Symbol.asyncDispose]: () => stack.disposeAsync(),
    }
  } catch (error) {
    await stack.disposeAsync()
    throw error
  }
}

type Place = readonly [there: string, here: string]

/** Makes volumes and copies mounted files; where each is here. A mounted file lies in a folder that is as it is there. */
function laidOut(folder: string, name: string, { mounts }: Service): Place[] {
  return mounts.map(({ kind, source, target }) => {
    const here = kind === 'volume' ? join(folder, 'volumes', source) : join(folder, name, dirname(target))
    mkdirSync(here, { recursive: true })
    const isFile = kind === 'bind' && basename(target).includes('.')
    if (isFile) copyFileSync(source, join(here, basename(target)))
    return [isFile ? dirname(target) : target, here]
  })
}

/** The text with every place in it replaced, the longest first. */
function moved(text: string, places: readonly Place[]): string {
  return [...places]
    .sort(([a], [b]) => b.length - a.length)
    .reduce((moving, [there, here]) => {
      const escaped = there.replace(/[.]/g, '\\$&')
      // A host may stand after slashes, a path may not.
      const before = there.startsWith('/') ? '[\\w/.-]' : '[\\w.-]'
      return moving.replace(new RegExp(`(?<!${before})${escaped}(?![\\w-])`, 'g'), here)
    }, text)
}

/** Mosquitto with the configuration that is mounted; it listens elsewhere, and is who we are. */
async function startBroker(folder: string, { services }: Compose, local: (text: string) => string) {
  const port = await freePort()
  const mounted = services.mosquitto?.mounts.find(({ target }) => target.endsWith('/mosquitto.conf'))
  const text = local(readFileSync(mounted?.source ?? '', 'utf8'))
  const file = join(folder, 'mosquitto.conf')
  writeFileSync(file, `${text.replace(/^listener 1883$/m, `listener ${port} 127.0.0.1`)}user ${userInfo().username}\n`)
  const env = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/usr/local/sbin` }
  const server = newServer({ name: 'Mosquitto', command: ['mosquitto', '-c', file], cwd: folder, env, port })
  await server.start()
  return { port, server }
}
