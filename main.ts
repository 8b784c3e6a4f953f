// The executable: reads the configuration, starts the house or hands the verb to the CLI. Not for: anything that a
// test would want to call.
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import pino from 'pino'
import { type Logger, randomIds, wallClock } from './component.ts'
import { ambient, type Config, desk, foreignEnvironment, KEEPER, loadConfig } from './config.ts'
import { type Credentials, credentialsFile } from './credentials.ts'
import { deviceSources } from './device-sources.ts'
import { loadEnrolment, saveEnrolment } from './enrolment.ts'
import type { Ready } from './lifecycle.ts'
import { asDaybookError, DaybookError } from './schemas/errors.ts'
import type { LoneBridge, LoneBridgeFlags } from './surfaces/cli/verb.ts'
import { runCli } from './surfaces/cli.ts'

const { version } = JSON.parse(readFileSync(new URL('package.json', import.meta.url), 'utf8')) as { version: string }

/** The whole way down must fit into the 10 s after SIGTERM that docs/architecture.md promises. */
const STOP_MOST_MS = 9_000

process.exitCode = await runCli(process.argv.slice(2), {
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  version,
  ambient: ambient(),
  desk: desk(),
  deviceSources,
  config: (file) => loadConfig(file === undefined ? {} : { file }),
  enrolments: { load: loadEnrolment, save: saveEnrolment },
  start,
  bridge,
  spawn: spawnHouse,
})

/** Runs the house until a signal; resolves with the exit code. */
async function start(config: Config, options: { json: boolean }): Promise<number> {
  const log = logAt(config.log.level)
  // Only here: the other verbs should not wait for the whole house to be read.
  const { createApp } = await import('./app.ts')
  const app = createApp({ config, version, log, clock: wallClock, ids: randomIds })
  const told = new Promise<string>((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, resolve)
    const { keeper, startedByNpm } = ambient()
    if (keeper !== undefined) {
      // A terminal that is closed ends its keeper at once, but a house has to be put in order.
      process.on('SIGHUP', resolve)
      whenOrphaned(keeper, () => resolve('the end of its keeper'))
    } else if (startedByNpm) whenOrphaned(process.ppid, () => resolve('the end of npm'))
  })
  try {
    const ready = await app.start()
    process.stdout.write(options.json ? `${JSON.stringify(ready)}\n` : welcome(ready, app.firstStart()))
  } catch (thrown) {
    const error = asDaybookError(thrown)
    log.fatal({ code: error.code, cause: error.cause }, error.message)
    await app.stop()
    return 1
  }
  log.info({ signal: await told }, 'stopping')
  endAtLast(log, 'not everything stopped in time; what was acknowledged is stored')
  await app.stop()
  return 0
}

/** One bridge alone, for the verb that ends it. */
async function bridge(file: string | undefined, { name, producer, ...flags }: LoneBridgeFlags): Promise<LoneBridge> {
  const [{ createDevice }, { loadDeviceConfig }, { registry }] = await Promise.all([
    import('./device.ts'),
    import('./device-config.ts'),
    import('./bridges/registry.ts'),
  ])
  const config = loadDeviceConfig(flags, file === undefined ? {} : { file })
  const one = registry.find((each) => each.name === name)
  if (!one) throw new DaybookError('not_found', `There is no bridge "${name}".`)
  const log = logAt(config.log.level)
  const device = createDevice({ bridge: one, config, producer, version, log, clock: wallClock, ids: randomIds })
  const ready = await device.start()
  return {
    ready,
    take: device.bridge.take,
    waiting: () => Number(device.bridge.health().figures?.depth ?? 0),
    async stop() {
      endAtLast(log, 'not everything stopped in time; what is not sent yet is in the outbox')
      await device.stop()
    },
  }
}

function logAt(level: Config['log']['level']): Logger {
  return pino({ level, base: null }, pino.destination({ dest: 2, sync: true }))
}

/** Also a line that is open at one end only must not keep the process alive after all has stopped. */
function endAtLast(log: Logger, what: string): void {
  const late = setTimeout(() => {
    log.error(what)
    process.exit(0)
  }, STOP_MOST_MS)
  late.unref()
}

/**
 * A house in a process of its own, with these settings and none of the user's: also no daybook.yaml, which is not there. It
 * ends when we do, however that is.
 */
function spawnHouse(folder: string, settings: Record<string, string>) {
  return spawn(process.execPath, [import.meta.filename, 'start', '--json'], {
    cwd: folder,
    env: { ...foreignEnvironment(), ...settings, [KEEPER]: String(process.pid) },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
}

/** We see that our parent is gone. npm hands SIGTERM to the shell between it and us, which ends without passing it on. */
function whenOrphaned(parent: number, told: () => void): void {
  const looking = setInterval(() => {
    if (process.ppid === parent) return
    clearInterval(looking)
    told()
  }, 500)
  looking.unref()
}

/** What a person sees at a start. The secrets are shown once: at the very first one. */
function welcome({ version, data, http, mqtt, activitywatch, database }: Ready, made: Credentials | null): string {
  const lines = [
    `Daybook ${version} is running.`,
    '',
    `  HTTP      ${http.url ?? 'off'}`,
    `  MQTT      ${mqtt.url ?? 'off'}`,
    `  Watchers  ${activitywatch.url ?? 'off'}`,
    `  Postgres  ${new URL(database.url).host}`,
    `  Data      ${data}`,
  ]
  if (made) {
    lines.push(
      '',
      `This is its first start. It made these credentials and keeps them in ${credentialsFile(data)}:`,
      '',
      `  HTTP token     ${made.http.token}`,
      `  MQTT user      ${made.mqtt.username}`,
      `  MQTT password  ${made.mqtt.password}`,
    )
  }
  if (http.url) {
    lines.push('', 'Try it in another terminal:', '  npx daybook note "the first note"')
    lines.push('  npx daybook connect terminal     (or browser, claude-code, wakatime: npx daybook connect lists them)')
  }
  lines.push('Stop it with Ctrl-C.', '')
  return lines.join('\n')
}
