// Debian's Mosquitto, as it stands or with settings of a test, in a temporary folder. Not for: testing anything.
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { freePort } from '../home-assistant/proxy.ts'
import { newServer, type TestBroker } from './server.ts'

export interface MosquittoOptions {
  /** Lines of mosquitto.conf: `max_inflight_messages 1000`. */
  lines?: readonly string[]
  /** The text of a configuration file. What names a place, a port or a person in it is replaced by the test's own. */
  config?: string
  /** Default true: what it holds is saved on SIGTERM, and every half hour unless `lines` say otherwise. */
  persistence?: boolean
  /** Default false: it knows one user only. */
  anonymous?: boolean
  user?: string
  password?: string
}

const PROGRAM = ['/usr/sbin/mosquitto', '/usr/bin/mosquitto', '/usr/local/sbin/mosquitto'].find(existsSync)
/** What a test decides, whatever a configuration file says. */
const OURS =
  /^(listener|port|bind_address|socket_domain|user|allow_anonymous|password_file|acl_file|persistence|persistence_location|persistence_file|pid_file|log_dest|cafile|certfile|keyfile|protocol|include_dir)(\s|$)/

/** Why there is none, or null. */
export const mosquittoMissing = PROGRAM ? null : 'needs the Debian package mosquitto'

/** Started. It takes MQTT 3.1.1 and 5. */
export async function startMosquitto(options: MosquittoOptions = {}): Promise<TestBroker> {
  const { lines = [], config = '', persistence = true, anonymous = false } = options
  const { user = 'daybook', password = 'bus-secret' } = options
  if (!PROGRAM) throw new Error(mosquittoMissing ?? '')
  const folder = await mkdtemp(join(tmpdir(), 'daybook-mosquitto-'))
  const port = await freePort()
  const passwords = join(folder, 'passwords')
  const file = join(folder, 'mosquitto.conf')
  const given = [...config.split('\n'), ...lines].filter((line) => !OURS.test(line))
  const ours = [
    `listener ${port} 127.0.0.1`,
    // It gives up root for somebody who could not read the folder.
    `user ${userInfo().username}`,
    anonymous ? 'allow_anonymous true' : `allow_anonymous false\npassword_file ${passwords}`,
    `persistence ${persistence}`,
    `persistence_location ${folder}/`,
    'log_dest stderr',
  ]
  await writeFile(file, [...given, ...ours, ''].join('\n'))
  await writeFile(passwords, '', { mode: 0o600 })
  const server = newServer({ name: 'Mosquitto', command: [PROGRAM, '-c', file], cwd: folder, port })
  const broker: TestBroker = {
    url: `mqtt://127.0.0.1:${port}`,
    port,
    user: anonymous ? undefined : user,
    password: anonymous ? undefined : password,
    folder,
    get pid() {
      return server.pid
    },
    start: server.start,
    stop: server.stop,
    kill: server.kill,
    async [Symbol.asyncDispose]() {
      await server.kill()
      await rm(folder, { recursive: true, force: true })
    },
  }
  try {
    await promisify(execFile)('mosquitto_passwd', ['-b', passwords, user, password])
    await broker.start()
    return broker
  } catch (error) {
    await broker[Symbol.asyncDispose]()
    throw error
  }
}
