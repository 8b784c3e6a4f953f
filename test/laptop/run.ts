// `daybook bridge` for the terminal of the journey, in a process of its own whose clock is moved by whoever started it:
// everything but the bridge and the clock is the product's. Not for: people.
import pino from 'pino'
import { type Clock, randomIds, wallClock } from '../../component.ts'
import { loadConfig } from '../../config.ts'
import { createDevice } from '../../device.ts'
import { loadDeviceConfig } from '../../device-config.ts'
import { runCli } from '../../surfaces/cli.ts'
import { terminal } from './terminal.ts'

/** Told by the starter: ms to add to the time of this machine. */
let offset = Number(process.env.LAPTOP_CLOCK_OFFSET_MS ?? 0)
process.on('message', (told: { offset: number }) => {
  offset = told.offset
})
process.channel?.unref()

const clock: Clock = { ...wallClock, now: () => Date.now() + offset }
const nothing = () => {
  throw new Error('only `bridge` is here')
}

process.exitCode = await runCli(process.argv.slice(2), {
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  version: '0.0.0',
  ambient: { color: false, language: 'C' },
  desk: { home: '/nonexistent', env: {}, product: '/nonexistent' },
  deviceSources: { load: () => ({}), save: () => {} },
  config: (file) => loadConfig(file === undefined ? {} : { file }),
  enrolments: { load: nothing, save: nothing },
  start: nothing,
  spawn: nothing,
  async bridge(_file, flags) {
    const config = loadDeviceConfig({ data: flags.data })
    const log = pino({ level: 'info', base: null }, pino.destination({ dest: 2, sync: true }))
    const bridge = terminal((n) => process.send?.(n))
    const device = createDevice({ bridge, config, version: '0.0.0', log, clock, ids: randomIds })
    const ready = await device.start()
    const waiting = () => Number(device.bridge.health().figures?.depth ?? 0)
    return { ready, take: device.bridge.take, waiting, stop: () => device.stop() }
  },
})
