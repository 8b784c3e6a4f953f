// A stream of bytes as lines of text, numbered, in flat memory however long the stream is. Not for: what they say.

/** A line longer than this is not kept: no message on the bus could fill it. */
const LINE_MOST = 16 * 1024 * 1024

export interface Line {
  /** From 1. */
  number: number
  /** Null: longer than any line may be. */
  text: string | null
  /** False for a last line that no line break ends: its writer may have been cut off. */
  whole: boolean
}

/** Empty lines are left out, but counted. */
export async function* linesOf(bytes: AsyncIterable<Uint8Array | string>, most = LINE_MOST): AsyncGenerator<Line> {
  let parts: Buffer[] = []
  let size = 0
  let number = 0
  const take = (whole: boolean): Line | undefined => {
    number++
    const text = size > most ? null : Buffer.concat(parts).toString('utf8').replace(/\r$/, '')
    parts = []
    size = 0
    return text === null || text.trim() !== '' ? { number, text, whole } : undefined
  }
  for await (const chunk of bytes) {
    const buffer =
      typeof chunk === 'string' ? Buffer.from(chunk) : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length)
    let from = 0
    for (let end = buffer.indexOf(10); end !== -1; end = buffer.indexOf(10, from)) {
      add(buffer.subarray(from, end))
      const line = take(true)
      if (line) yield line
      from = end + 1
    }
    add(buffer.subarray(from))
  }
  const last = size > 0 ? take(false) : undefined
  if (last) yield last

  function add(part: Buffer): void {
    size += part.length
    if (size <= most) parts.push(part)
    else parts = []
  }
}
