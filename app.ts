// The composition root: the only place that knows every part. It reads like a table of contents: what there is, in the
// order in which it starts; it stops in the reverse one. Not for: anything a part could do itself.
import { readFileSync, rmSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import type { SourcePayload } from './bridges/bridge.ts'
import { createBridges, type HostedBridge } from './bridges/host.ts'
import { createImports } from './bridges/imports.ts'
import { registry as bridges } from './bridges/registry.ts'
import { access } from './broker/access.ts'
import type { Bus } from './broker/bus.ts'
import { createEmbeddedBroker } from './broker/embedded/embedded.ts'
import { embeddedConfig } from './broker/embedded/limits.ts'
import { shownUrl } from './broker/foreign/connection/dial.ts'
import { createForeignBroker } from './broker/foreign/foreign.ts'
import { openOutbox } from './broker/outbox/outbox.ts'
import type { Clock, Component, Context, Ids, Logger } from './component.ts'
import type { Config } from './config.ts'
import { type Credentials, loadCredentials, saveCredentials, writePrivately } from './credentials.ts'
import { createBridgeStatuses } from './pipeline/bridge-statuses.ts'
import { logicalDays } from './pipeline/logical-day.ts'
import { createObjectCare } from './pipeline/object-care.ts'
import { createPersist } from './pipeline/persist.ts'
import { createReceipts } from './pipeline/receipts.ts'
import { createRedactor } from './pipeline/redact.ts'
import { DaybookError } from './schemas/errors.ts'
import { topicsUnder } from './schemas/topics.ts'
import type { ObjectKey } from './storage/catalogue.ts'
import { createObjects } from './storage/objects/objects.ts'
import { stores } from './storage/objects/registry.ts'
import { postgresStorage } from './storage/postgres/postgres.ts'
import { type FolderLock, lockDataFolder } from './storage/postgres/server/lock.ts'
import { embeddedPostgres } from './storage/postgres/server/server.ts'
import { createLinks } from './surfaces/http/links.ts'
import { httpSurface } from './surfaces/http.ts'
import type { House } from './surfaces/operations/operation.ts'
import { operations } from './surfaces/operations/registry.ts'
import { openUsers } from './users.ts'

export interface AppOptions {
  config: Config
  version: string
  log: Logger
  clock: Clock
  ids: Ids
}

/** What a start says, as JSON the first line on stdout. */
export interface Ready {
  ready: true
  version: string
  /** From the start of the process until everything serves. */
  startMs: number
  data: string
  pid: number
  /** Null where the port is off. */
  mqtt: { url: string | null }
  http: { url: string | null }
  activitywatch: { url: string | null }
  database: { url: string }
  objects: { driver: string }
}

export interface App {
  /** Starts every part in order; on a failure those that had started are stopped again. */
  start(): Promise<Ready>
  /** Stops in reverse order, each part flushing what it accepted. Safe twice. */
  stop(): Promise<void>
  /** At the very first start the credentials just made, else null; for showing them once. */
  firstStart(): Credentials | null
}

export function createApp({ config, version, log, clock, ids }: AppOptions): App {
  const stopping = new AbortController()
  const { signal } = stopping
  let lock: FolderLock | null = null
  let made: Credentials | null = null
  let started: Component[] = []

  function build(credentials: Credentials) {
    const topics = topicsUnder(config.mqtt.prefix)
    const users = openUsers({ data: config.data, owner: credentials.mqtt.username, clock })
    const redactor = createRedactor()
    const { space, timezone: timeZone } = config
    const logOf = (part: string) => log.child({ part })
    const context = <Piece>(part: string, piece: Piece): Context<Piece> => ({
      config: piece,
      log: logOf(part),
      clock,
      ids,
      signal,
    })

    const server = config.database.url
      ? null
      : embeddedPostgres({
          data: config.data,
          port: config.database.port,
          password: credentials.secrets.database,
          log: logOf('postgres'),
          clock,
        })
    const storage = postgresStorage({
      url: () => config.database.url ?? server?.url() ?? '',
      readerPassword: credentials.secrets.reader,
      space,
      log: logOf('storage'),
      clock,
      signal,
    })
    const { driver, maxMegabytes, graceHours } = config.objects
    const storeContext = { data: config.data, space, log: logOf('objects'), clock, pool: () => storage.pool() }
    const objects = createObjects({
      driver,
      stores: stores.map((store) => store.create(config.objects[store.storage], storeContext)),
      storage,
      source: (key) => atSource(hosted, key),
      spool: join(config.data, 'objects', 'incoming'),
      most: maxMegabytes * 1024 * 1024,
      graceMs: graceHours * 3_600_000,
      clock,
      log: logOf('objects'),
      signal,
    })
    const embedded = config.broker.url
      ? null
      : createEmbeddedBroker(context('broker', embeddedConfig.parse(config.mqtt)), {
          topics,
          access: access({ users: [credentials.mqtt], others: users }),
          retained: { load: () => storage.retained.load(), keep: (messages) => storage.retained.keep(messages) },
        })
    const bus: Bus =
      embedded ??
      createForeignBroker(context('broker', config.broker), {
        topics,
        space,
        memory: {
          load: () => readIfThere(join(config.data, 'broker.json')),
          save: (memory) => writePrivately(join(config.data, 'broker.json'), memory),
        },
        feeds: () => hosted.map(({ producer }) => producer),
      })
    const receipts = createReceipts({ bus, storage, topics, clock, log: logOf('receipts') })
    const persist = createPersist({
      bus,
      storage,
      receipts,
      topics,
      redactor,
      space,
      hashKey: credentials.secrets.hash,
      dayOf: logicalDays(timeZone),
      clock,
      log: logOf('pipeline'),
      signal,
    })
    const statuses = createBridgeStatuses({
      bus,
      topics,
      brokerGoesOn: config.broker.url !== undefined,
      clock,
      log: logOf('bridge statuses'),
    })
    const care = createObjectCare({ objects, storage, bus, topics, clock, log: logOf('object care') })
    const hosted = createBridges(bridges, {
      config: config.bridges,
      device: config.bridges.producer ?? hostname(),
      openOutbox: ({ producer, source }) =>
        openOutbox({
          file: join(config.data, 'outbox', `${producer}.sqlite`),
          producer,
          source,
          topics,
          transport: bus,
          upload: ({ id, size, mediaType, name, open }, ending) =>
            objects.put(open(ending), { id, size, mediaType, name }),
          storage: driver,
          clock,
          ids,
          log: logOf('outbox'),
          version,
          timeZone,
          limits: {
            bytes: config.bridges.outboxMegabytes * 1024 * 1024,
            payloadBytes: config.bridges.payloadMegabytes * 1024 * 1024,
          },
        }),
      redact: (notification) => redactor.redact(notification),
      redactText: (text) => redactor.redactText(text),
      feed: (name, filters, take) => bus.feed(name, filters, take),
      log: logOf('bridge'),
      clock,
      space,
    })
    const imports = createImports({ bridges: hosted, clock, ids, log: logOf('imports') })
    const core: Component[] = [...(server ? [server] : []), storage, objects, persist, bus, receipts]
    // While their store is away, payloads go to Postgres.
    const needed = core.filter((part) => part !== objects)
    const door = embedded && config.mqtt.port !== 'off' ? [embedded.door] : []
    const house: House = {
      bus,
      storage,
      objects,
      links: createLinks({ space, clock }),
      topics,
      imports,
      users,
      space,
      timeZone,
      version,
      clock,
      ids,
      redactText: (text) => redactor.redactText(text).text,
      bridges: () => statuses.known(),
      listening: () => ({
        http: surfaces[0]?.site() ?? { ...config.http, port: 0 },
        mqtt: embedded?.door.address() ?? null,
        broker: config.broker.url ? shownUrl(config.broker.url) : null,
      }),
      parts: () => started.map((part) => ({ name: part.name, health: part.health(), needed: needed.includes(part) })),
    }
    const { port } = config.http
    const surfaces =
      port === 'off'
        ? []
        : [
            httpSurface({
              config: { ...config.http, port, metrics: config.metrics.enabled },
              token: credentials.http.token,
              operations,
              house,
              log: logOf('http'),
            }),
          ]
    return {
      parts: [...core, care, statuses, ...hosted, ...door, imports, ...surfaces],
      storage,
      embedded,
      http: surfaces[0],
    }
  }

  async function start(): Promise<Ready> {
    lock = lockDataFolder(config.data)
    const credentials = loadCredentials(config.data, ids)
    // Until a start has gone through, nobody has been shown them.
    if (credentials.database.url === '') made = credentials
    const { parts, storage, embedded, http } = build(credentials)
    for (const part of parts) {
      const since = performance.now()
      started.push(part)
      await part.start()
      log.debug({ part: part.name, ms: Math.round(performance.now() - since) }, 'started')
    }
    const database = storage.urls()
    saveCredentials(config.data, { ...credentials, database })
    const at = embedded?.door.address()
    const ready: Ready = {
      ready: true,
      version,
      startMs: Math.round(process.uptime() * 1000),
      data: config.data,
      pid: process.pid,
      mqtt: { url: config.broker.url ? shownUrl(config.broker.url) : at ? `mqtt://${at.host}:${at.port}` : null },
      http: { url: http?.url() ?? null },
      activitywatch: { url: null },
      database: { url: database.url },
      objects: { driver: config.objects.driver },
    }
    writePrivately(runningFile(), { ...ready, database: undefined })
    return ready
  }

  async function stop(): Promise<void> {
    stopping.abort()
    const parts = started.reverse()
    started = []
    for (const part of parts) {
      await part.stop().catch((error) => log.error({ part: part.name, reason: error.message }, 'did not stop cleanly'))
    }
    if (lock) rmSync(runningFile(), { force: true })
    lock?.release()
    lock = null
  }

  const runningFile = () => join(config.data, 'running.json')

  return {
    async start() {
      try {
        return await start()
      } catch (error) {
        await stop()
        throw error
      }
    },
    stop,
    firstStart: () => made,
  }
}

/** A payload of others, from the bridge of that name. */
async function atSource(hosted: readonly HostedBridge[], { storage, id }: ObjectKey): Promise<SourcePayload> {
  const bridge = hosted.find(({ source }) => source === storage)
  if (bridge) return bridge.payload(id)
  throw new DaybookError('object_missing', `It is read at its source once bridges.${storage} is configured.`)
}

function readIfThere(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch {
    return undefined
  }
}
