// A line on a terminal that is written over as things go on; nothing where nobody watches. Not for: results.
import type { Writable } from 'node:stream'

const EVERY_MS = 200
const CLEAR = '\r\u001b[K'

export interface Progress {
  /** Shown now and then; the text is made only if it is. */
  show(text: () => string): void
  /** Takes the line away. */
  end(): void
}

export function createProgress(stream: Writable): Progress {
  const { isTTY = false, columns = 80 } = stream as { isTTY?: boolean; columns?: number }
  let last = 0
  return {
    show(text) {
      if (!isTTY || Date.now() - last < EVERY_MS) return
      last = Date.now()
      stream.write(CLEAR + text().slice(0, columns - 1))
    },
    end() {
      if (last > 0) stream.write(CLEAR)
    },
  }
}
