// JSON lines without their secrets, on their way to the object store: each line is read as JSON, so that what escapes
// hide is found and what fields are called counts; a line with nothing to hide stays as it came, byte for byte. Not for:
// what a secret is (redact.ts), or text without structure (redact-blocks.ts).
import { isUtf8 } from 'node:buffer'
import { setImmediate } from 'node:timers/promises'
import type { Redactor } from './redact.ts'
import { redacted } from './redact-blocks.ts'
import { redactedLongLine } from './redact-long-line.ts'

/** Bytes of lines that are looked at without a pause; they cost half a millisecond, four where much is found. */
const AT_ONCE = 64 * 1024
/** A longer line is looked at in parts. */
const LINE_MOST = 32 * 1024
/** Neighbours that are no JSON are looked at together up to this, unless a key may go on. */
const ODD_MOST = 256 * 1024
const NEWLINE = 10

/**
 * The body of a text without secrets. Holds one line in memory, and the event loop for some milliseconds. What is no JSON
 * is taken as text, together with its neighbours that are none either. Throws what the body does.
 */
export async function* redactedLines(body: AsyncIterable<Uint8Array>, redactor: Redactor): AsyncGenerator<Uint8Array> {
  const redactText = (text: string) => redactor.redactText(text).text
  /** Lines that are no JSON, one after the other. */
  let odd: Buffer[] = []
  let oddSize = 0
  let since = 0

  async function* oddOnes(): AsyncGenerator<Uint8Array> {
    if (oddSize > 0) yield* redacted(each(odd), redactText)
    odd = []
    oddSize = 0
  }

  for await (const line of linesOf(body)) {
    const { length } = line
    const clean = length > LINE_MOST ? redactedLongLine(line, redactor) : redactedLine(line, redactor)
    if (clean === undefined) {
      odd.push(line)
      oddSize += length
      if (oddSize > ODD_MOST && !mayGoOn(line)) yield* oddOnes()
    } else {
      yield* oddOnes()
      if (clean instanceof Uint8Array) yield clean
      else yield* clean
    }
    since += length
    if (since < AT_ONCE) continue
    since = 0
    await setImmediate()
  }
  yield* oddOnes()
}

/** The line as it may be kept; undefined if it is no JSON. */
function redactedLine(line: Buffer, { redactData }: Redactor): Uint8Array | undefined {
  const value = isUtf8(line) ? parsed(line.toString()) : undefined
  if (value === undefined) return isBlank(line) ? line : undefined
  const fields = { line: value }
  const kept = redactData(fields)
  if (kept === fields) return line
  return Buffer.from(`${JSON.stringify(kept.line)}${line.at(-1) === NEWLINE ? '\n' : ''}`)
}

/** Lines with their ends; the last may have none. A long one is put together once. */
async function* linesOf(body: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  let begun: Buffer[] = []
  for await (const chunk of body) {
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
    let from = 0
    for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE, from)) {
      const part = bytes.subarray(from, end + 1)
      yield begun.length > 0 ? Buffer.concat([...begun, part]) : part
      begun = []
      from = end + 1
    }
    // The body may use its chunk again.
    if (from < bytes.length) begun.push(Buffer.from(bytes.subarray(from)))
  }
  if (begun.length > 0) yield Buffer.concat(begun)
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const isBlank = (line: Buffer) => line.length <= 2 && line.toString().trim() === ''

/** A key may lie across lines that are no JSON, of which one is long: then its end is waited for within reason. */
const mayGoOn = (line: Buffer) => line.length < ODD_MOST && line.includes('-----BEGIN ')

async function* each(parts: readonly Buffer[]): AsyncGenerator<Buffer> {
  yield* parts
}
