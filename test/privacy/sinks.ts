// Every way into a house by which a person's day comes in, fed with the corpus as each source would show it: a row a way. A
// new source is a row. Not for: what must not be found afterwards (test/e2e/privacy.test.ts).
import { mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { connectAsync } from 'mqtt'
import { topicsUnder } from '../../schemas/topics.ts'
import type { House } from '../house.ts'
import { placements, type Secret } from './corpus.ts'

export interface Target {
  house: House
  /** A folder of the person's, outside the data. */
  folder: string
  secrets: readonly Secret[]
}

export interface Sink {
  name: string
  /** Sends; resolves with how many rows of this producer or source there must be at the least afterwards. */
  send(target: Target): Promise<{ filter: string; rows: number }>
}

const topics = topicsUnder('daybook')
const BATCH = 500

/** Each secret in each place. */
function* placed(secrets: readonly Secret[]): Generator<{ secret: Secret; content: unknown }> {
  for (const { put, alone } of placements)
    for (const secret of secrets) if (!alone || secret.alone) yield { secret, content: put(secret) }
}

const factsOf = (content: unknown) => (typeof content === 'string' ? { text: content } : (content as object))
const textOf = (content: unknown) => (typeof content === 'string' ? content : JSON.stringify(content))

async function ok(answer: Response): Promise<unknown> {
  const text = await answer.text()
  if (!answer.ok) throw new Error(`${answer.url}: ${answer.status} ${text.slice(0, 300)}`)
  return JSON.parse(text || 'null')
}

const post = async (house: House, path: string, body: unknown) =>
  ok(await house.api(path, { method: 'POST', body: JSON.stringify(body) }))

interface SourceAnswer {
  urls: string[]
  key: string
}

const sourceOf = async ({ house }: Target, name: string) =>
  (await ok(await house.api(`/api/v1/sources/${name}`))) as SourceAnswer

export const sinks: readonly Sink[] = [
  {
    name: 'HTTP',
    async send({ house, secrets }) {
      const now = Date.now()
      const all = [...placed(secrets)].map(({ content }, index) => ({
        id: `corpus/${index}`,
        source: 'corpus',
        type: 'shown',
        producer: 'corpus-http',
        summary: textOf(content).slice(0, 512),
        timestamp: now - index,
        data: factsOf(content),
        sessionId: textOf(content).length > 200 ? 'corpus' : textOf(content),
      }))
      for (let at = 0; at < all.length; at += BATCH) await post(house, '/api/v1/activities', all.slice(at, at + BATCH))
      return { filter: 'producer=corpus-http', rows: all.length }
    },
  },
  {
    name: 'MQTT, also what is refused',
    async send({ house, secrets }) {
      const client = await connectAsync(house.ready.mqtt.url, { ...house.credentials.mqtt, reconnectPeriod: 0 })
      const topic = topics.activity({ source: 'corpus', type: 'shown', producer: 'corpus-mqtt' })
      const now = Date.now()
      const about = (secret: Secret, index: number) => ({
        summary: `shows ${secret.phrase}`.slice(0, 512),
        timestamp: now - index,
        data: { title: secret.phrase, large: `${secret.phrase}\n`.repeat(30) },
      })
      const bodies = secrets.map((secret, index) => ({ id: `mqtt/${index}`, ...about(secret, index) }))
      const refused = secrets.map((secret, index) => ({ ...about(secret, index), timestamp: 'never' }))
      const odd = secrets.map(({ phrase }) => `no JSON but ${phrase}`)
      const payloads = [...[...bodies, ...refused].map((body) => JSON.stringify(body)), ...odd]
      await Promise.all(payloads.map((payload) => client.publishAsync(topic, payload, { qos: 1 })))
      await client.endAsync()
      return { filter: 'producer=corpus-mqtt', rows: bodies.length }
    },
  },
  {
    name: 'notes',
    async send({ house, secrets }) {
      for (const { phrase } of secrets) await post(house, '/api/v1/notes', { text: `for the attic: ${phrase}` })
      return { filter: 'source=manual', rows: secrets.length }
    },
  },
  {
    name: 'payloads',
    async send({ house, secrets }) {
      const text = [...placed(secrets)].map(({ content }) => textOf(content)).join('\n\n')
      for (const [index, type] of ['text/plain', 'application/x-ndjson', 'application/json'].entries()) {
        const body = type === 'application/json' ? JSON.stringify({ text }) : text
        const put = { method: 'PUT', body, headers: { 'content-type': type } }
        const contentRef = await ok(await house.api('/api/v1/objects', put))
        const about = { source: 'corpus', type: 'kept', producer: 'corpus-objects', summary: 'kept' }
        await post(house, '/api/v1/activities', { ...about, id: `kept/${index}`, timestamp: Date.now(), contentRef })
      }
      return { filter: 'producer=corpus-objects', rows: 3 }
    },
  },
  {
    name: 'ActivityWatch',
    async send(target) {
      const { urls } = await sourceOf(target, 'activitywatch')
      const headers = { 'content-type': 'application/json' }
      const send = async (path: string, body: unknown) => {
        const request = { method: 'POST', headers, body: JSON.stringify(body) }
        const answer = await fetch(`${urls[0]}/api/0/buckets/${path}`, request)
        if (!answer.ok && answer.status !== 304) throw new Error(`${path}: ${answer.status}`)
      }
      const began = Date.now() - 3_600_000
      const kinds: [bucket: string, type: string, facts: (secret: Secret) => Record<string, unknown>][] = [
        [
          'aw-watcher-web-firefox_desk',
          'web.tab.current',
          ({ phrase, alone }) => ({
            url: `https://shop.example/${alone ? encodeURIComponent(phrase) : 'find'}?q=${encodeURIComponent(phrase)}#${phrase}`,
            title: phrase,
            audible: false,
          }),
        ],
        ['aw-watcher-window_desk', 'currentwindow', ({ phrase }) => ({ app: 'xterm', title: `${phrase} — Terminal` })],
      ]
      for (const [bucket, type, facts] of kinds) {
        await send(bucket, { client: 'aw-watcher-test', type, hostname: 'desk' })
        for (const [index, secret] of target.secrets.entries()) {
          const timestamp = new Date(began + index * 5_000).toISOString()
          await send(`${bucket}/heartbeat?pulsetime=1`, { timestamp, duration: 0, data: facts(secret) })
        }
      }
      // Two of a kind are one.
      return { filter: 'source=window', rows: Math.floor(target.secrets.length / 2) }
    },
  },
  {
    name: 'WakaTime',
    async send(target) {
      const { urls, key } = await sourceOf(target, 'wakatime')
      const time = Date.now() / 1000 - 7_200
      const beats = target.secrets.map(({ phrase, alone }, index) => ({
        entity: `/home/ada/work/${alone ? phrase : `main.ts ${phrase}`}`,
        type: 'file',
        category: 'coding',
        project: `house ${phrase}`,
        branch: alone ? `feature/${phrase}` : 'main',
        language: 'TypeScript',
        time: time + index * 10,
        user_agent: 'wakatime/v1 (linux) go1 vscode/1 vscode-wakatime/1',
      }))
      const authorization = `Basic ${Buffer.from(key).toString('base64')}`
      const headers = { authorization, 'content-type': 'application/json' }
      for (let at = 0; at < beats.length; at += 25) {
        const body = JSON.stringify(beats.slice(at, at + 25))
        await ok(await fetch(`${urls[0]}/users/current/heartbeats.bulk`, { method: 'POST', headers, body }))
      }
      return { filter: 'source=vscode', rows: 1 }
    },
  },
  {
    name: 'terminal',
    async send({ house, folder, secrets }) {
      const spool = join(folder, 'terminal-spool')
      mkdirSync(spool, { mode: 0o700 })
      await post(house, '/api/v1/sources/connect', { name: 'terminal', settings: { spool } })
      const at = Date.now() / 1000 - 3_600
      const lines = [...placed(secrets)].flatMap(({ content }) => (typeof content === 'string' ? [content] : []))
      const commands = lines.filter((line) => !line.includes('\0') && !line.startsWith(' '))
      const record = (fields: Record<string, string | number>) =>
        ['', 'daybook1', ...Object.entries(fields).map(([name, value]) => `${name}=${value}`), '.', ''].join('\0')
      const records = commands.flatMap((command, n) => {
        const begin = { kind: 'begin', session: 'corpus-session', n, at: (at + n / 10).toFixed(3), pid: process.pid }
        const where = { shell: 'bash', host: 'desk', cwd: '/home/ada/work', branch: 'main' }
        const end = { kind: 'end', session: 'corpus-session', n, exit: 0, ms: 50 }
        return [record({ ...begin, ...where, command }), record(end)]
      })
      writeFileSync(join(spool, `${process.pid}-corpus-session`), records.join(''), { mode: 0o600 })
      return { filter: 'source=terminal', rows: commands.length }
    },
  },
  {
    name: 'Claude Code, with its transcripts',
    async send({ house, folder, secrets }) {
      const spool = join(folder, 'claude-spool')
      mkdirSync(spool, { mode: 0o700 })
      await post(house, '/api/v1/sources/connect', { name: 'claude_code', settings: { spool } })
      const session = '074aa34a-00fa-4e1c-bc87-768b45e8b42d'
      const path = join(folder, `${session}.jsonl`)
      const about = { session_id: session, transcript_path: path, cwd: '/home/ada/work', permission_mode: 'default' }
      const lines = [...placed(secrets)].map(({ content }, index) => ({
        type: index % 2 ? 'user' : 'assistant',
        sessionId: session,
        uuid: `${index}`,
        timestamp: new Date().toISOString(),
        cwd: '/home/ada/work',
        message: {
          role: index % 2 ? 'user' : 'assistant',
          content: index % 3 ? textOf(content) : [{ type: 'text', text: textOf(content) }],
        },
        toolUseResult: content,
      }))
      writeFileSync(path, `${lines.map((line) => JSON.stringify(line)).join('\n')}\n`)
      let count = 0
      const hook = (event: string, body: object) => {
        const half = join(spool, '.half')
        writeFileSync(half, `claude_code ${event}\n${JSON.stringify({ ...about, hook_event_name: event, ...body })}`)
        renameSync(half, join(spool, `${String(++count).padStart(6, '0')}-0`))
      }
      hook('SessionStart', { source: 'startup' })
      for (const [index, { phrase }] of secrets.entries()) {
        const prompt_id = `prompt-${index}`
        hook('UserPromptSubmit', { prompt_id, prompt: `Please try this:\n\n${phrase}\n` })
        const use = { prompt_id, tool_name: 'Bash', tool_use_id: `use-${index}`, tool_input: { command: phrase } }
        hook('PreToolUse', use)
        hook('PostToolUse', { ...use, tool_response: { stdout: `ok\n${phrase}\n`, stderr: phrase }, duration_ms: 5 })
        hook('Stop', { prompt_id, stop_hook_active: false, last_assistant_message: `It says ${phrase}.` })
      }
      hook('SessionEnd', { reason: 'other' })
      return { filter: 'source=claude_code', rows: secrets.length * 3 }
    },
  },
  {
    name: 'OTLP',
    async send({ house, secrets }) {
      const attribute = (key: string, stringValue: string) => ({ key, value: { stringValue } })
      const logRecords = secrets.map(({ phrase }, index) => ({
        timeUnixNano: `${BigInt(Date.now() - index) * 1_000_000n}`,
        body: { stringValue: 'claude_code.user_prompt' },
        attributes: [
          attribute('event.name', index % 2 ? 'user_prompt' : 'api_error'),
          attribute('session.id', 'corpus'),
          attribute('prompt', phrase),
          attribute('error', phrase),
        ],
      }))
      const resource = { attributes: [attribute('service.name', 'claude-code')] }
      await post(house, '/v1/logs', { resourceLogs: [{ resource, scopeLogs: [{ scope: {}, logRecords }] }] })
      return { filter: 'source=claude_code', rows: 0 }
    },
  },
]
