// Splits a connection's bytes into MQTT packets. The declared length is checked before anything is kept for it, so what
// a stranger announces costs nothing. Not for: what the packets mean, which is frames.ts.

/** What the peer sent breaks the protocol or a limit; the connection ends. Never leaves the broker. */
export class Violation extends Error {}

/** One packet: all its bytes, and where its variable header begins. */
export interface Frame {
  bytes: Buffer
  bodyAt: number
}

/** The largest remaining length that may be declared, by packet type. */
export interface FrameLimits {
  publish: number
  other: number
}

const NOTHING = Buffer.alloc(0)
const PUBLISH = 3

export class Framing {
  limits: FrameLimits
  #bytes: Buffer = NOTHING
  #start = 0
  #end = 0
  /** True when we allocated `#bytes`: what lies behind `#end` is free. What lies before is never written again. */
  #owned = false
  /** Length of the packet that is still incomplete, so that room for a large one is made by doubling. */
  #expected = 0
  /** What follows the packet that `#bytes` was filled up to complete. */
  #later: Buffer | null = null

  constructor(limits: FrameLimits) {
    this.limits = limits
  }

  add(chunk: Buffer): void {
    const held = this.#end - this.#start
    if (held === 0 && !this.#later) {
      this.#replace(chunk)
      return
    }
    if (this.#later) {
      this.#later = Buffer.concat([this.#later, chunk])
      return
    }
    // Only what completes the packet is copied; the rest stays where it is.
    const taken = this.#expected > held ? Math.min(this.#expected - held, chunk.length) : chunk.length
    if (!this.#owned || this.#bytes.length - this.#end < taken) this.#grow(held, taken)
    chunk.copy(this.#bytes, this.#end, 0, taken)
    this.#end += taken
    if (taken < chunk.length) this.#later = chunk.subarray(taken)
  }

  /** The next complete packet, null when more bytes are needed. Throws a Violation. */
  next(): Frame | null {
    if (this.#start === this.#end && this.#later) this.#replace(this.#later)
    const bytes = this.#bytes
    const start = this.#start
    let at = start + 1
    let length = 0
    for (let scale = 1; ; scale *= 128) {
      if (at >= this.#end) return null
      if (at - start > 4) throw new Violation('malformed length') // 2.2.3
      const byte = bytes[at++] as number
      length += (byte & 127) * scale
      if (byte < 128) break
    }
    const type = (bytes[start] as number) >> 4
    const limit = type === PUBLISH ? this.limits.publish : this.limits.other
    if (length > limit) throw new Violation(`a packet of ${length} bytes is above the limit of ${limit}`)
    const end = at + length
    if (end > this.#end) {
      this.#expected = end - start
      return null
    }
    this.#start = end
    this.#expected = 0
    return { bytes: bytes.subarray(start, end), bodyAt: at - start }
  }

  #replace(bytes: Buffer): void {
    this.#bytes = bytes
    this.#start = 0
    this.#end = bytes.length
    this.#owned = false
    this.#later = null
  }

  #grow(held: number, more: number): void {
    const needed = held + more
    const grown = Buffer.allocUnsafeSlow(Math.max(needed, Math.min(this.#expected, 2 * needed)))
    this.#bytes.copy(grown, 0, this.#start, this.#end)
    this.#bytes = grown
    this.#start = 0
    this.#end = held
    this.#owned = true
  }
}
