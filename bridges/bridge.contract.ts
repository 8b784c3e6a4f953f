// What every bridge promises, run over the registry by registry.test.ts. Not for: what is particular to one source, which
// its own tests show.
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { activityNotification } from '../schemas/activity.ts'
import type { ContentRef } from '../schemas/content-ref.ts'
import { DaybookError } from '../schemas/errors.ts'
import { eventId, idTime, isUuidV7 } from '../schemas/ids.ts'
import { isTopicWord } from '../schemas/topics.ts'
import { host, outboxFolder, payloadIn } from '../test/hosted.ts'
import { type Bridge, defineBridge, type Notification } from './bridge.ts'

const SECRET = 'planted-secret-4f1d9c'

export function bridgeContract(bridge: Bridge): void {
  const translate = (input: unknown) => bridge.translate(input, bridge.exampleContext)
  const inputs = bridge.examples.map(({ input }) => input)

  describe(`the bridge ${bridge.name}`, () => {
    let folder: string
    let remove: () => Promise<void>

    beforeEach(async () => {
      ;({ folder, remove } = await outboxFolder())
    })
    afterEach(() => remove())

    it('has a name that can be a topic word, a title, and an example for each of its types', () => {
      expect(isTopicWord(bridge.name)).toBe(true)
      expect(bridge.title).not.toBe('')
      expect([...new Set(inputs.flatMap(translate).map(({ type }) => type))].sort()).toEqual([...bridge.types].sort())
    })

    it.each(bridge.examples)('translates as its example says: $title', ({ input, output }) => {
      const made = translate(input)
      expect(made).toMatchObject(output)
      expect(made).toHaveLength(output.length)
      for (const [index, { data }] of output.entries()) if (data) expect(made[index]?.data).toEqual(data)
    })

    it('makes valid notifications whose ids are UUIDv7 of their time', () => {
      for (const notification of inputs.flatMap(translate)) {
        expect(activityNotification.safeParse(notification).error?.issues).toBeUndefined()
        expect(bridge.sources ?? [bridge.name]).toContain(notification.source)
        expect(isUuidV7(notification.id)).toBe(true)
        expect(idTime(notification.id)).toBe(notification.timestamp)
      }
    })

    it('gives the same input the same ids, different inputs different ones, and another space others', () => {
      const once = inputs.flatMap(translate).map(({ id }) => id)
      expect(
        inputs
          .map((input) => structuredClone(input))
          .flatMap(translate)
          .map(({ id }) => id),
      ).toEqual(once)
      expect(new Set(once).size).toBe(once.length)
      const elsewhere = inputs.flatMap((input) => bridge.translate(input, { ...bridge.exampleContext, space: 'other' }))
      expect(elsewhere.map(({ id }) => id).filter((id) => once.includes(id))).toEqual([])
    })

    it('changes neither its input nor its context', () => {
      const frozen = inputs.map((input) => deepFreeze(structuredClone(input)))
      expect(frozen.flatMap(translate)).toEqual(inputs.flatMap(translate))
    })

    it('lets no secret past its host, in whatever field of the source it stands', async () => {
      const hide = (notification: Notification): Notification =>
        JSON.parse(JSON.stringify(notification).replaceAll(SECRET, '[redacted]'))
      const planted = inputs.flatMap(plantings)
      expect(planted.length).toBeGreaterThan(0)
      const made = planted.flatMap(translate)
      expect(JSON.stringify(made)).toContain(SECRET)
      const hosted = host(emitting(bridge, made), folder, { redact: hide })
      await hosted.bridge.start()
      await hosted.bridge.stop()
      expect(hosted.kept.length).toBeGreaterThan(0)
      expect(JSON.stringify(hosted.kept)).not.toContain(SECRET)
    })

    it('lets no secret past its host in a text that it attaches, and keeps nothing of what it attaches in a pause', async () => {
      const redactText = (text: string) => ({ text: text.replaceAll(SECRET, '[redacted]') })
      const refs: ContentRef[] = []
      const attaching = { ...emitting(bridge, []), open: attachingWhenOpened(`a text with ${SECRET}`, refs) }
      const hosted = host(attaching, folder, { redactText })
      await hosted.bridge.start()
      expect(refs.map((ref) => payloadIn(folder, bridge, ref).toString())).toEqual(['a text with [redacted]'])
      const figures = { payloads: 1, payloadBytes: 'a text with [redacted]'.length }
      expect(hosted.outbox().health().figures).toMatchObject(figures)
      hosted.bridge.pause(true)
      await hosted.bridge.stop()

      const paused = host({ ...attaching, open: attachingWhenOpened('another text', refs) }, folder, { redactText })
      await paused.bridge.start()
      expect(refs.at(-1)).toMatchObject({ size: 'another text'.length, mediaType: 'text/plain' })
      expect(paused.outbox().health().figures).toMatchObject(figures)
      await paused.bridge.stop()
    })

    it('lets no secret past its host in a file that it attaches, and keeps nothing of one in a pause', async () => {
      const redactText = (text: string) => ({ text: text.replaceAll(SECRET, '[redacted]') })
      const refs: ContentRef[] = []
      const file = join(folder, 'a-file')
      await writeFile(file, `a file with ${SECRET}`)
      const opening: Bridge['open'] = async (to) => {
        refs.push(await to.attachFile(file, { mediaType: 'text/plain', name: 'a file' }))
        return { health: () => ({ state: 'ok' }), pause() {}, forget: () => 0, async close() {} }
      }
      const attaching = { ...emitting(bridge, []), open: opening }
      const hosted = host(attaching, folder, { redactText })
      await hosted.bridge.start()
      expect(refs.map((ref) => payloadIn(folder, bridge, ref).toString())).toEqual(['a file with [redacted]'])
      expect(refs[0]).toMatchObject({ mediaType: 'text/plain', name: 'a file', size: 22 })
      hosted.bridge.pause(true)
      await hosted.bridge.stop()

      await writeFile(file, 'another text')
      const paused = host(attaching, folder, { redactText })
      await paused.bridge.start()
      expect(paused.outbox().health().figures).toMatchObject({ payloads: 1, payloadBytes: 22 })
      await paused.bridge.stop()
    })

    it('takes junk for nothing', () => {
      const junk = [null, undefined, 7, 'text', [], {}, { event_type: 'unheard_of' }, { data: null }]
      for (const input of junk.filter((value) => !isInput(bridge, value)))
        expect(translateSafely(bridge, input)).toEqual([])
    })

    it('opens with its example configuration, answers, and closes, twice', async () => {
      const { bridge: hosted } = host(bridge, folder)
      expect(hosted.health().state).toBe('stopped')
      await hosted.stop()
      await hosted.start()
      expect(['ok', 'degraded']).toContain(hosted.health().state)
      await hosted.stop()
      await hosted.stop()
      expect(hosted.health().state).toBe('stopped')
      await hosted.start()
      await hosted.stop()
    })

    it('answers forget, and forgets nothing of another source', async () => {
      const { bridge: hosted } = host(bridge, folder)
      await hosted.start()
      expect(hosted.forget({ source: 'some_other' })).toBe(0)
      expect(hosted.forget({ source: bridge.name })).toBeGreaterThanOrEqual(0)
      expect(hosted.forget({ since: 0, until: 1, entity: 'nothing.known' })).toBe(0)
      await hosted.stop()
    })

    it('emits nothing while paused, remembers that through a restart, and makes up for nothing afterwards', async () => {
      const made = inputs.flatMap(translate)
      let now = Math.min(...made.map(({ timestamp }) => timestamp)) - 1000
      const clock = { now: () => now, sleep: async (_: number, signal?: AbortSignal) => aborted(signal) }
      const quiet = host(bridge, folder, { clock })
      await quiet.bridge.start()
      quiet.bridge.pause(true)
      await quiet.bridge.stop()

      const paused = host(emitting(bridge, made), folder, { clock })
      await paused.bridge.start()
      expect(paused.kept).toEqual([])
      now = Math.max(...made.map(({ timestamp }) => timestamp)) + 1000
      paused.bridge.pause(false)
      await paused.bridge.stop()

      const later = made.map((one) => moved(one, now + 1, bridge.name))
      const resumed = host(emitting(bridge, [...made, ...later]), folder, { clock })
      await resumed.bridge.start()
      await resumed.bridge.stop()
      expect(resumed.kept.map(({ id }) => id)).toEqual(later.map(({ id }) => id))
    })

    it('finds its state again after a restart', async () => {
      const first = host(bridge, folder)
      await first.bridge.start()
      first.outbox().state.set('contract', { kept: true })
      await first.bridge.stop()
      const second = host(bridge, folder)
      await second.bridge.start()
      expect(second.outbox().state.get('contract')).toEqual({ kept: true })
      await second.bridge.stop()
    })

    it('refuses a broken configuration with an error that names the field and what to do', () => {
      const example = bridge.exampleConfig as Record<string, unknown>
      const broken = [
        { ...example, noSuchSetting: 1 },
        ...Object.keys(example).map((key) => ({ ...example, [key]: [[]] })),
      ]
      for (const config of ['not an object', ...broken]) {
        const error = thrownBy(() => host(bridge, folder, { config }))
        expect(error).toBeInstanceOf(DaybookError)
        expect(error).toMatchObject({ code: 'config_invalid', remedy: 'stop' })
        expect((error as DaybookError).detail).toMatch(/^bridges\.[a-zA-Z0-9]+/)
      }
    })
  })
}

