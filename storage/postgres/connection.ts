// How this product talks to Postgres: pool, types and the meaning of its errors. Not for: queries, or for starting a
// server (server.ts).
import pg from 'pg'
import { DaybookError } from '../../schemas/errors.ts'

const INT8 = 20
const TIMESTAMPTZ = 1184

/** int8 as number (ours stay below 2^53), timestamptz as epoch ms. Handed to each client, no global state. */
const types: pg.CustomTypesConfig = {
  getTypeParser: ((oid: number, format?: 'text' | 'binary') => {
    if (oid === INT8) return Number
    if (oid === TIMESTAMPTZ) return (text: string) => Date.parse(text)
    return pg.types.getTypeParser(oid, format as 'text')
  }) as pg.CustomTypesConfig['getTypeParser'],
}

function settings(url: string, application: string, pipeline = false): pg.ClientConfig {
  // ISO output in UTC whatever the server's defaults are, so that times parse the same everywhere.
  const options = '-c timezone=UTC -c datestyle=ISO -c idle_in_transaction_session_timeout=60000'
  return {
    connectionString: url,
    application_name: application,
    options,
    types,
    connectionTimeoutMillis: 5_000,
    keepAlive: true,
    // Without it a peer that vanished while we wait for its answer would be waited for by the system's two hours.
    keepAliveInitialDelayMillis: 10_000,
    pipeline,
  }
}

export function createPool(url: string, application: string, onError: (error: Error) => void): pg.Pool {
  const pool = new pg.Pool({ ...settings(url, application), max: 6, idleTimeoutMillis: 30_000 })
  pool.on('error', onError)
  // The pool listens to a client only while that is idle; an error that nobody listens to would end the process.
  pool.on('connect', (client) => client.on('error', onError))
  return pool
}

/** A connected client of its own; the caller ends it. `onLost` is told once when the line breaks. */
export async function connect(
  url: string,
  { application, pipeline = false }: { application: string; pipeline?: boolean },
  onLost: (error: Error) => void,
): Promise<pg.Client> {
  const client = new pg.Client(settings(url, application, pipeline))
  let connected = false
  // While it connects, a failure is the rejection's to tell.
  client.on('error', (error) => connected && onLost(error))
  await client.connect()
  connected = true
  return client
}

/**
 * Runs queries on one line: together where it allows that, else one after the other. Rejects with the first failure, once
 * everything that was sent has ended: nothing fails unheard.
 */
export async function onLine<T extends readonly unknown[]>(
  client: pg.Client,
  queries: readonly [...{ [Index in keyof T]: () => Promise<T[Index]> }],
): Promise<T> {
  if (client.pipeline) {
    const sent = queries.map((query) => query())
    await Promise.allSettled(sent)
    return Promise.all(sent) as Promise<unknown> as Promise<T>
  }
  const answers: unknown[] = []
  for (const query of queries) answers.push(await query())
  return answers as readonly unknown[] as T
}

/** True if the line broke: whether the last statement was done is not known. An error of the statement says it was not. */
export function leavesUnknown(error: unknown): boolean {
  if (error instanceof pg.DatabaseError && error.severity === 'ERROR') return false
  return translateError(error).code === 'database_unavailable'
}

/** A Postgres or network error as one of ours, with the peer's own words as detail. */
export function translateError(thrown: unknown): DaybookError {
  if (thrown instanceof DaybookError) return thrown
  const error = thrown as Error & { code?: string }
  const state = error.code ?? ''
  const wrap = (code: ConstructorParameters<typeof DaybookError>[0]) =>
    new DaybookError(code, error.message, { cause: thrown })
  if (state === '40001' || state === '40P01' || state === '55P03') return wrap('database_conflict')
  // 22 data exception, 23 integrity, 54 program limit: the same row would fail again.
  if (/^(22|23|54)/.test(state)) return wrap('database_refused')
  // A bug of ours is no reason to wait for the peer.
  if (thrown instanceof TypeError || thrown instanceof RangeError || thrown instanceof SyntaxError)
    return wrap('internal')
  // Everything else, a lost line as well as a missing right or table, is for waiting until someone has mended it.
  return wrap('database_unavailable')
}
