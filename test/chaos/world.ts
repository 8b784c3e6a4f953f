// The world of the kill matrix for one broker: everything real, each part a process of its own, lines that can be cut in
// between. It is made once and lives through all its rounds. Not for: hurting it (parts.ts, moments.ts).
import type { ChildProcess } from 'node:child_process'
import { createWriteStream } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { brokerUrl } from '../../bench/start-load.ts'
import { KEEPER } from '../../config.ts'
import type { TestBroker } from '../brokers/server.ts'
import { type DebianPostgres, debianPostgres } from '../debian-postgres.ts'
import { freePort } from '../home-assistant/proxy.ts'
import { type House, startHouse } from '../house.ts'
import { newSeaweedFs, type SeaweedFs } from '../s3/seaweedfs.ts'
import { type Alone, alone } from './alone.ts'
import { startBrokers } from './brokers.ts'
import type { BrokerName } from './plan.ts'
import { httpSource, mqttSource, type Source } from './source.ts'
import { type Wire, wireTo } from './wire.ts'

/** The lines that can be cut; without a broker of others the app has none to it. */
export interface Wires {
  bridgeToBroker: Wire
  bridgeToHouse: Wire
  appToObjects: Wire
  appToBroker: Wire | undefined
}

/** Daybook, which may be killed before it is ready. */
export interface App {
  /** The last one that was ready. */
  readonly house: House
  readonly pid: number | undefined
  start(): Promise<void>
  kill(): Promise<void>
}

export interface World extends AsyncDisposable {
  readonly broker: BrokerName
  /** Of its logs, journals and data. */
  readonly folder: string
  readonly app: App
  readonly postgres: DebianPostgres
  readonly objects: SeaweedFs
  /** One, or the nodes of a cluster; none if it is the app's own. */
  readonly nodes: readonly TestBroker[]
  readonly bridge: Alone
  readonly sources: readonly Source[]
  readonly wires: Wires
  /** The folder stays when the world is gone. */
  keep(): void
}

/** Where the programs are that a world needs besides its broker. */
export interface Programs {
  postgres: string
  weed: string
}

export const BRIDGE = 'terminal-laptop'
const KEEPALIVE_S = '5'

export async function makeWorld(broker: BrokerName, programs: Programs): Promise<World> {
  await using made = new AsyncDisposableStack()
  const folder = await mkdtemp(join(tmpdir(), `daybook-chaos-${broker}-`))
  let isKept = false
  made.defer(async () => {
    if (!isKept) await rm(folder, { recursive: true, force: true, maxRetries: 5 })
  })
  const wire = async (port: number) => {
    const line = await wireTo(port)
    made.defer(() => line.close())
    return line
  }

  const postgres = made.use(await debianPostgres(programs.postgres))
  const objects = made.use(await newSeaweedFs(programs.weed))
  const { nodes } = made.use(await startBrokers(broker))
  const appToObjects = await wire(portOf(objects.endpoint))
  // In a cluster the two talk to different nodes.
  const [ofBridge, ofApp = ofBridge] = nodes
  const appToBroker = ofApp && (await wire(ofApp.port))

  const http = await freePort()
  const bridgeToHouse = await wire(http)
  const config = join(folder, 'daybook.yaml')
  await writeFile(config, JSON.stringify({ http: { allowedHosts: [`127.0.0.1:${bridgeToHouse.port}`] } }))
  const app = newApp(folder, http, {
    DAYBOOK__CONFIG: config,
    DAYBOOK__DATABASE__URL: postgres.url,
    DAYBOOK__OBJECTS__DRIVER: 'minio',
    DAYBOOK__OBJECTS__MINIO__ENDPOINT: `http://127.0.0.1:${appToObjects.port}`,
    DAYBOOK__OBJECTS__MINIO__ACCESS_KEY: objects.accessKey,
    DAYBOOK__OBJECTS__MINIO__SECRET_KEY: objects.secretKey,
    ...(appToBroker ? { DAYBOOK__BROKER__URL: through(appToBroker, ofApp), ...settings } : {}),
  })
  made.defer(() => app.kill())
  await app.start()

  const own = ofBridge ? undefined : new URL(brokerUrl(app.house))
  const bridgeToBroker = await wire(ofBridge?.port ?? Number(own?.port))
  await mkdir(join(folder, 'laptop'))
  const bridge = alone({
    folder: join(folder, 'laptop'),
    producer: BRIDGE,
    broker: through(bridgeToBroker, ofBridge ?? { user: own?.username, password: own?.password }),
    house: { url: `http://127.0.0.1:${bridgeToHouse.port}`, token: app.house.credentials.http.token },
  })
  made.defer(() => bridge.kill())
  await bridge.start()

  const door = () => ({ url: app.house.ready.http.url, token: app.house.credentials.http.token })
  const sources: Source[] = [made.use(httpSource('terminal-desk', join(folder, 'posted'), door))]
  if (own) sources.push(made.use(mqttSource('terminal-plug', join(folder, 'published'), own.href)))

  const all = made.move()
  return {
    broker,
    folder,
    app,
    postgres,
    objects,
    nodes,
    bridge,
    sources,
    wires: { bridgeToBroker, bridgeToHouse, appToObjects, appToBroker },
    keep() {
      isKept = true
    },
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  }
}

const settings = { DAYBOOK__BROKER__KEEPALIVE_SECONDS: KEEPALIVE_S }

function newApp(folder: string, http: number, env: Record<string, string>): App {
  const log = createWriteStream(join(folder, 'app.log'), { flags: 'a' })
  let child: ChildProcess | undefined
  let house: House | undefined
  const runs = () => child !== undefined && child.exitCode === null && child.signalCode === null
  return {
    get house() {
      if (!house) throw new Error('Daybook was never ready')
      return house
    },
    get pid() {
      return runs() ? child?.pid : undefined
    },
    async start() {
      // A port that was any free one at first stays the same.
      const mqtt = house && portOf(house.ready.mqtt.url)
      house = await startHouse({
        data: join(folder, 'data'),
        env: { ...env, [KEEPER]: String(process.pid) },
        ports: mqtt === undefined ? { http } : { http, mqtt },
        spawned(born) {
          child = born
          born.stderr?.pipe(log, { end: false })
        },
      })
    },
    async kill() {
      if (!child || !runs()) return
      const gone = new Promise((resolve) => child?.once('exit', resolve))
      child.kill('SIGKILL')
      await gone
    },
  }
}

function through(wire: Wire, { user, password }: { user?: string | undefined; password?: string | undefined } = {}) {
  return `mqtt://${user === undefined ? '' : `${user}:${password}@`}127.0.0.1:${wire.port}`
}

function portOf(url: string): number {
  return Number(new URL(url).port)
}
