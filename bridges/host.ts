// What a bridge runs in: it turns a bridge and its piece of the configuration into a part of the house. Everything that
// a bridge emits passes here: checked, redacted, cut to size, and synced in the outbox. Not for: publishing, which the
// outbox does, so that a bridge runs the same inside the app and alone on a laptop.
import { randomUUID } from 'node:crypto'
import type { Clock, Component, Health, Logger } from '../component.ts'
import { activityNotification } from '../schemas/activity.ts'
import type { ContentRef } from '../schemas/content-ref.ts'
import { asDaybookError, DaybookError } from '../schemas/errors.ts'
import type { Privacy } from '../schemas/privacy.ts'
import { isProducer } from '../schemas/topics.ts'
import type {
  Bridge,
  BridgeHost,
  BridgeState,
  ForeignMessage,
  ForgetRequest,
  Guest,
  ImportProgress,
  ImportRange,
  Notification,
  OpenBridge,
  Reach,
  SourcePayload,
} from './bridge.ts'
import { createPauses, type Pauses } from './pauses.ts'
import { attaching, attachingFiles, lightened } from './payloads.ts'

/** What a host needs of an outbox; it starts and stops it. */
export interface HostOutbox extends Component {
  /** Returns once all are synced, or keeps none and throws `outbox_full`. */
  append(notifications: readonly Notification[]): void
  /** Keeps a payload, synced, for what is appended within the hour. Throws `outbox_full` at its own quota, `too_large`. */
  attach: BridgeHost<unknown>['attach']
  /** The same for what comes piece by piece. */
  attachFile(body: AsyncIterable<Uint8Array>, about: { mediaType: string; name?: string }): Promise<ContentRef>
  /** Entries that wait. */
  readonly depth: number
  readonly state: BridgeState
  /** How the bridge is, for its status on the bus. */
  report(health: Health): void
}

export interface HostParts {
  /** The bridge's piece of the configuration, not yet checked. */
  config: unknown
  openOutbox(about: { producer: string; source: string }): HostOutbox
  /** A notification as it may be kept but for its secrets; null: it leaves no trace. Synchronous. */
  admit(notification: Notification): Notification | null
  /** Takes secrets out of a notification, synchronously. */
  redact(notification: Notification): Notification
  /** The same for a payload that is text. */
  redactText(text: string): { text: string }
  /** The same for a text that comes piece by piece, which holds the event loop for some milliseconds at most. */
  redactBody(body: AsyncIterable<Uint8Array>, mediaType: string): AsyncIterable<Uint8Array>
  privacy: Privacy
  /** The bridge's own folder, 0700, made by the call. */
  folder(of: { producer: string }): string
  /** What others publish; see Bus.feed. */
  feed(name: string, filters: readonly string[], take: (message: ForeignMessage) => void): Promise<() => void>
  log: Logger
  clock: Clock
  space: string
  /** The name on the bus; `producerOf` makes the usual one. */
  producer: string
}

/** A bridge as a part of the house. */
export interface HostedBridge extends Component {
  readonly source: string
  readonly producer: string
  /**
   * See OpenBridge; ends by itself at `until`, epoch ms. Remembered through restarts while it runs, and before it runs for
   * its next start.
   */
  pause(paused: boolean, until?: number | null): void
  /** How many things the bridge has forgotten. Only while it runs. */
  forget(request: ForgetRequest): number
  /** See OpenBridge.payload; `object_missing` also if it does not run or its source gives none. */
  payload(id: string): Promise<SourcePayload>
  /** See OpenBridge.import; `invalid` if its source has no past to give. Only while it runs. */
  import(range: ImportRange, progress: (at: ImportProgress) => void, signal: AbortSignal): Promise<void>
  /** See OpenBridge.take; absent: lines mean nothing to it. Only while it runs. */
  readonly take: ((line: string) => void) | undefined
  /** See OpenBridge.serve; `bus_unavailable` while it does not run. */
  serve(request: Request, guest: Guest): Promise<Response>
  /** Where it listens for itself; null: it does not, or does not run. */
  reach(): Reach | null
  /** What its clients show; null while it does not run. */
  key(): string | null
}

const REPORT_MS = 2000
const KEY = 'host/key'
/** Whether the bridge was told last that it is paused: a pause may end while it does not run. */
const TOLD = 'host/paused'
/** Entries that wait at most when there is room for more that is not urgent, and how often that is looked at. */
const ROOM = 500
const ROOM_EACH_MS = 50

