// An MQTT 3.1.1 broker that is not ours, from npm alone: Aedes as it comes, in memory, which acknowledges before it delivers
// and forgets everything when it is gone. Not for: what the product embeds (broker/embedded/), or brokers that people run
// (test/brokers/).
import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { Aedes } from 'aedes'

export interface PlainBroker extends AsyncDisposable {
  readonly url: string
  readonly port: number
}

export async function startPlainBroker(): Promise<PlainBroker> {
  const aedes = await Aedes.createBroker()
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    aedes.handle(socket)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    url: `mqtt://127.0.0.1:${port}`,
    port,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await new Promise<void>((resolve) => aedes.close(() => resolve()))
    },
  }
}
