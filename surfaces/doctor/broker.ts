// A broker that is not ours: can it be reached, does it let us in, and what does it do that costs something. Not for: the
// embedded one, which is looked at as a part of the running app.
import { type ForeignConfig, foreignConfig } from '../../broker/foreign/config.ts'
import { targetOf } from '../../broker/foreign/connection/target.ts'
import { Versions } from '../../broker/foreign/connection/versions.ts'
import type { Findings } from '../../broker/foreign/probe/findings.ts'
import { hintsOf } from '../../broker/foreign/probe/hints.ts'
import { probeBroker } from '../../broker/foreign/probe/probe.ts'
import { asDaybookError, type DaybookError } from '../../schemas/errors.ts'
import { topicsUnder } from '../../schemas/topics.ts'
import { number } from '../cli/text.ts'
import type { CliConfig } from '../cli/verb.ts'
import { checkEndpoint } from './endpoint.ts'
import { type Finding, fail, ok, type Verdict, warn } from './finding.ts'

const about = 'broker'

/** `quietMs`: how long nothing comes before nothing more will. Takes seconds. */
export async function checkBroker(config: CliConfig, now: number, quietMs?: number): Promise<Finding[]> {
  if (!config.broker.url) return []
  const broker = foreignConfig.parse(config.broker)
  const url = new URL(config.broker.url)
  // With a CA of its own the handshake is the broker's business, not that of what this machine trusts.
  const plain = new URL(broker.ca ? `mqtt://${url.hostname}:${url.port || '8883'}` : url)
  let hints: Finding[] = []
  const measure = async (): Promise<Verdict> => {
    try {
      const topics = topicsUnder(config.mqtt.prefix)
      const findings = await probeBroker({
        config: broker,
        topics,
        name: 'doctor',
        ...(quietMs !== undefined && { quietMs }),
      })
      hints = hintsOf(findings, broker).map(({ detail, fix }) => ({ about, layer: 'mqtt', ...warn(detail, fix) }))
      return ok(summary(findings))
    } catch (error) {
      const { code, detail } = asDaybookError(error)
      const rights = `Allow this user to read and write below ${config.mqtt.prefix}/.`
      return fail(detail, code === 'broker_refused' ? rights : 'Look into the log of the broker.')
    }
  }
  const findings = await checkEndpoint(about, plain, now, [
    ['auth', () => checkLogin(broker)],
    ['mqtt', measure],
  ])
  return [...findings, ...hints]
}

/** `remedy`: what helps where it refuses us. */
export async function checkLogin(
  config: ForeignConfig,
  remedy = 'Correct broker.user and broker.password.',
): Promise<Verdict> {
  try {
    const connection = await new Versions(config.version).open({
      ...targetOf(config),
      clientId: 'daybook-doctor',
      clean: true,
      received: () => {},
    })
    await connection.end()
    return ok(`it lets us in, with MQTT ${connection.version === 5 ? '5' : '3.1.1'}`)
  } catch (error) {
    return loginFailure(asDaybookError(error), remedy)
  }
}

function loginFailure({ code, detail }: DaybookError, remedy: string): Verdict {
  if (code === 'broker_refused') return fail(`it refuses us: ${detail}`, remedy)
  if (code === 'config_invalid') return fail(detail, 'Correct it there, or in the environment.')
  return fail(detail, 'Is it a broker that listens there, and with the protocol that the URL names?')
}

function summary({ broker, window, queue, shared }: Findings): string {
  const name = broker === 'unknown' ? 'it' : broker
  const parts = [
    window === null
      ? 'sends as much as we want before it is acknowledged'
      : `sends ${number(window)} before one is acknowledged`,
    queue === null ? 'keeps what we have tried' : `keeps ${number(queue)} for who is away`,
    shared === 'works' ? 'shares' : 'does not share',
  ]
  return `${name} ${parts.join(', ')}`
}
