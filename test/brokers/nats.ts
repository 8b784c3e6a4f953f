// A NATS cluster of three nodes with MQTT listeners, whose messages are on three disks before they are acknowledged: the
// cluster that can be run anywhere. Built from its Go module, once. Not for: testing anything.
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { connect } from '../../broker/foreign/connection/connect.ts'
import { freePort } from '../home-assistant/proxy.ts'
import { accepts, newServer, type Server, type TestBroker } from './server.ts'

const VERSION = '2.15.2'
const BUILD_MS = 300_000
const AGREED_MS = 30_000
const NODES = 3

export interface NatsOptions {
  /** When a message is on the disk, not only with the operating system: default `always`, before it is acknowledged. */
  syncInterval?: 'always' | `${number}s` | `${number}m`
  /** Further lines of the `mqtt` block: `max_ack_pending: 10000`. */
  mqtt?: readonly string[]
}

/** Each node is a broker of its own, with the same sessions and messages. */
export interface Nats extends AsyncDisposable {
  readonly nodes: readonly [TestBroker, TestBroker, TestBroker]
}

export type Installed = { server: string } | { missing: string }

/** Where its program is, or why there is none. */
export async function installNats(): Promise<Installed> {
  const folder = resolve(import.meta.dirname, '../../node_modules/.cache', `nats-server-${VERSION}`)
  const server = join(folder, 'nats-server')
  if (existsSync(server)) return { server }
  const building = `${folder}.${process.pid}`
  try {
    await mkdir(building, { recursive: true })
    const env = { ...process.env, GOBIN: building, CGO_ENABLED: '0' }
    await promisify(execFile)('go', ['install', `github.com/nats-io/nats-server/v2@v${VERSION}`], {
      env,
      timeout: BUILD_MS,
    })
    // Whoever builds it at the same time builds the same.
    if (!existsSync(server)) await rename(building, folder)
    return { server }
  } catch (error) {
    if (existsSync(server)) return { server }
    const why =
      (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'it needs Go' : (error as Error).message.slice(0, 500)
    return { missing: `NATS ${VERSION} could not be built: ${why}` }
  } finally {
    await rm(building, { recursive: true, force: true })
  }
}

/** Started: MQTT 3.1.1, one user. */
export async function startNats(program: string, options: NatsOptions = {}): Promise<Nats> {
  const { syncInterval = 'always', mqtt = [] } = options
  const [user, password] = ['daybook', 'bus-secret']
  const folder = await mkdtemp(join(tmpdir(), 'daybook-nats-'))
  const places = await Promise.all(
    Array.from({ length: NODES }, async () => ({
      client: await freePort(),
      mqtt: await freePort(),
      cluster: await freePort(),
      health: await freePort(),
    })),
  )
  const routes = places.map(({ cluster }) => `"nats://127.0.0.1:${cluster}"`).join(', ')
  const servers = await Promise.all(
    places.map(async (place, index) => {
      const name = `n${index + 1}`
      const file = join(folder, `${name}.conf`)
      const settings = `
        server_name: ${name}
        listen: "127.0.0.1:${place.client}"
        http: "127.0.0.1:${place.health}"
        jetstream { store_dir: "${join(folder, name)}", sync_interval: ${syncInterval}, max_mem: 256MB, max_file: 4GB }
        cluster { name: daybook, listen: "127.0.0.1:${place.cluster}", routes: [${routes}] }
        authorization { user: ${user}, password: "${password}" }
        mqtt {
          listen: "127.0.0.1:${place.mqtt}"
          stream_replicas: ${NODES}
          ${mqtt.join('\n          ')}
        }`
      await writeFile(file, settings)
      const isReady = async () =>
        (await accepts(place.mqtt)) &&
        (await fetch(`http://127.0.0.1:${place.health}/healthz`).then(
          async (answer) => (await answer.text()) !== '' && answer.ok,
          () => false,
        ))
      const command: [string, ...string[]] = [program, '-c', file]
      return newServer({ name: `NATS ${name}`, command, cwd: folder, port: place.mqtt, isReady })
    }),
  )
  const nodes = servers.map((server, index) => node(server, places[index]?.mqtt ?? 0))
  const nats: Nats = {
    nodes: nodes as [TestBroker, TestBroker, TestBroker],
    async [Symbol.asyncDispose]() {
      await Promise.all(servers.map((server) => server.kill()))
      await rm(folder, { recursive: true, force: true })
    },
  }
  try {
    // A node alone is never ready: it takes two to choose a leader.
    await Promise.all(servers.map((server) => server.start()))
    await firstWords(nats.nodes[0])
  } catch (error) {
    await nats[Symbol.asyncDispose]()
    throw error
  }
  return nats

  function node(server: Server, port: number): TestBroker {
    return {
      url: `mqtt://127.0.0.1:${port}`,
      port,
      user,
      password,
      folder,
      get pid() {
        return server.pid
      },
      start: server.start,
      stop: server.stop,
      kill: server.kill,
      [Symbol.asyncDispose]: server.kill,
    }
  }
}

/** The first message has it make its streams. Until the nodes have agreed on a leader of those it hangs up. */
async function firstWords({ url, user, password }: TestBroker): Promise<void> {
  const about = { url, user, password, clientId: 'first', clean: true, version: 4, keepaliveSeconds: 30 } as const
  for (const until = Date.now() + AGREED_MS; ; await sleep(250)) {
    try {
      const connection = await connect({ ...about, received: () => {} })
      await connection.publish('first', 'words').finally(() => connection.end())
      return
    } catch (error) {
      if (Date.now() > until) throw error
    }
  }
}
