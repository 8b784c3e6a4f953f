// Debian's RabbitMQ with its MQTT plugin and quorum queues: one node, in a temporary folder. Not for: testing anything.
import { readdirSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../home-assistant/proxy.ts'
import { newServer, type TestBroker } from './server.ts'

export interface RabbitMqOptions {
  /** Lines of rabbitmq.conf: `mqtt.prefetch = 100`. */
  lines?: readonly string[]
}

const PROGRAM = sbin()

/** Why there is none, or null. */
export const rabbitMqMissing = PROGRAM ? null : 'needs the Debian package rabbitmq-server'

/** Started: MQTT 3.1.1, one user. */
export async function startRabbitMq({ lines = [] }: RabbitMqOptions = {}): Promise<TestBroker> {
  if (!PROGRAM) throw new Error(rabbitMqMissing ?? '')
  const [user, password] = ['daybook', 'bus-secret']
  const folder = await mkdtemp(join(tmpdir(), 'daybook-rabbitmq-'))
  const [port, amqp, distribution, epmd] = await Promise.all([freePort(), freePort(), freePort(), freePort()])
  const at = (name: string) => join(folder, name)
  const settings = [
    `listeners.tcp.1 = 127.0.0.1:${amqp}`,
    `mqtt.listeners.tcp.1 = 127.0.0.1:${port}`,
    'mqtt.allow_anonymous = false',
    `default_user = ${user}`,
    `default_pass = ${password}`,
    'mqtt.durable_queue_type = quorum',
    // Without end, as a laptop is away for a week.
    'mqtt.subscription_ttl = undefined',
    ...lines,
  ]
  const env = {
    ...process.env,
    HOME: folder,
    // Its script becomes the server, instead of standing between signals and it.
    RUNNING_UNDER_SYSTEMD: 'yes',
    ERL_EPMD_ADDRESS: '127.0.0.1',
    ERL_EPMD_PORT: String(epmd),
    RABBITMQ_NODENAME: `daybook-${port}@localhost`,
    RABBITMQ_MNESIA_BASE: at('data'),
    RABBITMQ_LOG_BASE: at('log'),
    RABBITMQ_CONFIG_FILE: at('rabbitmq.conf'),
    RABBITMQ_ENABLED_PLUGINS_FILE: at('plugins'),
    RABBITMQ_PID_FILE: at('pid'),
    RABBITMQ_DIST_PORT: String(distribution),
    RABBITMQ_NODE_PORT: String(amqp),
    RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: '-kernel inet_dist_use_interface {127,0,0,1} +S 2:2',
  }
  await Promise.all([mkdir(at('data')), mkdir(at('log'))])
  await writeFile(at('rabbitmq.conf'), `${settings.join('\n')}\n`)
  await writeFile(at('plugins'), '[rabbitmq_mqtt].\n')
  await writeFile(at('.erlang.cookie'), 'DAYBOOK', { mode: 0o400 })
  // The name server of Erlang: left to RabbitMQ, it would outlive it.
  const names = newServer({ name: 'epmd', command: ['epmd'], cwd: folder, env, port: epmd })
  const server = newServer({ name: 'RabbitMQ', command: [join(PROGRAM, 'rabbitmq-server')], cwd: folder, env, port })
  const broker: TestBroker = {
    url: `mqtt://127.0.0.1:${port}`,
    port,
    user,
    password,
    folder,
    get pid() {
      return server.pid
    },
    start: server.start,
    stop: server.stop,
    kill: server.kill,
    async [Symbol.asyncDispose]() {
      await server.kill()
      await names.kill()
      await rm(folder, { recursive: true, force: true })
    },
  }
  try {
    await names.start()
    await broker.start()
    return broker
  } catch (error) {
    await broker[Symbol.asyncDispose]()
    throw error
  }
}

/** The folder of its programs: what lies on PATH drops root, and could not read ours. */
function sbin(): string | undefined {
  const root = '/usr/lib/rabbitmq/lib'
  try {
    return readdirSync(root)
      .filter((name) => name.startsWith('rabbitmq_server-'))
      .map((name) => join(root, name, 'sbin'))
      .at(-1)
  } catch {
    return undefined
  }
}