function attachingWhenOpened(text: string, refs: ContentRef[]): Bridge['open'] {
  return async (to) => {
    refs.push(to.attach(Buffer.from(text), { mediaType: 'text/plain' }))
    return { health: () => ({ state: 'ok' }), pause() {}, forget: () => 0, async close() {} }
  }
}

/** The same bridge, which emits these as soon as it is open. */
function emitting(bridge: Bridge, notifications: readonly Notification[]): Bridge {
  return defineBridge({
    ...bridge,
    async open(to) {
      to.emit(notifications)
      return { health: () => ({ state: 'ok' }), pause() {}, forget: () => 0, async close() {} }
    },
  })
}

/** Copies of a value, each with the secret at the end of one of its texts. */
function plantings(value: unknown): unknown[] {
  if (typeof value === 'string') return [`${value} ${SECRET}`]
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, inner]) =>
    plantings(inner).map((planted) =>
      Array.isArray(value) ? value.with(Number(key), planted) : { ...value, [key]: planted },
    ),
  )
}

function moved(notification: Notification, timestamp: number, source: string): Notification {
  return { ...notification, timestamp, id: eventId({ space: 'home', source, key: notification.id, timestamp }) }
}

/** What a bridge declares as its own input needs no defence: notes are made by us. */
function isInput(bridge: Bridge, value: unknown): boolean {
  return bridge.always === true || bridge.examples.some(({ input }) => input === value)
}

function translateSafely(bridge: Bridge, input: unknown): Notification[] {
  return bridge.translate(input, bridge.exampleContext)
}

function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value
  for (const inner of Object.values(value)) deepFreeze(inner)
  return Object.freeze(value)
}

function aborted(signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) resolve()
    signal?.addEventListener('abort', () => resolve(), { once: true })
  })
}

function thrownBy(act: () => unknown): unknown {
  try {
    act()
  } catch (error) {
    return error
  }
  return undefined
}
