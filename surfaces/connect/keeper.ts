// Who keeps how a source was connected: the running house, or on a device whose house is elsewhere the device itself, for
// the bridge that runs alone there. Not for: what changes at the desk (edits.ts).
import { registry } from '../../bridges/registry.ts'
import { DaybookError } from '../../schemas/errors.ts'
import type { Client } from '../cli/client.ts'
import type { DeviceSources } from '../cli/verb.ts'
import { connectSource, disconnectSource, getSource, type SourceDetails } from '../operations/sources.ts'
import type { Connector } from './connector.ts'

export interface Keeper {
  /** Where the house is. */
  readonly url: string
  /** Asks for what has been stored; null: the house is elsewhere, and the bridge may not run yet. */
  readonly client: Client | null
  source(connector: Connector): Promise<SourceDetails>
  connect(connector: Connector, settings: Record<string, unknown>): Promise<SourceDetails>
  disconnect(connector: Connector): Promise<SourceDetails>
}

/** A house that can read this desk, or is only told where clients reach it. */
export function keptByHouse(client: Client): Keeper {
  return {
    url: client.url,
    client,
    source: ({ source }) => client.call(getSource, { name: source }),
    async connect({ source, summary }, settings) {
      if (Object.keys(settings).length > 0 && !isHere(client.url)) {
        throw new DaybookError(
          'invalid',
          `${client.url} is another machine, which cannot read this one (${summary.toLowerCase()}). Enrol this device there with \`daybook enroll\`, and connect again.`,
        )
      }
      return client.call(connectSource, { name: source, settings })
    },
    disconnect: ({ source }) => client.call(disconnectSource, { name: source }),
  }
}

/** This device, whose house is elsewhere: `daybook bridge <name>` reads what is kept here. */
export function keptByDevice(data: string, url: string, sources: DeviceSources): Keeper {
  const details = (name: string): SourceDetails => {
    const bridge = registry.find((each) => each.name === name)
    if (!bridge) throw new DaybookError('not_found', `No source is called "${name}".`)
    const settings = sources.load(data)[name] ?? null
    const { title, types, sources: told = [name] } = bridge
    const about = { name, title, types: [...types], sources: [...told], producer: null, state: 'stopped' as const }
    return { ...about, on: true, connected: settings !== null, urls: [], key: null, settings }
  }
  return {
    url,
    client: null,
    source: async ({ source }) => details(source),
    async connect({ source }, settings) {
      sources.save(data, { ...sources.load(data), [source]: settings })
      return details(source)
    },
    async disconnect({ source }) {
      const { [source]: _, ...others } = sources.load(data)
      sources.save(data, others)
      return { ...details(source), on: false }
    },
  }
}

function isHere(url: string): boolean {
  return ['127.0.0.1', 'localhost', '[::1]'].includes(new URL(url).hostname)
}
