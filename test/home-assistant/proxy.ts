// A wire that can be cut: forwards TCP connections until told otherwise. Not for: looking at what passes.
import { connect, createServer, type Socket } from 'node:net'

export interface Wire {
  readonly port: number
  /** Ends every connection and takes none until `mend`. */
  cut(): void
  mend(): void
  close(): Promise<void>
}

export async function proxyTo(port: number): Promise<Wire> {
  const sockets = new Set<Socket>()
  let isCut = false
  // Each end is passed on only when the other side has said it, too: whoever waits for it knows that all was read.
  const server = createServer({ allowHalfOpen: true }, (from) => {
    if (isCut) return from.destroy()
    const to = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
    for (const [one, other] of [
      [from, to],
      [to, from],
    ] as const) {
      sockets.add(one)
      one.pipe(other)
      one.on('error', () => other.destroy())
      one.on('close', () => {
        sockets.delete(one)
        other.destroy()
      })
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const end = () => {
    for (const socket of sockets) socket.destroy()
  }
  return {
    port: typeof address === 'object' && address ? address.port : 0,
    cut() {
      isCut = true
      end()
    },
    mend() {
      isCut = false
    },
    close() {
      end()
      return new Promise((resolve) => server.close(() => resolve()))
    },
  }
}

/** A port that nobody listens on now. */
export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  return typeof address === 'object' && address ? address.port : 0
}
