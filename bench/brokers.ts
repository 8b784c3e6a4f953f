// The broker of a bench: ours, or another one as we advise to set it up. Not for: measuring.

import { mosquittoMissing, startMosquitto } from '../test/brokers/mosquitto.ts'
import { installNats, startNats } from '../test/brokers/nats.ts'
import type { House } from '../test/house.ts'
import { brokerUrl } from './start-load.ts'

/** A broker that is not ours. */
export interface OtherBroker {
  /** With user and password. */
  url: string
  /** What makes a house use it. */
  env: Record<string, string>
}

export const brokerNames = ['embedded', 'mosquitto', 'nats'] as const

/** Started, and ended with the bench; null for `embedded`. Throws if there is no such program here. */
export async function brokerNamed(name: string, cleanup: AsyncDisposableStack): Promise<OtherBroker | null> {
  if (name === 'embedded') return null
  const { url, user = '', password = '' } = await started(name, cleanup)
  const whole = new URL(url)
  whole.username = user
  whole.password = password
  return { url: whole.href, env: { DAYBOOK__BROKER__URL: whole.href } }
}

/** Where a load publishes to reach the house. */
export function urlFor(house: House, broker: OtherBroker | null): string {
  return broker?.url ?? brokerUrl(house)
}

async function started(name: string, cleanup: AsyncDisposableStack) {
  if (name === 'mosquitto') {
    if (mosquittoMissing) throw new Error(mosquittoMissing)
    const lines = ['max_inflight_messages 1000', 'max_queued_messages 100000', 'max_queued_bytes 0']
    return cleanup.use(await startMosquitto({ lines }))
  }
  if (name === 'nats') {
    const installed = await installNats()
    if ('missing' in installed) throw new Error(installed.missing)
    const { nodes } = cleanup.use(await startNats(installed.server, { mqtt: ['max_ack_pending: 10000'] }))
    return nodes[0]
  }
  throw new Error(`--broker is one of ${brokerNames.join(', ')}`)
}
