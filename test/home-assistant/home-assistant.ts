// Runs a real Home Assistant on 127.0.0.1 in a folder of its own: made a user by its own onboarding, started, stopped and
// started again. Not for: installing it (install.ts).
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { configuration } from './configuration.ts'

/** Its first start installs what its integrations need. */
const START_MS = 280_000
const STOP_MS = 30_000
const CLIENT = 'http://127.0.0.1/'

export interface HomeAssistant {
  readonly url: string
  readonly token: string
  /** Resolves when it is RUNNING. */
  start(): Promise<void>
  /** As when its machine is shut down. */
  stop(): Promise<void>
  /** An answer of its REST API; the path starts after /api/. */
  get(path: string): Promise<unknown>
  call(service: string, data?: Record<string, unknown>): Promise<void>
  /** Stops it and removes its folder. */
  remove(): Promise<void>
}

/** Starts one that was never started before. */
export async function newHomeAssistant(python: string, port: number): Promise<HomeAssistant> {
  const folder = await mkdtemp(join(tmpdir(), 'daybook-home-assistant-'))
  await writeFile(join(folder, 'configuration.yaml'), configuration(port))
  const url = `http://127.0.0.1:${port}`
  let child: ChildProcess | undefined
  let token = ''

  async function get(path: string): Promise<unknown> {
    const response = await fetch(`${url}/api/${path}`, { headers: { authorization: `Bearer ${token}` } })
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`)
    return response.json()
  }

  async function post(path: string, body: unknown): Promise<unknown> {
    const form = body instanceof URLSearchParams
    const response = await fetch(url + path, {
      method: 'POST',
      headers: {
        ...(token && { authorization: `Bearer ${token}` }),
        ...(!form && { 'content-type': 'application/json' }),
      },
      body: form ? body : JSON.stringify(body),
    })
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`)
    return response.json()
  }

  async function start(): Promise<void> {
    const started = spawn(python, ['-m', 'homeassistant', '--config', folder], { stdio: ['ignore', 'pipe', 'pipe'] })
    child = started
    let output = ''
    for (const stream of [started.stdout, started.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        output = (output + text).slice(-4000)
      })
    }
    const until = Date.now() + START_MS
    for (;;) {
      if (started.exitCode !== null) throw new Error(`Home Assistant ended with ${started.exitCode}:\n${output}`)
      if (Date.now() > until) throw new Error(`Home Assistant did not start in ${START_MS} ms:\n${output}`)
      if (await isUp()) return
      await new Promise((resolve) => setTimeout(resolve, 250))
    }
  }

  /** A new one is up when it can be onboarded, which gives the token; then as when it says RUNNING. */
  async function isUp(): Promise<boolean> {
    try {
      if (token === '') token = await onboard(post, url)
      const { state } = (await get('config')) as { state: string }
      return state === 'RUNNING'
    } catch {
      return false
    }
  }

  async function stop(): Promise<void> {
    const ending = child
    child = undefined
    if (!ending || ending.exitCode !== null) return
    const ended = new Promise((resolve) => ending.once('exit', resolve))
    ending.kill('SIGTERM')
    const timer = setTimeout(() => ending.kill('SIGKILL'), STOP_MS)
    await ended
    clearTimeout(timer)
  }

  const home: HomeAssistant = {
    url,
    get token() {
      return token
    },
    start,
    stop,
    get,
    async call(service, data = {}) {
      await post(`/api/services/${service.replace('.', '/')}`, data)
    },
    async remove() {
      await stop()
      await rm(folder, { recursive: true, force: true, maxRetries: 5 })
    },
  }
  try {
    await start()
  } catch (error) {
    await home.remove()
    throw error
  }
  return home
}

/** The first user, as the first visitor of its pages makes it, and a long-lived token of theirs. */
async function onboard(post: (path: string, body: unknown) => Promise<unknown>, url: string): Promise<string> {
  const user = { client_id: CLIENT, name: 'Journey', username: 'journey', password: 'a-test-password', language: 'en' }
  const { auth_code } = (await post('/api/onboarding/users', user)) as { auth_code: string }
  const grant = { grant_type: 'authorization_code', code: auth_code, client_id: CLIENT }
  const { access_token } = (await post('/auth/token', new URLSearchParams(grant))) as { access_token: string }
  return longLivedToken(url, access_token)
}

function longLivedToken(url: string, access_token: string): Promise<string> {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/api/websocket`)
  return new Promise<string>((resolve, reject) => {
    socket.addEventListener('error', () => reject(new Error('no WebSocket')))
    socket.addEventListener('message', ({ data }) => {
      const message = JSON.parse(data) as { type: string; result?: string }
      if (message.type === 'auth_required') socket.send(JSON.stringify({ type: 'auth', access_token }))
      if (message.type === 'auth_ok') {
        const command = { id: 1, type: 'auth/long_lived_access_token', client_name: 'journey', lifespan: 1 }
        socket.send(JSON.stringify(command))
      }
      if (message.type === 'result' && message.result) resolve(message.result)
      else if (message.type === 'result' || message.type === 'auth_invalid') reject(new Error(data))
    })
  }).finally(() => socket.close())
}
