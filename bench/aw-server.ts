// A real aw-server from PyPI, in its testing mode and with a HOME of its own: what capture is measured against. Not for:
// comparing answers, which test/e2e/activitywatch.test.ts does.
import { spawn } from 'node:child_process'
import { createServer } from 'node:net'
import { wallClock } from '../component.ts'
import { installed } from '../test/pypi.ts'
import { temporaryFolder } from './house.ts'

const wheel = {
  title: 'aw-server',
  wheel: 'aw-server',
  version: '0.12.0',
  program: 'aw-server',
  pins: [
    'aw-core==0.5.18',
    'aw-client==0.5.15',
    'peewee==3.17.6',
    'Flask==2.3.3',
    'Werkzeug==2.3.8',
    'flask-restx==1.3.2',
    'flask-cors==6.0.5',
    'jsonschema==4.26.0',
    'platformdirs==3.10.0',
    'persist-queue==1.1.0',
    'setuptools==80.9.0',
  ],
}
const START_MS = 30_000

export interface AwServer {
  url: string
  /** From its start until it answered, ms. */
  startMs: number
}

/** Ends with the bench. Null where it cannot be had, which `say` is told. */
export async function startAwServer(
  cleanup: AsyncDisposableStack,
  say: (line: string) => void,
): Promise<AwServer | null> {
  const program = await installed(wheel)
  if (typeof program !== 'string') {
    say(program.missing)
    return null
  }
  const port = await freePort()
  const env = { PATH: '/usr/bin:/bin', HOME: await temporaryFolder(cleanup), LANG: 'C.UTF-8' }
  const began = performance.now()
  const child = spawn(program, ['--testing', '--host', '127.0.0.1', '--port', String(port)], { env, stdio: 'ignore' })
  const ended = new Promise((resolve) => child.once('exit', resolve))
  cleanup.defer(async () => {
    child.kill('SIGKILL')
    await ended
  })
  const url = `http://127.0.0.1:${port}`
  await answering(url, began)
  return { url, startMs: performance.now() - began }
}

/** Resolves once an ActivityWatch server answers there. */
export async function answering(url: string, began: number): Promise<void> {
  while (performance.now() - began < START_MS) {
    const { ok } = await fetch(`${url}/api/0/info`).catch(() => ({ ok: false }))
    if (ok) return
    await wallClock.sleep(20)
  }
  throw new Error(`${url} does not answer`)
}

export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  if (typeof address !== 'object' || address === null) throw new Error('no port')
  return address.port
}
