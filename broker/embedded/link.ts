// What Aedes sees instead of a socket: it reads the packets that a connection passes on, and what it writes is gathered
// and leaves together. Not for: reading the socket or answering packets, which is connection.ts.
import type { Socket } from 'node:net'
import { Duplex } from 'node:stream'

/** Writes to a socket in one system call a turn of the event loop, whoever writes. */
export class Writer {
  readonly #socket: Socket
  #corked = false

  constructor(socket: Socket) {
    this.#socket = socket
  }

  /** False when the peer lags: wait for the socket's `drain`. */
  write(bytes: Buffer): boolean {
    if (!this.#socket.writable) return true
    if (!this.#corked) {
      this.#corked = true
      this.#socket.cork()
      setImmediate(() => {
        this.#corked = false
        this.#socket.uncork()
      })
    }
    return this.#socket.write(bytes)
  }
}

export interface LinkParts {
  socket: Socket
  writer: Writer
  /** Aedes has read what was pushed. */
  wanted(): void
  /** Aedes ends the connection. */
  closed(): void
}

/** `push` a packet for Aedes; false means: wait for `wanted`. */
export function openLink({ socket, writer, wanted, closed }: LinkParts): Duplex {
  const pass = (bytes: Buffer, done: () => void) => {
    if (writer.write(bytes)) done()
    else socket.once('drain', done)
  }
  return new Duplex({
    read: wanted,
    write: (chunk: Buffer, _encoding, done) => pass(chunk, done),
    // Aedes corks around each packet, so these are whole packets.
    writev: (chunks, done) => pass(Buffer.concat(chunks.map(({ chunk }) => chunk as Buffer)), done),
    destroy(_error, done) {
      closed()
      done(null)
    },
  })
}
