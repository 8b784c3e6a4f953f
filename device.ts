// The composition root of a device: one bridge alone, with its outbox here and its house elsewhere. It collects from the
// first moment, whether broker and house are there or not. Not for: the house (app.ts), or where settings come from
// (device-config.ts).
import { hostname } from 'node:os'
import { join } from 'node:path'
import type { Bridge } from './bridges/bridge.ts'
import { type HostedBridge, hostBridge, producerOf, sectionOf } from './bridges/host.ts'
import { shownUrl } from './broker/foreign/connection/dial.ts'
import { createDeviceFeeds } from './broker/foreign/device-feeds.ts'
import type { Listening } from './broker/foreign/talker/subscriptions.ts'
import { createTalker } from './broker/foreign/talker/talker.ts'
import { httpUpload } from './broker/outbox/http-upload.ts'
import type { Upload } from './broker/outbox/uploads.ts'
import { type Clock, type Component, type Ids, type Logger, stopAll } from './component.ts'
import { sectionsOf } from './config.ts'
import type { DeviceConfig } from './device-config.ts'
import { deviceSources } from './device-sources.ts'
import { bridgeFolder, outboxesIn, outboxFile } from './outboxes.ts'
import { createPrivacy } from './pipeline/privacy.ts'
import { createRedactor } from './pipeline/redact.ts'
import { redactBody } from './pipeline/redact-body.ts'
import { memoryIn } from './private-file.ts'
import { readCommand } from './schemas/command.ts'
import { DaybookError } from './schemas/errors.ts'
import { pauseState } from './schemas/pause.ts'
import { topicsUnder } from './schemas/topics.ts'

export interface DeviceOptions {
  bridge: Bridge
  config: DeviceConfig
  /** Its name on the bus; default: that of the bridge and of the device. */
  producer?: string | undefined
  version: string
  log: Logger
  clock: Clock
  ids: Ids
}

/** What a start says, as JSON the first line on stdout. */
export interface DeviceReady {
  ready: true
  producer: string
  outbox: { file: string }
  /** Without credentials. */
  broker: { url: string }
  /** Null: there is none, and payloads wait here. */
  house: { url: string | null }
  pid: number
}

export interface Device {
  readonly bridge: HostedBridge
  /** Resolves within seconds; a broker that is away is no error. Rejects with what a person must mend. */
  start(): Promise<DeviceReady>
  /** Flushes what can be flushed in a moment; the rest stays in the outbox. Safe twice. */
  stop(): Promise<void>
}

const LINE_MS = 300

/** Throws `config_invalid`. */
export function createDevice(options: DeviceOptions): Device {
  const { bridge, config, version, log, clock, ids } = options
  const { space, broker, house } = config
  const producer = options.producer ?? producerOf(bridge.name, config.bridges.producer ?? hostname())
  const topics = topicsUnder(config.mqtt.prefix)
  const redactor = createRedactor()
  const privacy = createPrivacy({ redactor, rules: config.privacy })
  const logOf = (part: string) => log.child({ part })
  const clientId = `daybook-bridge-${producer}`
  const talker = createTalker({ config: broker, clientId, clean: false, topics, clock, log: logOf('broker') })
  const feeds = createDeviceFeeds({
    config: broker,
    clientId,
    topics,
    memory: memoryIn(join(config.data, `broker-${producer}.json`)),
    clock,
    log: logOf('broker'),
  })
  const hosted = hostBridge(bridge, {
    config: settingsOf(bridge, config),
    producer,
    openOutbox: outboxesIn(config, {
      topics,
      transport: talker,
      upload: uploadTo(house),
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
    folder: (of) => bridgeFolder(config.data, of.producer),
    feed: (name, filters, take) => feeds.feed(name, filters, take),
    log: logOf('bridge'),
    clock,
    space,
  })
  let heard: Listening | undefined
  // In the order in which they stop; what a feed brings while its bridge ends stays with the broker.
  const parts: Component[] = [feeds, hosted, talker]

  return {
    bridge: hosted,
    async start() {
      try {
        // What a person must mend shows at once; a broker that is away is not waited for.
        const line = Promise.race([talker.start(), clock.sleep(LINE_MS)])
        // While the broker is away the last word stands.
        heard ??= talker.listen(topics.state('pause'), ({ payload }) => {
          const told = pauseState.safeParse(readCommand(payload)).data
          if (told) hosted.pause(told.paused, told.until)
        })
        await Promise.all([hosted.start(), feeds.start(), line])
      } catch (error) {
        await this.stop()
        throw error
      }
      return {
        ready: true,
        producer,
        outbox: { file: outboxFile(config.data, producer) },
        broker: { url: shownUrl(broker.url) },
        house: { url: house.url ?? null },
        pid: process.pid,
      }
    },
    stop() {
      heard?.end()
      return stopAll(parts, log)
    },
  }
}

/** As it is configured, and over that as it was connected here; undefined: neither. */
function settingsOf(bridge: Bridge, config: DeviceConfig): unknown {
  const connected = deviceSources.load(config.data)[bridge.name]
  const configured = sectionsOf(config)[sectionOf(bridge)]
  return connected ? { ...Object(configured), ...connected } : configured
}

/** Without a house payloads wait, and what refers to them. */
function uploadTo({ url, token }: DeviceConfig['house']): Upload {
  if (url !== undefined && token !== undefined) return httpUpload({ url, token })
  return async () => {
    throw new DaybookError('objects_unavailable', 'There is no house.url to upload to; --house and --token say it.')
  }
}