/** `<source>-<device>`, made of what a topic may hold. */
export function producerOf(source: string, device: string): string {
  const name = device.replace(/[^A-Za-z0-9_.-]+/g, '-').replace(/^[^A-Za-z0-9]+|-+$/g, '')
  return `${source}-${name || 'local'}`.slice(0, 128)
}

/**
 * Throws `config_invalid` naming the field. Its start rejects with what the outbox throws; what a person must mend at
 * the source is told by health instead, so that one bridge keeps no other from starting.
 */
export function hostBridge(bridge: Bridge, parts: HostParts): HostedBridge {
  const { log, clock, space, producer, admit, redact, redactText, privacy } = parts
  const config = readConfig(bridge, parts.config)
  if (!isProducer(producer)) throw new DaybookError('config_invalid', `producer: "${producer}" cannot be in a topic.`)
  const counts = { emitted: 0, invalid: 0, notKept: 0, denied: 0 }
  /** What the next start begins with; undefined: as it was at the last end. */
  let wanted: number | null | 'off' | undefined
  interface Running {
    outbox: HostOutbox
    pauses: Pauses
    key: string
    open?: OpenBridge
    /** What the bridge was told last. */
    paused: boolean
    end: AbortController
  }
  let running: Running | undefined
  let failure: DaybookError | undefined

  /** An invalid notification is a bug of the bridge: it must not stop what its source sends next. */
  function prepare(notification: Notification, keep: HostOutbox['attach']): Notification[] {
    const parsed = activityNotification.safeParse(notification)
    if (parsed.success) {
      const admitted = admit(parsed.data)
      if (admitted) return [lightened(redact(admitted), keep)]
      counts.denied++
      return []
    }
    counts.invalid++
    const [issue] = parsed.error.issues
    log.error({ type: notification.type, field: issue?.path.join('.') }, `invalid notification: ${issue?.message}`)
    return []
  }

  function health(): Health {
    if (failure) return { state: 'failed', code: failure.code, detail: failure.message }
    if (!running?.open) return { state: 'stopped' }
    const { state, ...own } = running.open.health()
    const outbox = running.outbox.health()
    const worse = state === 'ok' && outbox.state !== 'ok' ? outbox : { state, ...own }
    // What a bridge leaves out of what it keeps for itself never gets here.
    const notKept = counts.notKept + Number(own.figures?.notKept ?? 0)
    const paused = running.pauses.paused()
    return { ...worse, figures: { ...counts, paused, ...outbox.figures, ...own.figures, notKept } }
  }

  function tellPause(of: Running | undefined, paused: boolean): void {
    if (!of?.open || of.paused === paused) return
    of.paused = paused
    of.outbox.state.set(TOLD, paused)
    of.open.pause(paused)
  }

  async function report(outbox: HostOutbox, signal: AbortSignal): Promise<void> {
    let told = ''
    while (!signal.aborted) {
      const { state, code } = failure ? health() : (running?.open?.health() ?? { state: 'ok' })
      if (told !== `${state} ${code}`) outbox.report(code === undefined ? { state } : { state, code })
      told = `${state} ${code}`
      await clock.sleep(REPORT_MS, signal)
    }
  }

  return {
    name: `bridge ${bridge.name}`,
    source: bridge.name,
    producer,
    health,
    async start() {
      if (running) return
      failure = undefined
      const outbox = parts.openOutbox({ producer, source: bridge.name })
      const pauses = createPauses(outbox.state, clock)
      if (wanted !== undefined) pauses.set(wanted)
      const end = new AbortController()
      const key = keyIn(outbox.state)
      running = { outbox, pauses, key, paused: false, end }
      const keep: HostOutbox['attach'] = (bytes, about) => outbox.attach(bytes, about)
      const attach = attaching({ keep, redactText, paused: pauses.paused })
      const emit = (notifications: readonly Notification[]) => {
        const meant = pauses.paused() ? [] : notifications.filter(({ timestamp }) => !pauses.covers(timestamp))
        counts.notKept += notifications.length - meant.length
        const ready = meant.flatMap((notification) => prepare(notification, keep))
        if (ready.length > 0) outbox.append(ready)
        counts.emitted += ready.length
      }
      try {
        await outbox.start()
        const { signal } = end
        let feeds = 0
        const listen: BridgeHost<unknown>['listen'] = (filters, take) =>
          parts.feed(`${producer}-${++feeds}`, filters, (message) => {
            try {
              if (!pauses.paused()) take(message)
            } catch (thrown) {
              const { code, remedy } = asDaybookError(thrown)
              if (code !== 'internal' && remedy !== 'reject') throw thrown
              // A bug of the bridge: the same message would fail again, and hold up all that follow.
              log.error({ topic: message.topic, error: thrown }, 'a message was not understood and is passed over')
            }
          })
        const room = async (ended = signal) => {
          while (outbox.depth >= ROOM && !signal.aborted && !ended.aborted) await clock.sleep(ROOM_EACH_MS, signal)
        }
        const keepFile: HostOutbox['attachFile'] = (body, about) => outbox.attachFile(body, about)
        const attachFile = attachingFiles({ keepFile, redactBody: parts.redactBody, paused: pauses.paused })
        const reach = { attach, attachFile, listen, room, folder: () => parts.folder({ producer }) }
        const { state } = outbox
        const about = { config, space, producer, log, clock, signal, state, privacy, key }
        const open = await bridge.open({ ...about, emit, ...reach })
        running.open = open
        running.paused = outbox.state.get(TOLD) === true && !pauses.paused()
        tellPause(running, pauses.paused())
        pauses.onEnd(() => tellPause(running, false))
      } catch (thrown) {
        failure = asDaybookError(thrown)
        if (failure.remedy !== 'stop') {
          await this.stop()
          throw failure
        }
        log.error({ code: failure.code }, failure.message)
      }
      void report(outbox, end.signal)
    },
    async stop() {
      const ending = running
      running = undefined
      ending?.end.abort()
      ending?.pauses.close()
      await ending?.open?.close()
      await ending?.outbox.stop()
    },
    pause(paused, until = null) {
      wanted = paused ? until : 'off'
      if (!running) return
      // What it ends now it may still tell.
      if (paused) tellPause(running, true)
      running.pauses.set(wanted)
      if (!paused) tellPause(running, false)
      running.pauses.onEnd(() => tellPause(running, false))
    },
    forget: (request) => running?.open?.forget(request) ?? 0,
    async payload(id) {
      if (!running?.open?.payload) throw new DaybookError('object_missing', `${bridge.name} does not give it now.`)
      return running.open.payload(id)
    },
    async import(range, progress, signal) {
      if (!running?.open) throw new DaybookError('bus_unavailable', `The bridge ${bridge.name} does not run.`)
      if (!running.open.import) throw new DaybookError('invalid', `source: ${bridge.name} has no past to bring in.`)
      await running.open.import(range, progress, signal)
    },
    get take() {
      const open = running?.open
      return open?.take && ((line: string) => open.take?.(line))
    },
    async serve(request, guest) {
      if (!running?.open?.serve) throw new DaybookError('bus_unavailable', `The bridge ${bridge.name} does not run.`)
      return running.open.serve(request, guest)
    },
    reach: () => running?.open?.reach?.() ?? null,
    key: () => running?.key ?? null,
  }
}

/** Made at the first run. */
function keyIn(state: BridgeState): string {
  const key = state.get<string>(KEY) ?? randomUUID()
  state.set(KEY, key)
  return key
}

/** A payload of others, from the bridge to where it is. Throws `object_missing`. */
export async function payloadAtSource(
  bridges: readonly HostedBridge[],
  { storage, id }: { storage: string; id: string },
): Promise<SourcePayload> {
  const bridge = bridges.find(({ source }) => source === storage)
  if (bridge) return bridge.payload(id)
  throw new DaybookError('object_missing', `It is read at its source once bridges.${storage} is configured.`)
}

/** The section of its configuration: its name in camelCase. */
export function sectionOf({ name }: Pick<Bridge, 'name'>): string {
  return name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase())
}

function readConfig(bridge: Bridge, config: unknown): unknown {
  const parsed = bridge.config.safeParse(config ?? (bridge.always ? {} : config))
  if (parsed.success) return parsed.data
  const issues = parsed.error.issues.map(
    (issue) => `bridges.${[sectionOf(bridge), ...issue.path].join('.')}: ${issue.message}`,
  )
  throw new DaybookError('config_invalid', issues.slice(0, 5).join('; '))
}
