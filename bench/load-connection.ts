// One connection of the load generator: a raw socket, a window of unacknowledged publishes, PUBACKs checked and counted.
// A broken connection comes back and sends again what was not acknowledged, the same bytes. Not for: what is sent.
import { connect, type Socket } from 'node:net'
import { generate } from 'mqtt-packet'
import { type Frames, packetIdOf } from './load-frames.ts'

export interface LoadConnectionOptions {
  url: URL
  clientId: string
  frames: Frames
  /** Unacknowledged publishes at a time, at most 60,000. */
  window: number
  /** Whether to keep the time from each publish to its PUBACK. */
  latency: boolean
  /** Told of each frame as it is acknowledged. */
  onAcked: (from: number, to: number) => void
}

const CONNACK = 0x20
const PUBACK = 0x40
const AGAIN_MS = 100

export class LoadConnection {
  acked = 0
  /** Different frames that were sent. */
  highest = 0
  /** Frames sent again. */
  resent = 0
  connects = 0
  /** ms of publish to PUBACK, in order of sending; empty unless `latency`. */
  readonly latencies: number[] = []
  readonly #options: LoadConnectionOptions
  readonly #sentAt: number[] = []
  #sent = 0
  #allowed = 0
  #socket: Socket | null = null
  #open = false
  #over = false
  #rest: Buffer = Buffer.alloc(0)
  #again: NodeJS.Timeout | null = null

  constructor(options: LoadConnectionOptions) {
    this.#options = options
  }

  /** When each frame was last sent, epoch ms; empty unless `latency`. */
  get sentAt(): number[] {
    return this.#sentAt.map((at) => performance.timeOrigin + at)
  }

  /** Resolves with the first CONNACK; goes on coming back until `close`. Rejects when the broker refuses us. */
  open(): Promise<void> {
    return new Promise((resolve, reject) => this.#dial(resolve, reject))
  }

  /** Lets it send the frames below this index. */
  allow(index: number): void {
    this.#allowed = index
    this.#pump()
  }

  close(): void {
    this.#over = true
    if (this.#again) clearTimeout(this.#again)
    this.#socket?.end(Buffer.from([0xe0, 0]))
  }

  #dial(accepted: () => void, refused: (error: Error) => void): void {
    const { url, clientId } = this.#options
    const socket = connect({ host: url.hostname, port: Number(url.port), noDelay: true })
    this.#socket = socket
    this.#rest = Buffer.alloc(0)
    socket.on('error', () => {})
    socket.once('connect', () => {
      const username = decodeURIComponent(url.username)
      const password = Buffer.from(decodeURIComponent(url.password))
      socket.write(generate({ cmd: 'connect', clientId, clean: true, keepalive: 0, username, password }))
    })
    socket.on('data', (chunk: Buffer) => {
      const bytes = this.#rest.length > 0 ? Buffer.concat([this.#rest, chunk]) : chunk
      const whole = bytes.length - (bytes.length % 4)
      this.#rest = bytes.subarray(whole)
      if (this.#open) return this.#take(bytes.subarray(0, whole))
      if (whole === 0) return
      if (bytes[0] !== CONNACK || bytes[3] !== 0) {
        this.close()
        return refused(new Error(`the broker refused the connection with ${bytes[3]}`))
      }
      this.#open = true
      this.connects++
      this.#take(bytes.subarray(4, whole))
      accepted()
    })
    socket.once('close', () => {
      this.#open = false
      // Sent again are the same frames: acknowledgements come in order, so it is all from the first one missing.
      this.#sent = this.acked
      if (!this.#over) this.#again = setTimeout(() => this.#dial(accepted, refused), AGAIN_MS)
    })
  }

  #take(bytes: Buffer): void {
    const from = this.acked
    for (let at = 0; at < bytes.length; at += 4) {
      const packetId = bytes.readUInt16BE(at + 2)
      if (bytes[at] !== PUBACK || packetId !== packetIdOf(this.acked))
        throw new Error(`expected PUBACK ${packetIdOf(this.acked)}, got ${bytes[at]?.toString(16)} ${packetId}`)
      this.acked++
    }
    if (this.#options.latency) {
      const now = performance.now()
      for (let index = from; index < this.acked; index++) this.latencies.push(now - (this.#sentAt[index] ?? now))
    }
    if (this.acked > from) this.#options.onAcked(from, this.acked)
    this.#pump()
  }

  #pump(): void {
    const { frames, window, latency } = this.#options
    const to = Math.min(this.#allowed, this.acked + window)
    if (!this.#open || to <= this.#sent) return
    this.resent += Math.min(to, this.highest) - Math.min(this.#sent, this.highest)
    const now = performance.now()
    if (latency) for (let index = this.#sent; index < to; index++) this.#sentAt[index] = now
    this.#socket?.cork()
    for (const piece of frames.bytes(this.#sent, to)) this.#socket?.write(piece)
    this.#socket?.uncork()
    this.#sent = to
    this.highest = Math.max(this.highest, to)
  }
}
