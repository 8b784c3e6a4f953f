// One Frigate, kept an eye on: takes its messages, reads back what was missed, closes what will not end by itself, and
// has pictures fetched. Not for: what its messages mean (translate.ts), or several of them (bridge.ts).
import type { Health } from '../../component.ts'
import { asDaybookError, DaybookError } from '../../schemas/errors.ts'
import type { BridgeHost, ForeignMessage, ImportProgress, ImportRange } from '../bridge.ts'
import { catchUp, lookAfter } from './catch-up.ts'
import { type Client, createClient } from './client.ts'
import type { FrigateConfig, Instance } from './config.ts'
import { createErrands, type Errands } from './errands.ts'
import { importHistory } from './import.ts'
import { createMemory } from './memory.ts'
import { readReference } from './pictures.ts'
import { lacksReviews } from './read-back.ts'
import { type Available, availabilityIn } from './single.ts'
import { createTaker } from './taker.ts'
import { stepChanged, stepGone, stepPictures } from './translate.ts'

const TICK_MS = 2000
const FLUSH_TICKS = 5
const PRUNE_TICKS = 1800
/** Frigate tells of an object that goes on once a minute. */
const STALE_MS = 180_000
const PAUSES_MS = [500, 1000, 2000, 5000, 10_000, 20_000, 40_000]
const LONGEST_PAUSE_MS = 60_000
const DAY_MS = 86_400_000
/** Everything else below its prefix is counts, switches and retained pictures. */
const KINDS = ['reviews', 'events', 'tracked_object_update', 'triggers']

export type OpenInstance = Awaited<ReturnType<typeof openInstance>>

