// The receiver of Claude Code's own telemetry: OTLP over HTTP (opentelemetry.io, "OTLP Specification 1.x", section OTLP/HTTP),
// logs and metrics, JSON and protobuf. Costs and tokens of each request become activities; what hooks tell anyway does not.
// Not for: traces, or the telemetry of other programs, which is answered and dropped.
import { hash, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'
import { gunzip, inflate } from 'node:zlib'
import { asDaybookError } from '../../../schemas/errors.ts'
import type { BridgeHost, Guest, Notification } from '../../bridge.ts'
import type { Known } from '../known.ts'
import { SERVICE, tellRecord } from './events.ts'
import { type OtlpPoint, type OtlpRecord, pointsIn, recordsIn } from './otlp.ts'
import { messages, readMessage, writeNumberAndText, writeWithin } from './protobuf.ts'
import { createSums } from './sums.ts'

/** What the bridge lists under `paths`. */
export const telemetryPaths = ['/v1/logs', '/v1/metrics'] as const

/** The activity types that telemetry adds to those of hooks. */
export const telemetryTypes = ['usage'] as const

export interface TelemetryParts {
  host: Pick<BridgeHost<unknown>, 'space' | 'clock' | 'log' | 'state' | 'emit' | 'key'>
  known: Known
  source: string
}

export interface Telemetry {
  /** See OpenBridge.serve. */
  serve(request: Request, guest: Guest): Promise<Response>
  /** How many things of the past are no longer remembered. */
  forget(since: number, until: number): number
  figures(): Record<string, number>
}

/** Bytes of a request, packed and unpacked, and records in it. */
const MOST = { packed: 4 * 1024 * 1024, plain: 16 * 1024 * 1024, records: 5_000 }
const RETRY_AFTER_S = 30
const unpack = { gzip: promisify(gunzip), deflate: promisify(inflate) } as const

/** The codes of google.rpc.Code that an answer bears. */
const codes: Record<number, number> = { 400: 3, 401: 16, 404: 5, 405: 12, 413: 8, 415: 3, 503: 14 }

class Refusal extends Error {
  readonly status: number
  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

export function openTelemetry({ host, source }: TelemetryParts): Telemetry {
  const { space, state, key, log } = host
  const sums = createSums(state, { space, source })
  const counts = { telemetryKept: 0, telemetryPassedOver: 0, telemetryOfOthers: 0 }
  const strangers = new Set<string>()

  async function serve(request: Request, { trusted }: Guest): Promise<Response> {
    const isJson = mediaTypeOf(request) === 'application/json'
    try {
      if (!trusted && !shows(request.headers, key))
        throw new Refusal(401, 'Show the key of daybook connect claude-code.')
      const path = new URL(request.url).pathname
      const what = telemetryPaths.find((each) => each === path)
      if (!what) throw new Refusal(404, `There is nothing at ${path}.`)
      if (request.method !== 'POST') throw new Refusal(405, 'Telemetry is sent by POST.')
      const kind = what === '/v1/logs' ? 'logs' : 'metrics'
      const rejected = take(kind, await bodyOf(request, kind))
      return answer(isJson, kind, rejected)
    } catch (error) {
      if (!(error instanceof Refusal)) log.warn({ error }, 'telemetry could not be kept')
      return refuse(isJson, error instanceof Refusal ? error : refusalOf(error))
    }
  }

  /** How many there was no room for. */
  function take(kind: 'logs' | 'metrics', body: unknown): number {
    const all: OtlpRecord[] | OtlpPoint[] = kind === 'logs' ? recordsIn(body) : pointsIn(body)
    const within = all.slice(0, MOST.records)
    const own = within.filter(({ service }) => service === SERVICE)
    for (const { service } of within) if (service !== SERVICE) meet(service)
    const notifications: Notification[] = []
    if (kind === 'metrics') notifications.push(...sums.take(own as OtlpPoint[]).notifications)
    else notifications.push(...own.flatMap((one) => tellRecord(one, { space, source }) ?? []))
    host.emit(notifications)
    counts.telemetryKept += notifications.length
    counts.telemetryPassedOver += own.length - notifications.length
    counts.telemetryOfOthers += within.length - own.length
    return all.length - within.length
  }

  function meet(service: string): void {
    if (strangers.has(service) || strangers.size >= 100) return
    strangers.add(service)
    log.info({ service: service.slice(0, 100) }, 'telemetry of another program is answered and not kept')
  }

  return { serve, forget: sums.forget, figures: () => ({ ...counts }) }
}

/** A bearer token, either half of Basic, or `x-api-key`; a value may be written with %20 for its blank, as in a variable. */
function shows(headers: Headers, key: string): boolean {
  const [scheme = '', shown = ''] = (headers.get('authorization') ?? '').replace('%20', ' ').split(/ +/, 2)
  const basic = scheme.toLowerCase() === 'basic' ? Buffer.from(shown, 'base64').toString().split(':') : []
  const bearer = scheme.toLowerCase() === 'bearer' ? [shown] : []
  const digest = (text: string) => hash('sha256', text, 'buffer')
  return [...bearer, ...basic, headers.get('x-api-key') ?? ''].some((given) =>
    timingSafeEqual(digest(given), digest(key)),
  )
}

async function bodyOf(request: Request, kind: 'logs' | 'metrics'): Promise<unknown> {
  const mediaType = mediaTypeOf(request)
  if (mediaType !== 'application/json' && mediaType !== 'application/x-protobuf') {
    throw new Refusal(415, 'Telemetry comes as application/json or application/x-protobuf.')
  }
  const coding = (request.headers.get('content-encoding') ?? 'identity').trim().toLowerCase()
  if (coding !== 'identity' && coding !== 'gzip' && coding !== 'deflate') {
    throw new Refusal(415, 'Telemetry is packed by gzip or deflate, or not at all.')
  }
  const sent = await read(request, coding === 'identity' ? MOST.plain : MOST.packed)
  const bytes = coding === 'identity' ? sent : await plain(sent, coding)
  try {
    return mediaType === 'application/json' ? JSON.parse(bytes.toString()) : readMessage(bytes, messages[kind])
  } catch (error) {
    throw new Refusal(400, `The body cannot be read: ${(error as Error).message}`)
  }
}

async function read(request: Request, most: number): Promise<Buffer> {
  const parts: Uint8Array[] = []
  let size = 0
  for await (const part of request.body ?? []) {
    size += part.length
    if (size > most) throw new Refusal(413, `A request may have ${most} bytes.`)
    parts.push(part)
  }
  return Buffer.concat(parts)
}

async function plain(packed: Buffer, coding: 'gzip' | 'deflate'): Promise<Buffer> {
  try {
    return await unpack[coding](packed, { maxOutputLength: MOST.plain })
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ERR_BUFFER_TOO_LARGE') throw new Refusal(413, `A request may have ${MOST.plain} bytes when unpacked.`)
    throw new Refusal(400, 'The body cannot be unpacked.')
  }
}

/** Full success is an empty message; partial success says how many there was no room for. */
function answer(isJson: boolean, kind: 'logs' | 'metrics', rejected: number): Response {
  const headers = { 'content-type': isJson ? 'application/json' : 'application/x-protobuf' }
  const name = kind === 'logs' ? 'rejectedLogRecords' : 'rejectedDataPoints'
  const message = `A request may have ${MOST.records} of them.`
  if (isJson) {
    const body = rejected === 0 ? {} : { partialSuccess: { [name]: String(rejected), errorMessage: message } }
    return new Response(JSON.stringify(body), { headers })
  }
  if (rejected === 0) return new Response(new Uint8Array(), { headers })
  return new Response(new Uint8Array(writeWithin(writeNumberAndText(rejected, message))), { headers })
}

function refuse(isJson: boolean, { status, message }: Refusal): Response {
  const code = codes[status] ?? 2
  const headers: Record<string, string> = { 'content-type': isJson ? 'application/json' : 'application/x-protobuf' }
  if (status === 401) headers['www-authenticate'] = 'Bearer'
  if (status === 405) headers.allow = 'POST'
  if (status === 503) headers['retry-after'] = String(RETRY_AFTER_S)
  const body = isJson ? JSON.stringify({ code, message }) : new Uint8Array(writeNumberAndText(code, message))
  return new Response(body, { status, headers })
}

/** What there is no room for now is sent again later; a program that sends it again for ever helps nobody. */
function refusalOf(error: unknown): Refusal {
  const { code, message } = asDaybookError(error)
  return ['outbox_full', 'data_unwritable', 'shutting_down'].includes(code)
    ? new Refusal(503, message)
    : new Refusal(400, 'It cannot be kept.')
}

function mediaTypeOf(request: Request): string {
  return (request.headers.get('content-type') ?? '').split(';')[0]?.trim().toLowerCase() ?? ''
}
