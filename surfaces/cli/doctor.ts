// `daybook doctor`: what works and what does not, layer by layer, with the fix. Not for: the checks (doctor/).
import { DaybookError } from '../../schemas/errors.ts'
import { examine } from '../doctor/examine.ts'
import type { Finding } from '../doctor/finding.ts'
import { exitCodes } from './exit-codes.ts'
import { plain } from './text.ts'
import type { Call, Verb } from './verb.ts'

const layerNames: Record<Finding['layer'], string> = {
  node: 'Node',
  config: 'configuration',
  disk: 'disk',
  clock: 'clock',
  port: 'port',
  dns: 'DNS',
  tcp: 'TCP',
  tls: 'TLS',
  http: 'HTTP',
  auth: 'auth',
  mqtt: 'MQTT',
  postgres: 'Postgres',
  health: 'health',
}

export const doctor: Verb = {
  name: 'doctor',
  summary: 'Find out what does not work, in which layer, and what helps',
  options: [],
  details:
    'Works with Daybook running and stopped, and on a device that was enrolled. Exits with 1 if anything failed; warnings alone are 0.',
  async run(call) {
    const findings: Finding[] = []
    for await (const finding of look(call)) {
      findings.push(finding)
      if (!call.json) await call.print(...lines(finding))
    }
    const count = (state: Finding['state']) => findings.filter((finding) => finding.state === state).length
    const [failed, warned] = [count('fail'), count('warn')]
    if (call.json) await call.print(JSON.stringify({ ok: failed === 0, findings }))
    else await call.print('', failed + warned === 0 ? 'All is well.' : `${failed} failed, ${warned} to look at.`)
    return failed > 0 ? exitCodes.failed : exitCodes.ok
  },
}

async function* look(call: Call): AsyncGenerator<Finding> {
  try {
    const config = call.config()
    const enrolment = call.io.enrolments.load(config.data)
    yield* examine({ config, enrolment, nodeVersion: process.versions.node, now: call.now })
  } catch (error) {
    if (!(error instanceof DaybookError) || error.code !== 'config_invalid') throw error
    const mistakes = error.detail.split('\n').map((line) => line.trim())
    for (const detail of mistakes.filter(Boolean)) {
      yield {
        about: 'daybook.yaml',
        layer: 'config',
        state: 'fail',
        detail,
        fix: 'Correct it there, or in the environment.',
      }
    }
  }
}

function lines({ about, layer, state, detail, fix }: Finding): string[] {
  const head = `${state.padEnd(4)}  ${about.padEnd(18)}  ${layerNames[layer].padEnd(13)}  ${plain(detail)}`
  return fix ? [head, `      → ${plain(fix)}`] : [head]
}
