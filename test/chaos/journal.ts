// What a source has produced, in a file that is synced before anything is emitted: the truth that the oracle holds the
// house to. A line has all that the event is made of, so that it can be made again. Not for: emitting it.
import { createHash } from 'node:crypto'
import { closeSync, existsSync, fdatasyncSync, openSync, readFileSync, truncateSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import type { Notification } from '../../bridges/bridge.ts'
import { eventId } from '../../schemas/ids.ts'

export interface Line {
  /** Counted from 1, without gaps. */
  n: number
  /** Epoch ms. */
  at: number
  /** Bytes of the payload that is attached, 0: none. */
  payload: number
  /** Bytes of `data`, 0: little; else more than 4 KB, so that it moves into an object. */
  data: number
}

/** An event as its line tells it. */
export interface Produced {
  notification: Notification
  /** To be attached. */
  payload: Buffer | undefined
  /** What its data becomes beside it. */
  moved: Buffer | undefined
}

export interface Journal {
  /** All lines so far, those of earlier processes too. */
  readonly lines: readonly Line[]
  /** Synced when it returns. */
  write(lines: readonly Omit<Line, 'n'>[]): Line[]
  close(): void
}

/** Where the source of a bridge with this folder keeps its own. */
export function journalOf(folder: string): string {
  return join(folder, 'produced')
}

/** Only one process writes to it. */
export function openJournal(file: string): Journal {
  const lines = existsSync(file) ? readJournal(file) : []
  // A line that was cut short by a kill was never emitted.
  if (existsSync(file))
    truncateSync(
      file,
      lines.reduce((sum, line) => sum + JSON.stringify(line).length + 1, 0),
    )
  const handle = openSync(file, 'a')
  return {
    lines,
    write(more) {
      const added = more.map((line, index) => ({ n: lines.length + index + 1, ...line }))
      writeSync(handle, added.map((line) => `${JSON.stringify(line)}\n`).join(''))
      fdatasyncSync(handle)
      lines.push(...added)
      return added
    },
    close: () => closeSync(handle),
  }
}

/** The whole lines of it. */
export function readJournal(file: string): Line[] {
  const whole = readFileSync(file, 'utf8').split('\n').slice(0, -1)
  return whole.map((line) => JSON.parse(line) as Line)
}

/** The same line gives the same event, to the byte. Its payload is made only if it is wanted. */
export function produced(producer: string, { n, at, payload, data }: Line, wanted = true): Produced {
  const key = `${producer} ${n}`
  const source = 'terminal'
  const id = eventId({ space: 'home', source, key, timestamp: at })
  const output = data > 0 ? { output: `line ${n} of the build: a warning\n`.repeat(Math.ceil(data / 30)) } : {}
  const facts = { command: `make ${n}`, exit_code: n % 7 === 0 ? 1 : 0, ...output }
  return {
    notification: { id, source, type: 'command', summary: `make ${n}`, timestamp: at, data: facts },
    payload: wanted && payload > 0 ? bytesOf(key, payload) : undefined,
    moved: data > 0 ? Buffer.from(JSON.stringify(facts)) : undefined,
  }
}

export function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

/** Bytes that nothing compresses and nobody takes for text. */
function bytesOf(key: string, size: number): Buffer {
  return createHash('shake256', { outputLength: size }).update(key).digest()
}
