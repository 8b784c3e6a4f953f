// What is too heavy for a notification, through a real host and a real outbox: attached, moved, or cut where it must be.
import { createHash } from 'node:crypto'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { limits } from '../schemas/activity.ts'
import type { ContentRef } from '../schemas/content-ref.ts'
import { asDaybookError, type ErrorCode } from '../schemas/errors.ts'
import { host, outboxFolder, payloadIn } from '../test/hosted.ts'
import type { BridgeHost, Notification } from './bridge.ts'
import { manual, noteNotification } from './manual.ts'

let folder: string
let remove: () => Promise<void>

beforeEach(async () => {
  ;({ folder, remove } = await outboxFolder())
})
afterEach(() => remove())

const TOKEN = 'planted-secret-4f1d9c'
const hide = (text: string) => text.replaceAll(TOKEN, '[redacted:known-token]')
const redacting = {
  redact: (notification: Notification): Notification => JSON.parse(hide(JSON.stringify(notification))),
  redactText: (text: string) => ({ text: hide(text) }),
}
const event = (data: Record<string, unknown>, attachments: ContentRef[] = []): Notification => ({
  ...noteNotification({ text: 'a note' }, { space: 'home', now: 1_760_000_000_000 }),
  data,
  attachments: attachments.map((ref, index) => ({ ...ref, name: ref.name ?? `${index}` })),
})
const jsonOf = (bytes: Buffer) => JSON.parse(bytes.toString()) as unknown
const bytesOf = (value: unknown) => Buffer.byteLength(JSON.stringify(value))

function codeOf(work: () => unknown): ErrorCode | undefined {
  try {
    work()
    return undefined
  } catch (error) {
    return asDaybookError(error).code
  }
}

/** The manual bridge, started, with what it was handed. */
async function started(options: Parameters<typeof host>[2] = {}) {
  let handed: BridgeHost<unknown> | undefined
  const hosted = host(
    {
      ...manual,
      async open(to: BridgeHost<unknown>) {
        handed = to
        return { health: () => ({ state: 'ok' }), pause() {}, forget: () => 0, async close() {} }
      },
    },
    folder,
    options,
  )
  await hosted.bridge.start()
  return { ...hosted, handed: handed as BridgeHost<unknown> }
}

test('a secret leaves a text before its hash is taken; other bytes are kept as they are', async () => {
  const { bridge, handed } = await started(redacting)
  for (const mediaType of ['text/x-log', 'application/json; charset=utf-8', 'application/x-ndjson']) {
    const ref = handed.attach(Buffer.from(`{"line":"the token is ${TOKEN}"}\n`), { mediaType })
    const kept = payloadIn(folder, manual, ref)
    expect(kept.toString(), mediaType).toBe('{"line":"the token is [redacted:known-token]"}\n')
    expect(ref).toMatchObject({ id: createHash('sha256').update(kept).digest('hex'), size: kept.length, mediaType })
  }
  const picture = Buffer.from(`\x89PNG ${TOKEN}`, 'latin1')
  expect(payloadIn(folder, manual, handed.attach(picture, { mediaType: 'image/png' })).equals(picture)).toBe(true)
  const latin1 = Buffer.from('f\xfcr alle', 'latin1')
  expect(payloadIn(folder, manual, handed.attach(latin1, { mediaType: 'text/plain' })).equals(latin1)).toBe(true)
  await bridge.stop()
})

test('more than 64 MiB is refused', async () => {
  const { bridge, handed } = await started()
  const huge = Buffer.alloc(64 * 1024 * 1024 + 1)
  expect(codeOf(() => handed.attach(huge, { mediaType: 'video/mp4' }))).toBe('too_large')
  await bridge.stop()
})

