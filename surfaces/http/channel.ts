// The body of a stream that is written from outside. Not for: what is written.

/** A reader this far behind, bytes, is cut off by `send`: it would hold memory without end. */
const BEHIND_MOST = 1024 * 1024

export interface Channel {
  readonly readable: ReadableStream<Uint8Array>
  /** Aborts when it has ended, from either side. */
  readonly signal: AbortSignal
  send(text: string): void
  /** Resolves when the reader has read most of what was sent, or it has ended. */
  room(): Promise<void>
  /** Safe twice. */
  end(): void
}

export function openChannel(behindMost = BEHIND_MOST): Channel {
  const ended = new AbortController()
  const encoder = new TextEncoder()
  let controller: ReadableStreamDefaultController<Uint8Array>
  let pulled = () => {}
  const readable = new ReadableStream<Uint8Array>(
    {
      start(given) {
        controller = given
      },
      pull: () => pulled(),
      cancel: () => ended.abort(),
    },
    new ByteLengthQueuingStrategy({ highWaterMark: behindMost / 4 }),
  )
  ended.signal.addEventListener('abort', () => pulled())
  const end = () => {
    if (ended.signal.aborted) return
    controller.close()
    ended.abort()
  }
  return {
    readable,
    signal: ended.signal,
    end,
    send(text) {
      if (ended.signal.aborted) return
      controller.enqueue(encoder.encode(text))
      // Negative by as much as it is over its mark.
      if ((controller.desiredSize ?? 0) < behindMost / 4 - behindMost) end()
    },
    async room() {
      while (!ended.signal.aborted && (controller.desiredSize ?? 1) <= 0) {
        await new Promise<void>((resolve) => {
          pulled = resolve
        })
      }
    },
  }
}
