// A TCP line that can be cut in every way a line is cut, and be slow: it stands before a port that stays the same over
// restarts. Not for: looking at what passes.
import { connect, createServer, type Socket } from 'node:net'

/** Who hears that the line is cut; the other ends believe that it is there. */
export type Cut = 'both' | 'client' | 'nobody'

export interface Wire {
  readonly port: number
  /** Bytes from the client to the server so far. */
  readonly passed: number
  /** Nothing passes any more. Who connects meanwhile gets no answer, or a reset if `both` hear of it. */
  cut(told: Cut): void
  /**
   * New connections pass, and who tried meanwhile is told to try again. Of the old ones, those whose ends have not heard
   * stay dead, unless they are to be told now.
   */
  mend(tell: boolean): void
  /** Bytes a second from client to server; undefined: as fast as it goes. */
  slow(rate: number | undefined): void
  close(): Promise<void>
}

interface Pair {
  from: Socket
  to: Socket
}

export async function wireTo(port: number): Promise<Wire> {
  const pairs = new Set<Pair>()
  /** Their ends believe in them. */
  const dead = new Set<Socket>()
  /** They came while it was cut. */
  const early = new Set<Socket>()
  let isCut: Cut | null = null
  let passed = 0
  let rate: number | undefined

  const server = createServer({ noDelay: true }, (from) => {
    from.on('error', () => {})
    if (isCut === 'both') return void from.resetAndDestroy()
    if (isCut) return bury(from, early)
    const to = connect({ port, host: '127.0.0.1', noDelay: true })
    const pair = { from, to }
    pairs.add(pair)
    join(pair, from, to)
    join(pair, to, from)
    from.on('data', (bytes) => {
      passed += bytes.length
      if (rate === undefined) return
      from.pause()
      setTimeout(() => from.resume(), (bytes.length / rate) * 1000)
    })
  })

  /** What one end says or does, the other is told. */
  function join(pair: Pair, one: Socket, other: Socket): void {
    one.on('error', () => {})
    one.on('data', (bytes) => {
      if (pairs.has(pair) && !other.write(bytes)) one.pause()
    })
    other.on('drain', () => one.resume())
    one.on('end', () => pairs.has(pair) && other.end())
    one.on('close', () => {
      if (pairs.delete(pair)) other.destroy()
    })
  }

  function bury(socket: Socket, among: Set<Socket>): void {
    among.add(socket)
    socket.pause()
    socket.once('close', () => among.delete(socket))
  }

  const reset = (socket: Socket) => void socket.resetAndDestroy()

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  return {
    port: typeof address === 'object' && address ? address.port : 0,
    get passed() {
      return passed
    },
    cut(told) {
      isCut = told
      for (const pair of pairs) {
        pairs.delete(pair)
        if (told === 'nobody') bury(pair.from, dead)
        else reset(pair.from)
        if (told === 'both') reset(pair.to)
        else bury(pair.to, dead)
      }
    },
    mend(tell) {
      isCut = null
      early.forEach(reset)
      if (tell) dead.forEach(reset)
    },
    slow(to) {
      rate = to
    },
    close() {
      for (const { from, to } of pairs) {
        from.destroy()
        to.destroy()
      }
      for (const socket of [...dead, ...early]) reset(socket)
      return new Promise((resolve) => server.close(() => resolve()))
    },
  }
}
