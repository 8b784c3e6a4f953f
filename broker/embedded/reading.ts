// Reads a socket packet by packet, as long as nobody has a reason to hold it. Not for: what the packets mean, which is
// the connection's.
import type { Socket } from 'node:net'
import { type Frame, type FrameLimits, Framing } from './framing.ts'

/** Why a socket is not read at the moment. */
export const held = { entering: 1, pressure: 2, sessions: 4, answers: 8, stopping: 16 } as const

type Reason = (typeof held)[keyof typeof held]

export interface ReadingParts {
  socket: Socket
  limits: FrameLimits
  /** The next packet; what it throws ends the reading. */
  take(frame: Frame): void
  /** The peer is alive, or it is we who did not listen. */
  alive(): void
  failed(error: unknown): void
}

export class Reading {
  readonly #parts: ReadingParts
  readonly #framing: Framing
  #held = 0
  #pumping = false
  #ended = false

  constructor(parts: ReadingParts) {
    this.#parts = parts
    this.#framing = new Framing(parts.limits)
    parts.socket.on('data', (chunk: Buffer) => {
      if (this.#ended) return
      parts.alive()
      this.#framing.add(chunk)
      this.#pump()
    })
  }

  set limits(limits: FrameLimits) {
    this.#framing.limits = limits
  }

  get isHeld(): boolean {
    return this.#held !== 0
  }

  hold(reason: Reason): void {
    if (this.#held === 0) this.#parts.socket.pause()
    this.#held |= reason
  }

  release(reason: Reason): void {
    if ((this.#held & reason) === 0) return
    this.#held &= ~reason
    if (this.#held !== 0 || this.#ended) return
    this.#parts.alive()
    this.#pump()
    if (this.#held === 0) this.#parts.socket.resume()
  }

  /** No packet is taken any more. */
  end(): void {
    this.#ended = true
  }

  #pump(): void {
    if (this.#pumping) return
    this.#pumping = true
    try {
      while (this.#held === 0 && !this.#ended) {
        const frame = this.#framing.next()
        if (!frame) break
        this.#parts.take(frame)
      }
    } catch (error) {
      this.#parts.failed(error)
    }
    this.#pumping = false
  }
}
