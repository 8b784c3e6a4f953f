// The composition root: the only place that knows every part. It reads like a table of contents: what there is, in the
// order in which it starts; it stops in the reverse one. Not for: anything a part could do itself.
import { hostname } from 'node:os'
import { join } from 'node:path'
import { payloadAtSource } from './bridges/host.ts'
import { createImports } from './bridges/imports.ts'
import { registry } from './bridges/registry.ts'
import { createSources } from './bridges/sources.ts'
import { access } from './broker/access.ts'
import type { Bus } from './broker/bus.ts'
import { createEmbeddedBroker } from './broker/embedded/embedded.ts'
import { embeddedConfig } from './broker/embedded/limits.ts'
import { shownUrl } from './broker/foreign/connection/dial.ts'
import { createForeignBroker } from './broker/foreign/foreign.ts'
import type { Clock, Component, Context, Ids, Logger } from './component.ts'
import { type Config, sectionsOf } from './config.ts'
import type { Credentials } from './credentials.ts'
import { sourcesFile } from './device-sources.ts'
import { type App, type Built, createLifecycle, type Life } from './lifecycle.ts'
import { bridgeFolder, outboxesIn } from './outboxes.ts'
import { createBridgeStatuses } from './pipeline/bridge-statuses.ts'
import { createCommands } from './pipeline/commands.ts'
import { logicalDays } from './pipeline/logical-day.ts'
import { createObjectCare } from './pipeline/object-care.ts'
import { createPause } from './pipeline/pause.ts'
import { createPersist } from './pipeline/persist.ts'
import { createPrivacy } from './pipeline/privacy.ts'
import { createReceipts } from './pipeline/receipts.ts'
import { createRedactor } from './pipeline/redact.ts'
import { redactBody } from './pipeline/redact-body.ts'
import { createSuppressions } from './pipeline/suppressions.ts'
import { memoryIn } from './private-file.ts'
import { topicsUnder } from './schemas/topics.ts'
import { createObjects } from './storage/objects/objects.ts'
import { stores } from './storage/objects/registry.ts'
import { postgresStorage } from './storage/postgres/postgres.ts'
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

export function createApp(options: AppOptions): App {
  return createLifecycle({ ...options, build: (credentials, life) => build(options, credentials, life) })
}

function build({ config, version, log, clock, ids }: AppOptions, credentials: Credentials, life: Life): Built {
  const { signal } = life
  const topics = topicsUnder(config.mqtt.prefix)
  const users = openUsers({ data: config.data, owner: credentials.mqtt.username, clock })
  const redactor = createRedactor()
  const privacy = createPrivacy({ redactor, rules: config.privacy })
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
    source: (key) => payloadAtSource(sources.hosted(), key),
    spool: join(config.data, 'objects', 'incoming'),
    most: maxMegabytes * 1024 * 1024,
    graceMs: graceHours * 3_600_000,
    clock,
    log: logOf('objects'),
    signal,
  })

  const foreignUrl = config.broker.url ? shownUrl(config.broker.url) : null
  const embedded = foreignUrl
    ? null
    : createEmbeddedBroker(context('broker', embeddedConfig.parse(config.mqtt)), {
        topics,
        access: access({ topics, users: [credentials.mqtt], others: users }),
        retained: { load: () => storage.retained.load(), keep: (messages) => storage.retained.keep(messages) },
      })
  const bus: Bus =
    embedded ??
    createForeignBroker(context('broker', config.broker), {
      topics,
      space,
      memory: memoryIn(join(config.data, 'broker.json')),
      feeds: () => sources.hosted().map(({ producer }) => producer),
    })

  const receipts = createReceipts({ bus, storage, topics, clock, log: logOf('receipts') })
  const suppressions = createSuppressions({ storage, hashKey: credentials.secrets.hash, log: logOf('suppressions') })
  const pause = createPause({
    bus,
    storage,
    suppressions,
    topics,
    memory: memoryIn(join(config.data, 'pause.json')),
    changed: ({ paused, until }) => sources.pause(paused, until),
    clock,
    log: logOf('pause'),
    signal,
  })
  const commands = createCommands({ bus, topics, handlers: { pause: pause.command }, log: logOf('commands') })
  const persist = createPersist({
    bus,
    storage,
    receipts,
    topics,
    redactor,
    suppressor: suppressions,
    admit: privacy.admit,
    space,
    dayOf: logicalDays(timeZone),
    clock,
    log: logOf('pipeline'),
    signal,
  })
  const statuses = createBridgeStatuses({
    bus,
    topics,
    brokerGoesOn: foreignUrl !== null,
    isInside: (name) => sources.hosted().some(({ producer }) => producer === name),
    clock,
    log: logOf('bridge statuses'),
  })
  const care = createObjectCare({ objects, storage, bus, topics, clock, log: logOf('object care') })

  const sources = createSources({
    registry,
    config: sectionsOf(config),
    memory: memoryIn(sourcesFile(config.data)),
    device: config.bridges.producer ?? hostname(),
    openOutbox: outboxesIn(config, {
      topics,
      transport: bus,
      upload: ({ open, ...about }, ending) => objects.put(open(ending), about),
      storage: driver,
      clock,
      ids,
      log: logOf('outbox'),
      version,
    }),
    admit: privacy.admit,
    redact: redactor.redact,
    redactText: redactor.redactText,
    redactBody: redactBody(redactor),
    privacy,
    folder: ({ producer }) => bridgeFolder(config.data, producer),
    feed: (name, filters, take) => bus.feed(name, filters, take),
    log: logOf('bridge'),
    clock,
    space,
  })
  const imports = createImports({ bridges: sources.hosted, clock, ids, log: logOf('imports') })

  const core: Component[] = [...(server ? [server] : []), storage, objects, suppressions, persist, bus, receipts]
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
    sources,
    users,
    space,
    timeZone,
    version,
    clock,
    ids,
    redactText: (text) => redactor.redactText(text).text,
    bridges: () => statuses.known(),
    pause: () => pause.current(),
    listening: () => ({
      http: surfaces[0]?.site() ?? { ...config.http, port: 0 },
      mqtt: embedded?.door.address() ?? null,
      broker: foreignUrl,
    }),
    parts: () =>
      [...life.started(), ...sources.hosted()].map((part) => ({
        name: part.name,
        health: part.health(),
        needed: needed.includes(part),
      })),
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
    parts: [...core, care, statuses, pause, sources, commands, ...door, imports, ...surfaces],
    urls() {
      const at = embedded?.door.address()
      return {
        mqtt: foreignUrl ?? (at ? `mqtt://${at.host}:${at.port}` : null),
        http: surfaces[0]?.url() ?? null,
        activitywatch:
          sources
            .hosted()
            .find(({ source }) => source === 'activitywatch')
            ?.reach()?.url ?? null,
        database: storage.urls(),
      }
    },
  }
}
