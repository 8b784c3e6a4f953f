// Where bridges of this process keep what has not arrived, and what is their own: a file for each producer below outbox/ in
// the data folder, with the quotas of the configuration, and a folder below bridges/. Not for: what an outbox does (broker/outbox/outbox.ts).
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { OutboxOptions } from './broker/outbox/options.ts'
import { type Outbox, openOutbox } from './broker/outbox/outbox.ts'
import type { Config } from './config.ts'

const MEGABYTE = 1024 * 1024

export function outboxFile(data: string, producer: string): string {
  return join(data, 'outbox', `${producer}.sqlite`)
}

/** A bridge's own folder, made if it is not there. */
export function bridgeFolder(data: string, producer: string): string {
  const folder = join(data, 'bridges', producer)
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  return folder
}

/** Opens the outbox of a producer; `common` is what all have alike. */
export function outboxesIn(
  { data, timezone: timeZone, bridges }: Config,
  common: Omit<OutboxOptions, 'file' | 'producer' | 'source' | 'timeZone' | 'limits'>,
): (of: { producer: string; source: string }) => Outbox {
  const limits = {
    bytes: bridges.outboxMegabytes * MEGABYTE,
    payloadBytes: bridges.payloadMegabytes * MEGABYTE,
  }
  return (of) => openOutbox({ ...common, ...of, file: outboxFile(data, of.producer), timeZone, limits })
}