/** Rejects with what `listen` rejects with, and `config_invalid`; that Frigate is away is said in health. */
export async function openInstance(host: BridgeHost<FrigateConfig>, instance: Instance, closing: AbortSignal) {
  const { config, clock, log } = host
  const signal = AbortSignal.any([host.signal, closing])
  const memory = createMemory(host.state, instance.name)
  const client: Client | undefined =
    instance.url === undefined ? undefined : createClient({ ...instance, url: instance.url, signal, clock, onBack })
  let objectsAlone = config.objects === 'activities'
  let errands: Errands | undefined
  let available: Available | 'unknown' = 'unknown'
  const startedAt = clock.now()
  let onlineAt: number | undefined
  let paused = false
  /** Something may have been missed: until it is read back, what is heard does not count as everything. */
  let behind = client !== undefined
  let reading: 'wanted' | 'now' | 'done' = 'wanted'
  let readAt = 0
  let wake = new AbortController()

  const taker = createTaker({
    host,
    instance,
    memory,
    objectsAlone: () => objectsAlone,
    ended(known) {
      memory.flush()
      errands?.begin(known)
    },
  })
  if (client && config.pictures === 'copy') {
    errands = createErrands({
      ...{ client, host, memory, clock, log, signal },
      clips: config.clips,
      keptMs: Math.max(config.catchUpDays, 1) * DAY_MS,
      paused: () => paused,
      tell(known, what) {
        taker.keep(stepPictures(known, what, taker.context))
        if (what === 'pictures') memory.setPictured(known)
        memory.flush()
      },
    })
  }

  // Those of a time when pictures were copied.
  if (!errands) for (const id of [...memory.errands().keys()]) memory.endErrand(id)

  function onBack(): void {
    if (reading === 'done' && clock.now() - readAt > LONGEST_PAUSE_MS) miss()
  }

  function miss(): void {
    behind = client !== undefined
    reading = 'wanted'
    wake.abort()
  }

  function take({ topic, payload, retain }: ForeignMessage): void {
    const kind = topic.slice(instance.topicPrefix.length + 1)
    if (kind === 'available') setAvailable(payload.toString(), retain)
    // What is retained is a state, not an event.
    else if (!retain) taker.take({ kind, payload: parsed(payload) })
    if (!behind) memory.advance(clock.now())
  }

  /** What is no state of Frigate says nothing: it stays as it was. */
  function setAvailable(said: string, isOld: boolean): void {
    const now = availabilityIn(said)
    if (!now) return
    available = now
    if (!isOld) taker.take({ kind: 'available', payload: now })
    if (now === 'online') {
      // Said at each connection to the broker: what it had to say before is lost.
      onlineAt = clock.now()
      miss()
      return
    }
    behind = client !== undefined
    // Said before we listened, perhaps only as our own broker stopped: what is open is looked after by reading back.
    if (isOld) return
    for (const known of memory.open()) taker.keep(stepGone(known, taker.context))
    memory.flush()
  }

  /** Reads back whenever something may have been missed, until it has worked. */
  async function readBack(reader: Client): Promise<void> {
    for (let tries = 0; !signal.aborted; ) {
      wake = new AbortController()
      const awake = AbortSignal.any([signal, wake.signal])
      if (reading !== 'wanted' || paused) {
        await clock.sleep(LONGEST_PAUSE_MS, awake)
        continue
      }
      reading = 'now'
      try {
        if (config.objects === 'auto') objectsAlone = await lacksReviews(reader)
        const { catchUpDays } = config
        await catchUp({ client: reader, memory, taker, clock, catchUpDays, onlineAt, room })
        tries = 0
        if ((reading as string) === 'wanted') continue
        reading = 'done'
        readAt = clock.now()
        behind = false
        log.info({ instance: instance.name, reviews: memory.size() }, 'read back what Frigate holds')
      } catch (thrown) {
        if (signal.aborted) return
        const error = asDaybookError(thrown)
        log.warn({ instance: instance.name, code: error.code }, error.message)
        // Also when a login is refused, which may be mended at Frigate: how often one is tried is up to the client.
        reading = 'wanted'
        await clock.sleep(PAUSES_MS[tries++] ?? LONGEST_PAUSE_MS, awake)
      }
    }
  }

  /** As the host's, and waits for the end of a pause: what is taken in one is lost, also if it happened before. */
  async function room(ended = signal): Promise<void> {
    await host.room(ended)
    while (paused && !signal.aborted && !ended.aborted) await clock.sleep(TICK_MS, ended)
  }

  async function watch(): Promise<void> {
    for (let ticks = 1; !signal.aborted; ticks++) {
      await clock.sleep(TICK_MS, signal)
      if (signal.aborted) break
      if (paused) continue
      try {
        for (const known of memory.open()) await look(known.review.id)
        if (ticks % PRUNE_TICKS === 1) memory.prune(clock.now())
        if (ticks % FLUSH_TICKS === 0) memory.flush()
      } catch (thrown) {
        log.warn(
          { instance: instance.name, reason: (thrown as Error).message },
          'what is open cannot be looked after now',
        )
      }
    }
  }

  async function look(id: string): Promise<void> {
    const known = memory.known(id)
    if (!known || known.end !== undefined) return
    const { notifications, ...rest } = stepChanged(known, taker.context)
    if (notifications.length > 0) taker.keep({ notifications, ...rest })
    if (clock.now() - Math.max(known.heardAt, startedAt) <= STALE_MS) return
    if (client && !behind) {
      const error = await lookAfter(id, { client, memory, taker, clock }).catch(asDaybookError)
      if (!error) return
    }
    const still = memory.known(id)
    if (still && still.end === undefined) taker.keep(stepGone(still, taker.context))
  }

  const filters = [...KINDS, 'available'].map((kind) => `${instance.topicPrefix}/${kind}`)
  const off = await host.listen(filters, take)
  const running = [watch(), ...(client ? [readBack(client)] : [])]

  return {
    name: instance.name,
    health(): Health {
      const trouble = client?.trouble()
      const figures = {
        available,
        open: memory.open().length,
        told: taker.told(),
        seenAt: memory.seen() ?? null,
        ...errands?.figures(),
      }
      if (trouble) return { state: 'degraded', code: trouble.code, detail: trouble.message, figures }
      if (available === 'unknown' || available === 'online') return { state: 'ok', figures }
      const detail = `Frigate says that it is ${available}.`
      return { state: 'degraded', code: 'frigate_unreachable', detail, figures }
    },
    pause(now: boolean) {
      paused = now
      if (paused) return
      for (const known of memory.open()) memory.set({ ...known, heardAt: clock.now() })
      miss()
    },
    forget: memory.forget,
    /** Rejects with `object_missing`, `frigate_unreachable`, `frigate_auth`. */
    async payload(id: string) {
      if (!client) throw new DaybookError('object_missing', 'No url of this Frigate is configured.')
      return readReference(client, id)
    },
    async import(range: ImportRange, progress: (at: ImportProgress) => void, ended: AbortSignal): Promise<void> {
      if (instance.url === undefined)
        throw new DaybookError('frigate_unreachable', `No url of ${instance.name} is configured.`)
      // A client of its own ends with the import, in the middle of an answer too.
      const until = AbortSignal.any([signal, ended])
      const reader = createClient({ ...instance, url: instance.url, signal: until, clock })
      try {
        if (config.objects === 'auto') objectsAlone = await lacksReviews(reader)
        const parts = { host: { ...host, room }, client: reader, instance, live: memory, objectsAlone }
        await importHistory({ ...parts, range, progress, signal: until })
      } finally {
        reader.close()
      }
    },
    /** After `closing` has aborted. */
    async ended() {
      off()
      await Promise.all([...running, errands?.ended()])
      memory.flush()
      client?.close()
    },
  }
}

function parsed(payload: Buffer): unknown {
  try {
    return JSON.parse(payload.toString())
  } catch {
    return undefined
  }
}
