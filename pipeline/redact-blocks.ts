// A payload that is text without its secrets, block by block, so that it needs neither the memory for all of it nor the
// event loop for long. Not for: what a secret is, which the pipeline's rules say.
import { isUtf8 } from 'node:buffer'
import { setImmediate } from 'node:timers/promises'

/** Bytes looked at at once; one block costs one to two milliseconds. */
const BLOCK = 64 * 1024
/** A block grows up to this, bytes, until it ends where no secret is cut in two. */
const BLOCK_MOST = 1024 * 1024

/**
 * The same bytes but for the secrets; a block without any is passed on as it came. What is no UTF-8 is taken as bytes,
 * or with `whileText` passed on unread from there to the end.
 */
export async function* redacted(
  body: AsyncIterable<Uint8Array>,
  redactText: (text: string) => string,
  { whileText = false } = {},
): AsyncGenerator<Uint8Array> {
  const clean = (block: Buffer): Buffer => {
    const encoding = isUtf8(block) ? 'utf8' : 'latin1'
    const text = block.toString(encoding)
    const kept = redactText(text)
    return kept === text ? block : Buffer.from(kept, encoding)
  }
  let waiting: Uint8Array[] = []
  let size = 0
  let enough = BLOCK
  let reads = true
  function* cleaned(block: Buffer): Generator<Uint8Array> {
    const text = whileText ? textIn(block) : block.length
    reads = text === block.length
    if (text > 0) yield clean(block.subarray(0, text))
    if (!reads) yield block.subarray(text)
  }
  for await (const chunk of body) {
    if (!reads) {
      yield chunk
      continue
    }
    waiting.push(chunk)
    size += chunk.length
    if (size < enough) continue
    const block = Buffer.concat(waiting)
    const end = cutOf(block)
    if (end > 0) {
      yield* cleaned(block.subarray(0, end))
      await setImmediate()
    }
    waiting = [block.subarray(end)]
    size -= end
    if (!reads && size > 0) {
      yield* waiting
      size = 0
    }
    // A block that cannot be cut is tried again when it has doubled: each byte is copied a few times at most.
    enough = Math.max(BLOCK, Math.min(2 * size, BLOCK_MOST))
  }
  if (size > 0) yield* cleaned(Buffer.concat(waiting))
}

/**
 * Looks at the first block of a body: whether it is UTF-8 without NUL, though its last character may be cut; `whole` is
 * all of the body again, and `leave` ends it early. Throws what the body does.
 */
export async function begun(body: AsyncGenerator<Uint8Array>) {
  const first: Uint8Array[] = []
  let size = 0
  let ended = false
  while (size < BLOCK && !ended) {
    const { value, done } = await body.next()
    ended = done === true
    if (value) first.push(value)
    size += value?.length ?? 0
  }
  const start = Buffer.concat(first).subarray(0, BLOCK)
  const text = textIn(start)
  const isText = !start.includes(0) && (text === start.length || (!ended && text >= start.length - 3))
  async function* whole(): AsyncGenerator<Uint8Array> {
    yield* first
    yield* body
  }
  return { isText, whole: whole(), leave: () => void body.return(undefined) }
}

/** Where the last whole character of a block ends; what is no text may end anywhere. */
function endOfCharacter(block: Buffer): number {
  const text = textIn(block)
  return text >= block.length - 3 ? text : block.length
}

/** How many of these bytes are UTF-8, from the first on. */
function textIn(block: Buffer): number {
  if (isUtf8(block)) return block.length
  // A character has four bytes at most: one of the cuts is at its end.
  const begins = (length: number) =>
    [0, 1, 2, 3].find((cut) => cut <= length && isUtf8(block.subarray(0, length - cut)))
  let [good, bad] = [0, block.length + 1]
  while (bad - good > 1) {
    const middle = (good + bad) >> 1
    if (begins(middle) === undefined) bad = middle
    else good = middle
  }
  return good - (begins(good) ?? 0)
}

/**
 * Where a block may end: behind its last line, but not inside a key that begins in it. 0: nowhere yet; a line longer than
 * a block may be ends behind its last comma or blank.
 */
function cutOf(block: Buffer): number {
  const key = block.lastIndexOf('-----BEGIN ')
  const open = key >= 0 && block.indexOf('-----END ', key) < 0
  const end = block.lastIndexOf('\n', open ? key : undefined) + 1
  if (end > 0 || block.length < BLOCK_MOST) return end
  return Math.max(block.lastIndexOf('\n'), block.lastIndexOf(','), block.lastIndexOf(' ')) + 1 || endOfCharacter(block)
}
