// The brokers of the kill matrix, started. Not for: how any of them is run (test/brokers/).
import { mosquittoMissing, startMosquitto } from '../brokers/mosquitto.ts'
import { installNats, startNats } from '../brokers/nats.ts'
import type { TestBroker } from '../brokers/server.ts'
import type { BrokerName } from './plan.ts'

/** One, or the nodes of a cluster. */
export interface Brokers extends AsyncDisposable {
  readonly nodes: readonly TestBroker[]
}

/** None for the one that is in the app. */
export async function startBrokers(broker: BrokerName): Promise<Brokers> {
  if (broker === 'embedded') return { nodes: [], [Symbol.asyncDispose]: async () => {} }
  if (broker === 'nats') return startNats(await natsProgram())
  const mosquitto = await startMosquitto()
  return { nodes: [mosquitto], [Symbol.asyncDispose]: () => mosquitto[Symbol.asyncDispose]() }
}

/** Why there is none here, or null. May take a while: NATS is built when it is wanted first. */
export async function brokerMissing(broker: BrokerName): Promise<string | null> {
  if (broker === 'embedded') return null
  if (broker === 'mosquitto') return mosquittoMissing
  const installed = await installNats()
  return 'missing' in installed ? installed.missing : null
}

async function natsProgram(): Promise<string> {
  const installed = await installNats()
  if ('missing' in installed) throw new Error(installed.missing)
  return installed.server
}
