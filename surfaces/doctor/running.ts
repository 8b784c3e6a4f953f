// The running app, if there is one: does it answer, take our token, and say that its parts work. Not for: starting it.
import { type DaybookError, type ErrorCode, errors } from '../../schemas/errors.ts'
import { findRunning, type Running } from '../cli/client.ts'
import type { HouseStatus } from '../operations/get-status.ts'
import { getStatus } from '../operations/get-status.ts'
import { checkEndpoint } from './endpoint.ts'
import { type Finding, fail, ok, type Verdict, warn } from './finding.ts'
import { checkAuth, checkHttp } from './http.ts'

/** Where it should be; null when none runs. */
export function runningApp(data: string): Running | { finding: Finding } {
  try {
    return findRunning(data)
  } catch (error) {
    const { code, detail } = error as DaybookError
    const verdict =
      code === 'not_running'
        ? warn('it is not running', 'Start it: npm start.')
        : fail(detail, 'Run this as the user that runs Daybook.')
    return { finding: { about: 'Daybook', layer: 'health', ...verdict } }
  }
}

export async function checkRunning({ url, token, mqtt }: Running, now: number): Promise<Finding[]> {
  const headers = { authorization: `Bearer ${token}` }
  const parts: Finding[] = []
  const findings = await checkEndpoint('Daybook', new URL(url), now, [
    ['http', async () => (await checkHttp(new URL('/livez', url).href)).verdict],
    [
      'auth',
      async () => {
        const { response, verdict } = await checkHttp(new URL(getStatus.path, url).href, headers)
        if (!response) return verdict
        const auth = checkAuth(response, 'The app was started with another data folder: stop it and start it again.')
        if (auth.state === 'ok') parts.push(...partFindings((await response.json()) as HouseStatus))
        return auth
      },
    ],
  ])
  const dead = findings.find(({ layer, state }) => layer === 'tcp' && state === 'fail')
  if (dead) Object.assign(dead, warn('running.json is left of one that was killed', 'Start it again: npm start.'))
  const broker = mqtt === null || dead ? [] : await checkEndpoint('MQTT', new URL(mqtt), now)
  return [...findings, ...broker, ...parts]
}

function partFindings({ parts }: HouseStatus): Finding[] {
  return Object.entries(parts).map(([name, { state, detail, code }]) => ({
    about: name,
    layer: 'health' as const,
    ...verdictOf(state, detail, code),
  }))
}

function verdictOf(state: HouseStatus['parts'][string]['state'], detail = '', code = ''): Verdict {
  if (state === 'ok' || state === 'stopped') return ok(detail ? `${state}: ${detail}` : state)
  const fix = code in errors ? errors[code as ErrorCode].sentence : 'Look into the log of Daybook.'
  return (state === 'failed' ? fail : warn)(`${state}${detail && `: ${detail}`}`, fix)
}
