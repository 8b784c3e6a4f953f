// What an export of OTLP says, from the form that its JSON has: records and points with their attributes as plain values.
// Pure. Not for: what a record means (events.ts), or bytes (protobuf.ts).

export type Attributes = Record<string, string | number | boolean>

export interface OtlpRecord {
  service: string
  /** As in `claude_code.api_request`. */
  name: string
  /** Epoch ms. */
  at: number
  attributes: Attributes
}

export interface OtlpPoint extends OtlpRecord {
  value: number
  /** Since when it was counted, epoch ms. */
  since: number
  /** True: everything since then; false: what came since the last point. */
  cumulative: boolean
}

type Facts = Record<string, unknown>

const ATTRIBUTES_MOST = 128
const TEXT_MOST = 4_096

export function recordsIn(body: unknown): OtlpRecord[] {
  return inScopes(body, 'resourceLogs', 'scopeLogs', 'logRecords').map(({ service, one }) => {
    const attributes = attributesIn(one.attributes)
    const said = anyValue(one.body)
    const name =
      textOf(one.eventName) ?? (typeof said === 'string' ? said : undefined) ?? textOf(attributes['event.name'])
    const at = msOf(one.timeUnixNano) ?? msOf(one.observedTimeUnixNano) ?? Number.NaN
    return { service, name: name ?? '', at, attributes }
  })
}

export function pointsIn(body: unknown): OtlpPoint[] {
  return inScopes(body, 'resourceMetrics', 'scopeMetrics', 'metrics').flatMap(({ service, one }) => {
    const sum = objectOf(one.sum)
    return listOf(sum.dataPoints).map((point) => ({
      service,
      name: textOf(one.name) ?? '',
      at: msOf(point.timeUnixNano) ?? Number.NaN,
      since: msOf(point.startTimeUnixNano) ?? 0,
      value: Number(point.asDouble ?? point.asInt ?? Number.NaN),
      // As enum numbers or, by some, as their names.
      cumulative:
        sum.aggregationTemporality === 2 || sum.aggregationTemporality === 'AGGREGATION_TEMPORALITY_CUMULATIVE',
      attributes: attributesIn(point.attributes),
    }))
  })
}

function inScopes(body: unknown, outer: string, scopes: string, inner: string): { service: string; one: Facts }[] {
  return listOf(objectOf(body)[outer]).flatMap((each) => {
    const service = textOf(attributesIn(objectOf(each.resource).attributes)['service.name']) ?? ''
    return listOf(each[scopes]).flatMap((scope) => listOf(scope[inner]).map((one) => ({ service, one })))
  })
}

function attributesIn(list: unknown): Attributes {
  const attributes: Attributes = {}
  for (const { key, value } of listOf(list).slice(0, ATTRIBUTES_MOST)) {
    const plain = anyValue(value)
    if (typeof key === 'string' && key !== '__proto__' && plain !== undefined) attributes[key] = plain
  }
  return attributes
}

/** Lists and maps are not read. */
function anyValue(value: unknown): string | number | boolean | undefined {
  const { stringValue, boolValue, intValue, doubleValue } = objectOf(value)
  if (typeof stringValue === 'string') return stringValue.slice(0, TEXT_MOST).toWellFormed()
  if (typeof boolValue === 'boolean') return boolValue
  const number = intValue ?? doubleValue
  return number === undefined || number === null || !Number.isFinite(Number(number)) ? undefined : Number(number)
}

/** 64-bit numbers are strings in JSON. */
function msOf(nanos: unknown): number | undefined {
  const ms = Math.floor(Number(nanos) / 1e6)
  return Number.isSafeInteger(ms) && ms > 0 ? ms : undefined
}

function listOf(value: unknown): Facts[] {
  return Array.isArray(value) ? value.map(objectOf) : []
}

function objectOf(value: unknown): Facts {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Facts) : {}
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}
