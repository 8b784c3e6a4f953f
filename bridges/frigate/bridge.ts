// The open Frigate bridge: one or several Frigates as one. Not for: what one of them does (instance.ts).
import type { Health } from '../../component.ts'
import { asDaybookError, DaybookError } from '../../schemas/errors.ts'
import type { BridgeHost, OpenBridge } from '../bridge.ts'
import { type FrigateConfig, instancesOf } from './config.ts'
import { type OpenInstance, openInstance } from './instance.ts'

/** Rejects with `config_invalid` if a file it names cannot be read; that a Frigate is away is said in health. */
export async function openFrigate(host: BridgeHost<FrigateConfig>): Promise<OpenBridge> {
  const closing = new AbortController()
  const all: OpenInstance[] = []
  const close = async () => {
    closing.abort()
    await Promise.all(all.map((one) => one.ended()))
  }
  try {
    for (const instance of instancesOf(host.config)) all.push(await openInstance(host, instance, closing.signal))
  } catch (error) {
    await close()
    throw error
  }

  return {
    health: () => healthOf(all),
    pause(paused) {
      for (const one of all) one.pause(paused)
    },
    forget: (request) => all.reduce((sum, one) => sum + one.forget(request), 0),
    async payload(id) {
      // Ids do not say whose they are; who does not have it says so.
      let reason = new DaybookError('object_missing')
      for (const one of all) {
        try {
          return await one.payload(id)
        } catch (thrown) {
          const error = asDaybookError(thrown)
          if (error.code !== 'object_missing' || reason.code === 'object_missing') reason = error
        }
      }
      throw reason
    },
    async import(range, progress, signal) {
      let [read, emitted] = [0, 0]
      for (const one of all) {
        let last = { read: 0, emitted: 0 }
        await one.import(
          range,
          (at) => {
            last = at
            progress({ ...at, read: read + at.read, emitted: emitted + at.emitted })
          },
          signal,
        )
        read += last.read
        emitted += last.emitted
      }
    },
    close,
  }
}

/** The worst of them, with the figures of all: summed under their own names only where there are several. */
function healthOf(all: readonly OpenInstance[]): Health {
  const healths = all.map((one) => ({ name: one.name, ...one.health() }))
  const worst = healths.find(({ state }) => state !== 'ok') ?? healths[0]
  if (!worst) return { state: 'ok' }
  const { name, figures, ...health } = worst
  if (healths.length === 1) return { ...health, ...(figures && { figures }) }
  const named = healths.flatMap((one) =>
    Object.entries(one.figures ?? {}).map(([key, value]) => [`${one.name} ${key}`, value]),
  )
  const detail = health.detail && `${name}: ${health.detail}`
  return { ...health, ...(detail && { detail }), figures: Object.fromEntries(named) }
}