test('data above 4 KB is kept whole beside the outbox, without secrets, and a readable head goes on the bus', async () => {
  const { bridge, kept, handed, outbox } = await started(redacting)
  const output = `start ${TOKEN} ${'0123456789 '.repeat(3_000)}`
  handed.emit([event({ text: 'short', output, exit_code: 1 })])
  const [notification] = kept
  expect(notification?.attachments).toMatchObject([{ name: 'data', mediaType: 'application/json' }])
  const [ref] = notification?.attachments ?? []
  const whole = jsonOf(payloadIn(folder, manual, ref as ContentRef)) as Record<string, string>
  expect(whole).toEqual({ text: 'short', exit_code: 1, output: hide(output) })
  expect(notification?.data).toMatchObject({ text: 'short', exit_code: 1, cut: ['output'] })
  expect(bytesOf(notification?.data)).toBeLessThanOrEqual(limits.headBytes)
  expect(JSON.stringify([notification, whole])).not.toContain(TOKEN)
  expect(outbox().health().figures).toMatchObject({ depth: 1, payloads: 1 })
  await bridge.stop()
})

test('data of up to 4 KB stays where it is', async () => {
  const { bridge, kept, handed } = await started()
  const data = { text: 'x'.repeat(limits.dataBytes - bytesOf({ text: '' })) }
  handed.emit([event(data), event({ text: `${data.text}x` })])
  expect(kept[0]).toMatchObject({ data, attachments: [] })
  expect(kept[1]?.attachments).toHaveLength(1)
  await bridge.stop()
})

test('data is moved beside what bears its name already', async () => {
  const { bridge, kept, handed } = await started()
  const ref = handed.attach(Buffer.from('x'), { mediaType: 'text/plain', name: 'data' })
  handed.emit([event({ text: 'x'.repeat(9_000) }, [ref])])
  expect(kept[0]?.attachments?.map(({ name }) => name)).toEqual(['data', 'data-2'])
  await bridge.stop()
})

test('beside 16 attachments it is the contentRef', async () => {
  const { bridge, kept, handed } = await started()
  const ref = handed.attach(Buffer.from('x'), { mediaType: 'text/plain' })
  const data = { text: 'x'.repeat(30_000) }
  handed.emit([event(data, new Array(16).fill(ref))])
  expect(kept[0]).toMatchObject({ contentRef: { name: 'data' }, data: { cut: ['text'] } })
  expect(kept[0]?.attachments).toHaveLength(16)
  expect(jsonOf(payloadIn(folder, manual, kept[0]?.contentRef as ContentRef))).toEqual(data)
  await bridge.stop()
})

test('where no reference or payload finds room, long texts are cut instead', async () => {
  const { bridge, kept, handed } = await started({ limits: { payloadBytes: 20_000 } })
  const data = { text: 'x'.repeat(30_000) }
  const ref = handed.attach(Buffer.from('x'), { mediaType: 'text/plain' })
  handed.emit([{ ...event(data, new Array(16).fill(ref)), contentRef: ref }, event(data)])
  for (const [index, attachments] of [16, 0].entries()) {
    expect(kept[index]?.data).toMatchObject({ cut: ['text'] })
    expect(kept[index]?.attachments ?? []).toHaveLength(attachments)
    expect(bytesOf(kept[index])).toBeLessThan(limits.publishedBytes)
  }
  await bridge.stop()
})

test('a full quota is for the bridge to hear of', async () => {
  const { bridge, handed } = await started({ limits: { payloadBytes: 10 } })
  expect(codeOf(() => handed.attach(Buffer.alloc(11), { mediaType: 'image/png' }))).toBe('outbox_full')
  await bridge.stop()
})

test('there is room at once while little waits, and none while much does, until the end', async () => {
  const { bridge, handed, outbox } = await started()
  await handed.room()
  const many = Array.from({ length: 500 }, (_, n) => ({ ...event({ n }), attachments: [] }))
  handed.emit(many)
  expect(outbox().depth).toBe(500)
  let room = false
  const waiting = handed.room().then(() => {
    room = true
  })
  await new Promise((resolve) => setTimeout(resolve, 120))
  expect(room).toBe(false)
  await bridge.stop()
  await waiting
})
