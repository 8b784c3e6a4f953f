// The secrets of compose.yaml: made on the first start and kept, each a file that its one reader may read besides us. What
// credentials.json of the data folder knows is taken from there, so that there is one place to look. Not for: a house
// without containers, which makes credentials.json alone.
import {
  chmodSync,
  chownSync,
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  statSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { isMosquittoPassword, mosquittoPassword } from '../broker/foreign/mosquitto-password.ts'
import type { Ids } from '../component.ts'
import { loadCredentials } from '../credentials.ts'

export interface SecretsOptions {
  /** The data folder of the app. */
  data: string
  /** Where the files go; it is there, and ours. */
  folder: string
  /** By name of a file the number of the group that may read it; we must belong to it. The others are ours alone. */
  groups: Readonly<Record<string, number>>
  /** Further lines for the broker's password file, each replacing the one of the same user. */
  lines?: readonly string[]
  /** Users to take out of that file. */
  remove?: readonly string[]
  ids: Ids
}

const LINE = /^([^:\s]+):\$7\$\d+\$[A-Za-z0-9+/=]+\$[A-Za-z0-9+/=]+$/
/** What SeaweedFS lets the app do. */
const ACTIONS = ['Admin', 'Read', 'Write', 'List', 'Tagging']

/** Makes what is missing, repairs who may read what, and says what was made. Throws on a line that is none. */
export function makeSecrets({ data, folder, groups, lines = [], remove = [], ids }: SecretsOptions): string[] {
  for (const line of lines) if (!LINE.test(line)) throw new Error(`This is no line of a password file: ${line}`)
  const { mqtt, secrets } = loadCredentials(data, ids)
  const made: string[] = []

  const read = (name: string) => {
    const file = join(folder, name)
    return existsSync(file) ? readFileSync(file, 'utf8') : undefined
  }
  const keep = (name: string, content: string) => {
    if (read(name) !== content) {
      replace(join(folder, name), content, groups[name])
      made.push(name)
    } else share(join(folder, name), groups[name])
    return content
  }
  const once = (name: string, content: string) => keep(name, read(name) ?? content)

  // Its server has it in its cluster from the first start on: it must never change.
  once('database-password', secrets.database)
  // The app tells the database at each start.
  keep('reader-password', secrets.reader)
  keep('mqtt-password', mqtt.password)
  const goes = (line: string) => userOf(line) !== mqtt.username && remove.includes(userOf(line))
  const others = (read('mosquitto-passwords') ?? '').split('\n').filter((line) => line !== '' && !goes(line))
  const known = others.some((line) => isMosquittoPassword(line, mqtt.username, mqtt.password))
  const ours = known ? [] : [mosquittoPassword(mqtt.username, mqtt.password)]
  keep('mosquitto-passwords', [...replaced(others, [...ours, ...lines]), ''].join('\n'))

  const accessKey = once('s3-access-key', ids.random())
  const secretKey = once('s3-secret-key', ids.random())
  const identities = [{ name: 'daybook', credentials: [{ accessKey, secretKey }], actions: ACTIONS }]
  keep('s3.json', JSON.stringify({ identities }, null, 2))
  once('grafana-password', ids.random())
  return made
}

function userOf(line: string): string {
  return line.slice(0, line.indexOf(':'))
}

/** The lines, with those of the same user in the place of the older ones. */
function replaced(lines: readonly string[], further: readonly string[]): string[] {
  const users = new Map([...lines, ...further].map((line) => [userOf(line), line]))
  return [...users.values()]
}

/** As a whole or not at all; nobody else may read it before it is complete. */
function replace(file: string, content: string, group: number | undefined): void {
  const half = `${file}.new`
  const descriptor = openSync(half, 'w', 0o600)
  try {
    writeSync(descriptor, content)
    fsyncSync(descriptor)
    share(half, group)
  } finally {
    closeSync(descriptor)
  }
  renameSync(half, file)
}

/** Ours to write; its group, if there is one, may read it. */
function share(file: string, group: number | undefined): void {
  if (group !== undefined) chownSync(file, statSync(file).uid, group)
  chmodSync(file, group === undefined ? 0o600 : 0o640)
}
