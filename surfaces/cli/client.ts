// The running app as the CLI sees it: where it is, and its operations over HTTP. Not for: what a verb does with them.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { DaybookError, type ErrorCode, errors } from '../../schemas/errors.ts'
import type { Operation } from '../operations/operation.ts'

export interface Client {
  readonly url: string
  /** Calls an operation; throws what it answered as a DaybookError, and `not_running` when nobody does. */
  call<Input, Output>(operation: Operation<Input, Output>, input: Record<string, unknown>): Promise<Output>
  /** Any path, with the token; same errors. */
  get(path: string, signal?: AbortSignal): Promise<Response>
  /** Bytes to a path; same errors. */
  put(path: string, bytes: Buffer, mediaType: string): Promise<Response>
}

export interface Address {
  url: string
  /** Null: only what anyone may call. */
  token: string | null
}

/** A running app: its HTTP, and where its broker listens (null: another's broker). */
export interface Running extends Address {
  token: string
  mqtt: string | null
}

/** Where Daybook keeps its secrets. */
export function credentialsFile(data: string): string {
  return join(data, 'credentials.json')
}

/** Whether an app uses this data folder, or was killed in it. */
export function hasRun(data: string): boolean {
  return existsSync(join(data, 'running.json'))
}

/** Where the app that uses this data folder is; throws `not_running`. */
export function findRunning(data: string): Running {
  const here = `The data folder is ${data}.`
  const running = readJson(join(data, 'running.json')) as {
    http?: { url?: unknown }
    mqtt?: { url?: unknown }
  } | null
  if (typeof running?.http?.url !== 'string') throw new DaybookError('not_running', here)
  const credentials = readJson(credentialsFile(data)) as { http?: { token?: unknown } } | null
  if (typeof credentials?.http?.token !== 'string') {
    throw new DaybookError('unauthorized', `${here} Its credentials.json is missing or has no http.token.`)
  }
  const mqtt = typeof running.mqtt?.url === 'string' ? running.mqtt.url : null
  return { url: running.http.url, token: credentials.http.token, mqtt }
}

/** Where the embedded Postgres is, once it has run; null before. */
export function readDatabaseUrl(data: string): string | null {
  const credentials = readJson(credentialsFile(data)) as { database?: { url?: unknown } } | null
  const url = credentials?.database?.url
  return typeof url === 'string' && URL.canParse(url) ? url : null
}

/** The token in a file, or in a whole credentials.json; throws `unauthorized`. */
export function readToken(file: string): string {
  const text = readText(file)
  if (text === null) throw new DaybookError('unauthorized', `${file}: there is no such file; --token-file names one.`)
  if (!text.trimStart().startsWith('{')) return text.trim()
  const { http } = parse(text, file) as { http?: { token?: string } }
  if (!http?.token) throw new DaybookError('unauthorized', `${file}: it has no http.token.`)
  return http.token
}

export function createClient({ url, token }: Address): Client {
  const base = url.replace(/\/+$/, '')
  if (!URL.canParse(base) || !/^https?:/.test(base))
    throw new DaybookError('usage', `--url ${url}: not a URL like http://127.0.0.1:8420.`)

  async function request(path: string, init: RequestInit = {}): Promise<Response> {
    let response: Response
    try {
      response = await fetch(base + path, {
        ...init,
        redirect: 'error',
        headers: {
          'content-type': 'application/json',
          ...init.headers,
          ...(token !== null && { authorization: `Bearer ${token}` }),
        },
      })
    } catch (error) {
      if (init.signal?.aborted) throw error
      const { cause, message } = error as Error & { cause?: { code?: string; message?: string } }
      throw new DaybookError('not_running', `${base}: ${cause?.code ?? cause?.message ?? message}.`, { cause: error })
    }
    if (response.ok) return response
    throw await problemIn(response, base)
  }

  return {
    url: base,
    async call<Input, Output>(operation: Operation<Input, Output>, input: Record<string, unknown>) {
      const response =
        operation.method === 'POST'
          ? await request(operation.path, { method: 'POST', body: JSON.stringify(input) })
          : await request(withParameters(operation.path, input), { method: operation.method })
      return (await response.json()) as Output
    },
    get: (path, signal) => request(path, signal ? { signal } : {}),
    put: (path, bytes, mediaType) =>
      request(path, { method: 'PUT', body: new Uint8Array(bytes), headers: { 'content-type': mediaType } }),
  }
}

function withParameters(path: string, input: Record<string, unknown>): string {
  const query = new URLSearchParams()
  let filled = path
  for (const [name, value] of Object.entries(input)) {
    if (value === undefined) continue
    const before = filled
    filled = filled.replace(`{${name}}`, () => encodeURIComponent(String(value)))
    if (filled === before) query.set(name, String(value))
  }
  return query.size > 0 ? `${filled}?${query}` : filled
}

async function problemIn(response: Response, base: string): Promise<DaybookError> {
  const problem = (await response.json().catch(() => null)) as { code?: string; detail?: string } | null
  const { code } = problem ?? {}
  if (code !== undefined && code in errors) return new DaybookError(code as ErrorCode, problem?.detail)
  return new DaybookError('not_running', `${base} answers with ${response.status}, but is no Daybook.`)
}

function readJson(file: string): unknown {
  const text = readText(file)
  return text === null ? null : parse(text, file)
}

/** Null if there is none; throws `forbidden` if it is not ours to read. */
function readText(file: string): string | null {
  if (!existsSync(file)) return null
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw new DaybookError('forbidden', `${(error as Error).message}; run this as the user that runs Daybook.`)
  }
}

function parse(text: string, file: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new DaybookError('not_json', `${file}: ${(error as Error).message}`)
  }
}
