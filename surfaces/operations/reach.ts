// Which URLs another device reaches this house and its broker under, and what has to change where it does not. Pure. Not
// for: trying them, which only the device can.
import { checkHost, type Site } from '../http/guard.ts'
import type { Routes } from '../users.ts'
import type { Listening } from './operation.ts'

export interface Reach extends Routes {
  /** What stands in the way, each with the setting that changes it. */
  notes: string[]
}

/**
 * `given` wins over what we know. `addresses`: of this machine in its networks, the best first. `broker` is null where
 * there is none to name.
 */
export function reachOf(
  { http, mqtt, broker }: Listening,
  given: { house?: string | undefined; broker?: string | undefined },
  addresses: readonly string[],
): Omit<Reach, 'broker'> & { broker: string | null } {
  const house = trimmed(given.house) ?? urlOf('http', http, addresses)
  const toBroker = trimmed(given.broker) ?? broker ?? (mqtt && urlOf('mqtt', mqtt, addresses))
  const notes: string[] = []
  if (isLoopback(house)) notes.push(loopbackNote('HTTP', house, given.house ? '--house' : 'http.host'))
  else if (!isExpected(new URL(house).host, http, addresses)) {
    const { hostname } = new URL(house)
    notes.push(`Requests to ${house} will be refused until http.allowedHosts has "${hostname}".`)
  }
  if (toBroker !== null && isLoopback(toBroker)) {
    const setting = given.broker ? '--broker' : broker === null ? 'mqtt.host' : 'broker.url'
    notes.push(loopbackNote('MQTT', toBroker, setting))
  }
  return { house, broker: toBroker, notes }
}

function loopbackNote(what: string, url: string, setting: string): string {
  const cause = `${what} is at ${url}, which no other device reaches (${setting}).`
  if (setting.startsWith('--')) return `${cause} Name this machine as the device knows it.`
  if (setting === 'broker.url') return `${cause} Say with --broker how the device reaches that broker.`
  const other = what === 'HTTP' ? '--house' : '--broker'
  return `${cause} Set ${setting} to the address of this machine, or 0.0.0.0, and start it again; or ${other} names a proxy.`
}

/** What listens everywhere is reached under an address of the machine. */
function urlOf(scheme: string, { host, port }: { host: string; port: number }, addresses: readonly string[]): string {
  const name = host === '0.0.0.0' || host === '::' ? (addresses[0] ?? '127.0.0.1') : host
  return `${scheme}://${name.includes(':') ? `[${name}]` : name}:${port}`
}

/** The Host header that a device will send, as the guard will judge it. */
function isExpected(host: string, site: Site, addresses: readonly string[]): boolean {
  return [undefined, ...addresses].some((reached) => {
    try {
      checkHost(host, site, reached)
      return true
    } catch {
      return false
    }
  })
}

function isLoopback(url: string): boolean {
  const { hostname } = new URL(url)
  return hostname === 'localhost' || hostname === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(hostname)
}

const trimmed = (url: string | undefined) => url?.replace(/\/+$/, '')
