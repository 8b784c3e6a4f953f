// Layer after layer of one URL, up to the first that fails. Not for: what a particular peer must say (peers.ts).
import type { Finding, Verdict } from './finding.ts'
import { checkName, checkTcp, checkTls } from './network.ts'

const ports: Record<string, number> = {
  'http:': 80,
  'ws:': 80,
  'https:': 443,
  'wss:': 443,
  'mqtt:': 1883,
  'mqtts:': 8883,
  'postgres:': 5432,
  'postgresql:': 5432,
}
const secure = new Set(['https:', 'wss:', 'mqtts:'])

/** A further layer above the network: its name, and what it says. */
export type Layer = [layer: Finding['layer'], check: () => Promise<Verdict>]

export async function checkEndpoint(
  about: string,
  url: URL,
  now: number,
  above: readonly Layer[] = [],
): Promise<Finding[]> {
  const host = url.hostname.replace(/^\[|\]$/g, '')
  const port = Number(url.port) || (ports[url.protocol] ?? 0)
  const layers: Layer[] = [
    ['dns', () => checkName(host)],
    ['tcp', () => checkTcp(host, port)],
    ...(secure.has(url.protocol) ? [['tls', () => checkTls(host, port, now)] as Layer] : []),
    ...above,
  ]
  const findings: Finding[] = []
  for (const [layer, check] of layers) {
    const verdict = await check()
    findings.push({ about, layer, ...verdict })
    if (verdict.state === 'fail') break
  }
  return findings
}
