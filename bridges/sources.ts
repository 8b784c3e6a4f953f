// The sources of the house: each bridge there is, on or off. A bridge is on when the configuration has a section of its
// name, when it needs none, or once a person has connected it, which is remembered here and takes effect at once. Not for:
// what runs inside a bridge (host.ts), or what connecting changes on a person's desk (surfaces/connect).
import type { Component, Health } from '../component.ts'
import { DaybookError } from '../schemas/errors.ts'
import type { Bridge } from './bridge.ts'
import { type HostedBridge, type HostParts, hostBridge, producerOf, sectionOf } from './host.ts'

/** A bridge and whether it is on. */
export interface Source {
  readonly bridge: Bridge
  /** Undefined: it is off. */
  readonly hosted: HostedBridge | undefined
  /** A person has connected it: these settings are remembered, over those of the configuration. */
  readonly connected: Settings | undefined
}

export type Settings = Record<string, unknown>

export interface Sources extends Component {
  /** Every bridge there is, in the order of the registry. */
  all(): readonly Source[]
  /** Those that are on. */
  hosted(): readonly HostedBridge[]
  /**
   * Turns a source on with these settings, in place of those of an earlier connect, and resolves when it runs; changes of one
   * source come one after the other. Throws `not_found` for a name that no bridge has, `config_invalid` naming the field,
   * `data_unwritable`, and what its start throws; then all is as before.
   */
  connect(name: string, settings: Settings): Promise<Source>
  /** Forgets its settings: it is off, or as the configuration says. Throws `not_found`. */
  disconnect(name: string): Promise<Source>
  /** Pauses all of them, also those that are connected meanwhile, or none any more; `until` is epoch ms. */
  pause(paused: boolean, until: number | null): void
}

export interface SourcesOptions extends Omit<HostParts, 'producer' | 'config'> {
  registry: readonly Bridge[]
  /** The bridges' pieces of the configuration, by section. */
  config: Record<string, unknown>
  /** The device part of the producers' names. */
  device: string
  /** What was connected, kept over restarts. */
  memory: { load(): unknown; save(memory: unknown): void }
}

interface Slot {
  bridge: Bridge
  hosted: HostedBridge | undefined
  connected: Settings | undefined
  /** Settles once the last change that was asked for is done. */
  last: Promise<unknown>
}

/** Throws `config_invalid` for a section of the configuration that a bridge refuses. */
export function createSources({ registry, config, device, memory, ...parts }: SourcesOptions): Sources {
  const remembered = Object(memory.load()) as Record<string, Settings | undefined>
  const slots: Slot[] = registry.map((bridge) => {
    const connected = remembered[bridge.name]
    return { bridge, connected, hosted: hostOf(bridge, connected), last: Promise.resolve() }
  })
  let runs = false
  let pause: [paused: boolean, until: number | null] | undefined

  function hostOf(bridge: Bridge, connected: Settings | undefined): HostedBridge | undefined {
    const configured = config[sectionOf(bridge)]
    if (configured === undefined && connected === undefined && !bridge.always) return undefined
    const settings = connected ? { ...Object(configured), ...connected } : configured
    return hostBridge(bridge, { ...parts, config: settings, producer: producerOf(bridge.name, device) })
  }

  function slotOf(name: string): Slot {
    const slot = slots.find(({ bridge }) => bridge.name === name)
    if (slot) return slot
    throw new DaybookError(
      'not_found',
      `No source is called "${name}"; there are: ${registry.map((b) => b.name).join(', ')}.`,
    )
  }

  /** One change of a source at a time: two bridges of one name cannot share an outbox. */
  function change(slot: Slot, connected: Settings | undefined): Promise<Source> {
    const changed = slot.last.then(() => replace(slot, connected))
    slot.last = changed.catch(() => {})
    return changed
  }

  /** What runs is remembered, never what was only wanted; if it cannot be, the former one comes back. */
  async function replace(slot: Slot, connected: Settings | undefined): Promise<Source> {
    const former = { hosted: slot.hosted, connected: slot.connected }
    const next = hostOf(slot.bridge, connected)
    await former.hosted?.stop()
    try {
      await run(slot, next)
      slot.connected = connected
      memory.save(Object.fromEntries(slots.flatMap((s) => (s.connected ? [[s.bridge.name, s.connected]] : []))))
    } catch (error) {
      slot.connected = former.connected
      await next?.stop()
      await run(slot, former.hosted)
      throw error
    }
    return slot
  }

  async function run(slot: Slot, bridge: HostedBridge | undefined): Promise<void> {
    slot.hosted = bridge
    if (pause) bridge?.pause(...pause)
    if (runs) await bridge?.start()
  }

  const hosted = () => slots.flatMap((slot) => slot.hosted ?? [])
  return {
    name: 'bridges',
    all: () => slots,
    hosted,
    async start() {
      runs = true
      for (const bridge of hosted()) await bridge.start()
    },
    async stop() {
      runs = false
      await Promise.all(slots.map(({ last }) => last))
      for (const bridge of hosted().reverse()) await bridge.stop()
    },
    health(): Health {
      return { state: 'ok', figures: { on: hosted().length } }
    },
    connect: async (name, settings) => change(slotOf(name), settings),
    disconnect: async (name) => change(slotOf(name), undefined),
    pause(...now) {
      pause = now
      for (const bridge of hosted()) bridge.pause(...now)
    },
  }
}
