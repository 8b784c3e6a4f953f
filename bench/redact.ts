// What redaction costs on the one write path: nanoseconds for a notification with nothing to hide, against parsing its
// JSON, and microseconds where something is found. Not for: what is found, which the tests beside the rules say.
import { cpus } from 'node:os'
import { createRedactor } from '../pipeline/redact.ts'
import type { ActivityNotification } from '../schemas/activity.ts'

const clean: ActivityNotification = {
  id: '01962f3a-5b7c-7abc-8def-0123456789ab',
  source: 'home_assistant',
  type: 'device_state_change',
  summary: 'Kitchen ceiling light turned on',
  timestamp: 1_745_432_100_123,
  data: {
    entity_id: 'light.kitchen_ceiling',
    area: 'Kitchen',
    floor: 'Ground',
    device_class: 'light',
    old_state: 'off',
    new_state: 'on',
    brightness: 178,
  },
  producer: 'home_assistant-hub',
  epoch: '9f86d081884c7d65',
  seq: 48_112,
  cause: { id: '01HV7Z9X2K3M4N5P6Q7R8S9T0V' },
}
const command = {
  ...clean,
  source: 'terminal',
  type: 'command',
  summary: 'mysql -u ada -phunter2 shop',
  data: { exit_code: 0 },
}
const near = { ...clean, summary: 'git commit -m "Let the token bucket refill"' }

const redactor = createRedactor()
const json = JSON.stringify(clean)
const copies = Array.from({ length: 1000 }, () => JSON.parse(json) as ActivityNotification)

/** The median of 15 rounds, in ns a call. */
function measure(calls: number, run: (index: number) => unknown): number {
  const rounds = Array.from({ length: 15 }, () => {
    const start = process.hrtime.bigint()
    for (let index = 0; index < calls; index++) run(index)
    return Number(process.hrtime.bigint() - start) / calls
  })
  return Math.round(rounds.sort((a, b) => a - b)[7] ?? 0)
}

const parse = measure(50_000, () => JSON.parse(json))
const value = measure(50_000, (index) => redactor.redact(copies[index % 1000] ?? clean))
const details = {
  bytes: json.length,
  coreShareAt20000PerSecond: (value * 20_000) / 1e9,
  suspectedNs: measure(2_000, () => redactor.redact(near)),
  foundNs: measure(2_000, () => redactor.redact(command)),
}
const baseline = { name: 'JSON.parse of the same notification', value: parse }
const machine = { cpu: cpus()[0]?.model, cores: cpus().length, node: process.version }
console.log(JSON.stringify({ bench: 'redact', value, unit: 'ns', baseline, ratio: value / parse, details, machine }))
