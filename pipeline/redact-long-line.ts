// One long line of JSON without its secrets, in parts: the long strings in it are looked at piece by piece, the rest, with
// a mark in the place of each, as any other line. Not for: lines that can be looked at at once (redact-lines.ts).
import { isUtf8 } from 'node:buffer'
import { setImmediate } from 'node:timers/promises'
import type { Redactor } from './redact.ts'
import { redacted } from './redact-blocks.ts'

/** A string of more bytes than this is a long one; bytes of a long string that are looked at at once. */
const STRING_MOST = 8 * 1024
const PIECE = 32 * 1024
/** Characters on both sides of a cut in which no secret may be. */
const AROUND = 512
/** What is left of a line without its long strings is read as JSON up to this; beyond, it is taken as text. */
const REST_MOST = 1024 * 1024
/** So many strings are passed over without a pause. */
const STRINGS_AT_ONCE = 4_000

const QUOTE = 34
const BACKSLASH = 92
const LETTER_U = 117

/** A mark holds what no text holds often: a private-use character, a number, the same again. */
const MARK = '\uE0D7'
const marks = /"\uE0D7(\d+)\uE0D7"/g

/** Yields the line again; what is no JSON comes as text without secrets. */
export async function* redactedLongLine(line: Buffer, redactor: Redactor): AsyncGenerator<Uint8Array> {
  const long: [start: number, end: number][] = []
  const parts: Buffer[] = []
  let from = 0
  let passed = 0
  let size = 0
  for (let start = line.indexOf(QUOTE); start >= 0; ) {
    const end = endOfString(line, start + 1)
    if (end < 0) break
    if (end - start > STRING_MOST) {
      parts.push(line.subarray(from, start + 1), Buffer.from(`${MARK}${long.length}${MARK}`))
      size += start - from
      long.push([start + 1, end])
      from = end
    }
    start = line.indexOf(QUOTE, end + 1)
    if (++passed % STRINGS_AT_ONCE === 0) await setImmediate()
  }
  size += line.length - from
  const rest = size <= REST_MOST && isUtf8(line) ? parsed(Buffer.concat([...parts, line.subarray(from)])) : undefined
  if (rest === undefined || line.includes(MARK)) {
    yield* redacted(once(line), (text) => redactor.redactText(text).text)
    return
  }
  const fields = { line: rest }
  const shown = JSON.stringify(redactor.redactData(fields).line)
  let at = 0
  for (const match of shown.matchAll(marks)) {
    const string = long[Number(match[1])]
    if (!string) continue
    yield Buffer.from(shown.slice(at, match.index + 1))
    yield* redactedString(line.subarray(...string), redactor)
    at = match.index + match[0].length - 1
  }
  yield Buffer.from(`${shown.slice(at)}${line.at(-1) === 10 ? '\n' : ''}`)
}

/** A long string as it stands in JSON, without its quotes. */
async function* redactedString(raw: Buffer, redactor: Redactor): AsyncGenerator<Uint8Array> {
  let text = ''
  for (let at = 0; at < raw.length; ) {
    const end = endOfPiece(raw, at)
    text += JSON.parse(`"${raw.toString('utf8', at, end)}"`)
    at = end
    const cut = at < raw.length ? cutOf(text, redactor) : text.length
    if (cut > 0) {
      yield Buffer.from(JSON.stringify(redactor.redactText(text.slice(0, cut)).text).slice(1, -1))
      text = text.slice(cut)
    }
    await setImmediate()
  }
}

/** Where a piece that begins at `from` may end: not within a character or an escape. */
function endOfPiece(raw: Buffer, from: number): number {
  let at = from
  while (at < raw.length && at - from < PIECE) {
    const next = raw.indexOf(BACKSLASH, at)
    if (next < 0 || next - from >= PIECE) {
      at = Math.min(raw.length, from + PIECE)
      break
    }
    at = next + (raw[next + 1] === LETTER_U ? 6 : 2)
  }
  // 10xxxxxx goes on with a character.
  while (at < raw.length && ((raw[at] as number) & 0xc0) === 0x80) at++
  return Math.min(at, raw.length)
}

/**
 * Where a piece may be cut off: behind a line, else a blank or a comma, else anywhere; never inside a key that begins in
 * it, and never where what lies around would be a secret if it were whole. 0: not yet.
 */
function cutOf(text: string, { redactText }: Redactor): number {
  if (text.length < PIECE) return 0
  const full = text.length >= 4 * PIECE
  const key = text.lastIndexOf('-----BEGIN ')
  const open = key >= 0 && text.indexOf('-----END ', key) < 0 && !full
  const most = open ? key : text.length - AROUND
  const isApart = (cut: number) => {
    const around = text.slice(Math.max(0, cut - AROUND), cut + AROUND)
    return redactText(around).text === around
  }
  for (const end of full ? ['\n', ' ', ',', ''] : ['\n', ' ', ',']) {
    let cut = most
    for (let tries = 0; tries < 8; tries++) {
      cut = end === '' ? wholeCharacter(text, cut - AROUND) : text.lastIndexOf(end, cut - 1) + 1
      if (cut <= 0 || (cut < most - PIECE / 2 && !open)) break
      if (isApart(cut)) return cut
      cut -= AROUND
    }
  }
  return full ? wholeCharacter(text, text.length) : 0
}

function wholeCharacter(text: string, cut: number): number {
  return cut - (isHighSurrogate(text.charCodeAt(cut - 1)) ? 1 : 0)
}

const isHighSurrogate = (unit: number) => unit >= 0xd800 && unit < 0xdc00

/** The quote that ends a string whose content begins at `from`; -1 if none does. */
function endOfString(line: Buffer, from: number): number {
  for (let end = line.indexOf(QUOTE, from); end >= 0; end = line.indexOf(QUOTE, end + 1)) {
    let slashes = 0
    while (line[end - 1 - slashes] === BACKSLASH && end - 1 - slashes >= from) slashes++
    if (slashes % 2 === 0) return end
  }
  return -1
}

function parsed(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString())
  } catch {
    return undefined
  }
}

async function* once(bytes: Buffer): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += PIECE) yield bytes.subarray(at, at + PIECE)
}
