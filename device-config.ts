// The settings of a bridge that runs alone: what is said on the command line over daybook.yaml and the environment, those
// over what the device was given when it was enrolled. Not for: reading any of them (config.ts, enrolment.ts).
import { type Config, type ConfigSource, loadConfig, type Tree } from './config.ts'
import { loadEnrolment } from './enrolment.ts'
import type { Enrolment } from './schemas/enrolment.ts'
import { DaybookError } from './schemas/errors.ts'

/** What may be said on the command line. */
export interface DeviceFlags {
  data?: string | undefined
  broker?: string | undefined
  house?: string | undefined
  token?: string | undefined
}

export type DeviceConfig = Config & { broker: { url: string } }

/** Throws `config_invalid` with every mistake, and when nothing says where the broker is. */
export function loadDeviceConfig(flags: DeviceFlags, source: Pick<ConfigSource, 'file' | 'env'> = {}): DeviceConfig {
  const above = treeOf(flags)
  const given = loadConfig({ ...source, above })
  const enrolment = loadEnrolment(given.data)
  const config = enrolment ? loadConfig({ ...source, above, beneath: settingsOf(enrolment, given) }) : given
  const mistakes = mistakesIn(config)
  if (mistakes.length > 0) throw new DaybookError('config_invalid', `\n  ${mistakes.join('\n  ')}`)
  return config as DeviceConfig
}

function mistakesIn({ data, broker, house }: Config): string[] {
  const nowhere =
    `broker.url: nothing says where to send to, and ${data} belongs to no house yet. Run \`daybook enroll <name>\` on the ` +
    'server and the line that it prints here, or say --broker mqtt://user:password@host.'
  return [
    broker.url === undefined && nowhere,
    house.url !== undefined && house.token === undefined && 'house.token: is needed with house.url; --token says it.',
  ].filter((mistake) => mistake !== false)
}

function treeOf({ data, broker, house, token }: DeviceFlags): Tree {
  const section = (fields: Tree) =>
    Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))
  return section({ data, broker: section({ url: broker }), house: section({ url: house, token }) })
}

function settingsOf({ name, space, prefix, timezone, broker, house }: Enrolment, given: Config): Tree {
  const { url, user, password } = broker
  // Who names another user along with another URL means that one.
  const isNamed = given.broker.url !== undefined && new URL(given.broker.url).username !== ''
  const account = isNamed ? {} : { user, password }
  return { space, timezone, mqtt: { prefix }, bridges: { producer: name }, broker: { url, ...account }, house }
}
