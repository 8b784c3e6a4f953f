// A desk with an outbox for tests: a folder of its own, a clock, a world around it, and outboxes that are begun and ended
// there. Not for: deciding what goes wrong (outbox.world.ts).
import { createHash } from 'node:crypto'
import { copyFileSync, cpSync, existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { randomIds } from '../../component.ts'
import type { ContentRef } from '../../schemas/content-ref.ts'
import { asDaybookError, type ErrorCode } from '../../schemas/errors.ts'
import { topicsUnder } from '../../schemas/topics.ts'
import { PAYLOADS } from './file.ts'
import type { outboxLimits } from './options.ts'
import { type Outbox, openOutbox } from './outbox.ts'
import { type Line, ManualClock, World } from './outbox.world.ts'
import type { OutboxTransport } from './transport.ts'
import type { Upload } from './uploads.ts'

export interface Running {
  outbox: Outbox
  line: Line
}

export class Desk {
  readonly folder = mkdtempSync(join(tmpdir(), 'outbox-'))
  readonly file = join(this.folder, 'outbox.db')
  readonly clock = new ManualClock()
  readonly topics = topicsUnder('daybook')
  readonly #producer = 'terminal-desk'
  readonly world = new World(this.clock, this.topics, this.#producer)
  readonly #open: Running[] = []

  make(
    file = this.file,
    limits: Partial<typeof outboxLimits> = {},
    upload: Upload | null = this.world.upload,
  ): Running {
    const line = this.world.connect()
    const running = { outbox: this.open(line, file, limits, upload), line }
    this.#open.push(running)
    return running
  }

  /** On a line of one's own, to be ended by whoever opened it. */
  open(
    transport: OutboxTransport,
    file = this.file,
    limits: Partial<typeof outboxLimits> = {},
    upload: Upload | null = this.world.upload,
  ): Outbox {
    const about = { producer: this.#producer, source: 'terminal', version: '1.0.0', timeZone: 'Europe/Berlin' }
    const parts = { topics: this.topics, transport, clock: this.clock, ids: randomIds, limits }
    return openOutbox({ file, ...about, ...parts, ...(upload && { upload }) })
  }

  async begin(...parts: Parameters<Desk['make']>): Promise<Running> {
    const running = this.make(...parts)
    await running.outbox.start()
    return running
  }

  async end({ outbox, line }: Running): Promise<void> {
    const stopped = outbox.stop()
    await this.clock.advance(3_000)
    await stopped
    line.cut()
  }

  /** The file as a power cut would leave it now. */
  image(name: string): string {
    return copyOutbox(this.file, join(this.folder, name))
  }

  async clear(): Promise<void> {
    for (const running of this.#open) await this.end(running)
    rmSync(this.folder, { recursive: true })
  }
}

/** Copies an outbox in use, with its payloads; returns the path of the copy. */
export function copyOutbox(from: string, to: string): string {
  for (const tail of ['', '-wal']) if (existsSync(from + tail)) copyFileSync(from + tail, to + tail)
  if (existsSync(from + PAYLOADS)) cpSync(from + PAYLOADS, to + PAYLOADS, { recursive: true })
  return to
}

/** Events with these ids. */
export function events(...ids: string[]) {
  const timestamp = 1_700_000_000_000
  return ids.map((id) => ({ id, source: 'terminal', type: 'command', summary: 'ls', timestamp }))
}

/** Keeps a text as a payload of an outbox. */
export function attach(outbox: Outbox, text: string): ContentRef {
  return outbox.attach(Buffer.from(text), { mediaType: 'text/plain', name: text.slice(0, 40) })
}

/** SHA-256 of a text or of bytes. */
export function idOf(bytes: string | Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

/** An event that refers to payloads. */
export function withPayloads(id: string, ...refs: ContentRef[]) {
  const attachments = refs.map((ref) => ({ ...ref, name: ref.name ?? 'payload' }))
  return events(id).map((event) => ({ ...event, attachments }))
}

/** The code of what is thrown. */
export function codeOf(work: () => unknown): ErrorCode | undefined {
  try {
    work()
    return undefined
  } catch (error) {
    return asDaybookError(error).code
  }
}
