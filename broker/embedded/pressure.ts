// What all connections hold unacknowledged, and when they must no longer be read. Not for: stopping a socket, which the
// connection does.

/** Whoever is read from. */
export interface Reader {
  /** Bytes taken from it that are not settled; kept here. */
  waitingBytes: number
  hold(): void
  resume(): void
}

export interface PressureLimits {
  waitingBytes: number
  waitingBytesInAll: number
}

export class Pressure {
  messages = 0
  bytes = 0
  readonly #limits: PressureLimits
  readonly #held = new Set<Reader>()
  readonly #idle: (() => void)[] = []
  #scheduled = false

  constructor(limits: PressureLimits) {
    this.#limits = limits
  }

  take(reader: Reader, size: number): void {
    this.messages++
    this.bytes += size
    reader.waitingBytes += size
    if (reader.waitingBytes < this.#limits.waitingBytes && this.bytes < this.#limits.waitingBytesInAll) return
    this.#held.add(reader)
    reader.hold()
  }

  release(reader: Reader, size: number): void {
    this.messages--
    this.bytes -= size
    reader.waitingBytes -= size
    if (this.#scheduled || (this.#held.size === 0 && this.#idle.length === 0)) return
    this.#scheduled = true
    setImmediate(() => {
      this.#scheduled = false
      this.#relieve()
    })
  }

  /** The reader is gone; what it sent is still to be settled. */
  forget(reader: Reader): void {
    this.#held.delete(reader)
  }

  /** Resolves when everything is settled. */
  idle(): Promise<void> {
    if (this.messages === 0) return Promise.resolve()
    return new Promise((resolve) => this.#idle.push(resolve))
  }

  /** Reading goes on well below the limit, not at it: else it would flutter with each message. */
  #relieve(): void {
    if (this.messages === 0) for (const resolve of this.#idle.splice(0)) resolve()
    for (const reader of this.#held) {
      if (this.bytes >= this.#limits.waitingBytesInAll * 0.75) return
      if (reader.waitingBytes >= this.#limits.waitingBytes / 2) continue
      this.#held.delete(reader)
      reader.resume()
    }
  }
}
