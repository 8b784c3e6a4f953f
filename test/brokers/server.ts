// A server that a test has for itself: started, killed and started again at will, and gone when the test is, however the
// test ends. Not for: what is special about any one broker.
import { type ChildProcess, spawn } from 'node:child_process'
import { connect } from 'node:net'
import { setTimeout } from 'node:timers/promises'

/** A broker on loopback. Whoever starts it disposes of it. */
export interface TestBroker extends AsyncDisposable {
  /** mqtt://127.0.0.1:<port>, the same over restarts. */
  readonly url: string
  readonly port: number
  readonly user: string | undefined
  readonly password: string | undefined
  /** Where it keeps what it keeps. */
  readonly folder: string
  /** Of the running process. */
  readonly pid: number | undefined
  /** In the same folder, on the same port. Resolves when clients can come. */
  start(): Promise<void>
  /** SIGTERM, so that it saves what it saves. */
  stop(): Promise<void>
  /** SIGKILL. */
  kill(): Promise<void>
}

export interface ServerOptions {
  name: string
  command: readonly [program: string, ...words: string[]]
  cwd: string
  env?: NodeJS.ProcessEnv
  /** Asked until it is true. Default: its port takes connections. */
  isReady?: () => Promise<boolean>
  port: number
  readyMs?: number
}

export type Server = Pick<TestBroker, 'pid' | 'start' | 'stop' | 'kill'> & {
  /** The last that it said. */
  readonly said: string
}

const STOP_MS = 30_000

/** Not started yet. */
export function newServer(options: ServerOptions): Server {
  const { name, command, cwd, env = process.env, port, isReady = () => accepts(port), readyMs = 60_000 } = options
  let child: ChildProcess | undefined
  let said = ''

  const runs = () => child !== undefined && child.exitCode === null && child.signalCode === null

  async function end(signal: NodeJS.Signals): Promise<void> {
    if (!child || !runs()) return
    const ending = child
    const gone = new Promise((resolve) => ending.once('exit', resolve))
    ending.kill(signal)
    const late = global.setTimeout(() => ending.kill('SIGKILL'), STOP_MS)
    await gone
    clearTimeout(late)
  }

  return {
    get pid() {
      return runs() ? child?.pid : undefined
    },
    get said() {
      return said
    },
    async start() {
      if (runs()) return
      const [program, ...words] = command
      child = spawn(program, words, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] })
      child.on('error', ({ message }) => {
        said += message
      })
      for (const stream of [child.stdout, child.stderr]) {
        stream?.on('data', (text: Buffer) => {
          said = (said + text).slice(-4000)
        })
      }
      if (child.pid) endWithUs(child, child.pid)
      const until = Date.now() + readyMs
      while (!(await isReady())) {
        if (Date.now() > until || !child.pid || !runs()) {
          await end('SIGKILL')
          throw new Error(`${name} does not start:\n${said}`)
        }
        await setTimeout(20)
      }
    },
    stop: () => end('SIGTERM'),
    kill: () => end('SIGKILL'),
  }
}

/** Whatever becomes of this process, also by SIGKILL: its end of the pipe closes, and the server is killed. */
function endWithUs(child: ChildProcess, pid: number): void {
  const watch = spawn('sh', ['-c', `read -r _; kill -9 ${pid}`], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  })
  watch.unref()
  child.once('exit', () => watch.kill('SIGKILL'))
}

export function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => resolve(true))
    socket.once('error', () => resolve(false))
    socket.once('close', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })
}
