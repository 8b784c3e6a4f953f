// A payload that is text without its secrets, block by block, so that it needs neither the memory for all of it nor the
// event loop for long. Not for: what a secret is, which the pipeline's rules say.
import { isUtf8 } from 'node:buffer'
import { setImmediate } from 'node:timers/promises'

/** Bytes looked at at once; one block costs one to two milliseconds. */
const BLOCK = 64 * 1024
/** A block grows up to this, bytes, until it ends where no secret is cut in two. */
const BLOCK_MOST = 1024 * 1024

/** The same bytes but for the secrets; a block without any is passed on as it came. What is no UTF-8 is taken as bytes. */
export async function* redacted(
  body: AsyncIterable<Uint8Array>,
  redactText: (text: string) => string,
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
  for await (const chunk of body) {
    waiting.push(chunk)
    size += chunk.length
    if (size < enough) continue
    const block = Buffer.concat(waiting)
    const end = cutOf(block)
    if (end > 0) {
      yield clean(block.subarray(0, end))
      await setImmediate()
    }
    waiting = [block.subarray(end)]
    size -= end
    // A block that cannot be cut is tried again when it has doubled: each byte is copied a few times at most.
    enough = Math.max(BLOCK, Math.min(2 * size, BLOCK_MOST))
  }
  if (size > 0) yield clean(Buffer.concat(waiting))
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
  return Math.max(block.lastIndexOf('\n'), block.lastIndexOf(','), block.lastIndexOf(' ')) + 1 || block.length
}
