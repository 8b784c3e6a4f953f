// The whole examination: from the machine up to the peers, each with its layers. Works with the app running and
// stopped. Not for: printing it (cli/doctor.ts).
import { join } from 'node:path'
import type { Enrolment } from '../../schemas/enrolment.ts'
import { credentialsFile, hasRun, readDatabaseUrl } from '../cli/client.ts'
import type { CliConfig } from '../cli/verb.ts'
import { checkBroker } from './broker.ts'
import { checkEndpoint } from './endpoint.ts'
import { checkEnrolled } from './enrolled.ts'
import type { Finding, Verdict } from './finding.ts'
import { checkAuth, checkHttp } from './http.ts'
import { checkClock, checkCredentials, checkFolder, checkNode, checkSkew } from './machine.ts'
import { checkObjects } from './objects.ts'
import { checkPort, checkWatchersPort } from './ports.ts'
import { checkPostgres } from './postgres.ts'
import { checkRunning, runningApp } from './running.ts'

export interface Examined {
  config: CliConfig
  /** Null where no device was enrolled. */
  enrolment: Enrolment | null
  nodeVersion: string
  now: number
}

/** Yields findings as they come; never throws. */
export async function* examine({ config, enrolment, nodeVersion, now }: Examined): AsyncGenerator<Finding> {
  const credentials = credentialsFile(config.data)
  yield { about: 'Node', layer: 'node', ...checkNode(nodeVersion) }
  yield { about: 'data folder', layer: 'disk', ...(await checkFolder(config.data)) }
  for (const about of ['credentials.json', 'users.json', 'enrolment.json']) {
    const kept = checkCredentials(join(config.data, about))
    if (kept) yield { about, layer: 'disk', ...kept }
  }
  yield { about: 'clock', layer: 'clock', ...checkClock(now, [credentials, join(config.data, 'running.json')]) }

  if (enrolment && !hasRun(config.data)) yield* await checkEnrolled(enrolment, now)
  else yield* checkHouse(config, now)
  yield* await checkBroker(config, now)
  yield* await checkHomeAssistant(config, now)
  yield* await checkFrigate(config, now)
}

async function* checkHouse(config: CliConfig, now: number): AsyncGenerator<Finding> {
  const app = runningApp(config.data)
  const findings = 'finding' in app ? [app.finding] : await checkRunning(app, now)
  yield* findings
  const serves = findings.some(({ layer, state }) => layer === 'http' && state === 'ok')
  if (!serves) yield* checkPorts(config)

  const database = config.database.url ?? (serves ? readDatabaseUrl(config.data) : null)
  if (database) yield* await checkDatabase(database, now)
  yield* await checkObjects(config, now)
}

/** The ports that a start would take. */
async function* checkPorts({ mqtt, http, activitywatch, database, broker }: CliConfig): AsyncGenerator<Finding> {
  const wanted: [setting: string, host: string, port: number | 'off'][] = [
    ['http.port', http.host, http.port],
    ['mqtt.port', mqtt.host, broker.url ? 'off' : mqtt.port],
    ['database.port', '127.0.0.1', database.url ? 'off' : database.port],
  ]
  for (const [setting, host, port] of wanted) {
    if (port === 'off' || port === 0) continue
    yield { about: setting, layer: 'port', ...(await checkPort(host, port, setting)) }
  }
  const { host, port } = activitywatch
  if (port !== 'off' && port !== 0) {
    yield { about: 'activitywatch.port', layer: 'port', ...(await checkWatchersPort(host, port)) }
  }
}

function checkDatabase(url: string, now: number): Promise<Finding[]> {
  return checkEndpoint('Postgres', new URL(url), now, [['postgres', () => checkPostgres(url)]])
}

/** Its API answers `{"message": "API running."}` at /api/ to a token that it takes. */
async function checkHomeAssistant({ bridges }: CliConfig, now: number): Promise<Finding[]> {
  const { url, token } = (bridges.homeAssistant ?? {}) as { url?: string; token?: string }
  if (url === undefined) return []
  const about = 'Home Assistant'
  let skew: Verdict | null = null
  const findings = await checkEndpoint(about, new URL(url), now, [
    [
      'http',
      async () => {
        const { verdict, response } = await checkHttp(url)
        if (response) skew = checkSkew(response, now)
        return verdict
      },
    ],
    [
      'auth',
      async () => {
        const { verdict, response } = await checkHttp(new URL('/api/', url).href, { authorization: `Bearer ${token}` })
        return response
          ? checkAuth(response, 'Make a long-lived access token on its profile page; set bridges.homeAssistant.token.')
          : verdict
      },
    ],
  ])
  return skew ? [...findings, { about, layer: 'clock', ...(skew as Verdict) }] : findings
}

function checkFrigate({ bridges }: CliConfig, now: number): Promise<Finding[]> {
  const { url } = (bridges.frigate ?? {}) as { url?: string }
  if (url === undefined) return Promise.resolve([])
  const ask = async () => (await checkHttp(new URL('/api/version', url).href)).verdict
  return checkEndpoint('Frigate', new URL(url), now, [['http', ask]])
}
