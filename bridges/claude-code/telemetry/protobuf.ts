// Reads the protobuf of OTLP into the form that its JSON has, by a table of the fields that are read (opentelemetry-proto 1.x,
// whose numbers never change). Not for: writing more than an answer, or any other message.

/** How a field is written. `fixed64` becomes a decimal string, as in JSON. */
type Field =
  | { name: string; is: 'text' | 'flag' | 'number' | 'int64' | 'fixed64' | 'sfixed64' | 'double' | 'bytes' }
  | { name: string; is: () => Message; many?: boolean }
type Message = Readonly<Record<number, Field>>

const value: Message = {
  1: { name: 'stringValue', is: 'text' },
  2: { name: 'boolValue', is: 'flag' },
  3: { name: 'intValue', is: 'int64' },
  4: { name: 'doubleValue', is: 'double' },
  5: { name: 'arrayValue', is: () => ({ 1: { name: 'values', is: () => value, many: true } }) },
  6: { name: 'kvlistValue', is: () => ({ 1: { name: 'values', is: () => pair, many: true } }) },
  7: { name: 'bytesValue', is: 'bytes' },
}
const pair: Message = { 1: { name: 'key', is: 'text' }, 2: { name: 'value', is: () => value } }
const attributes = { name: 'attributes', is: () => pair, many: true }
const resource = { name: 'resource', is: () => ({ 1: attributes }) }
const record: Message = {
  1: { name: 'timeUnixNano', is: 'fixed64' },
  5: { name: 'body', is: () => value },
  6: attributes,
  11: { name: 'observedTimeUnixNano', is: 'fixed64' },
  12: { name: 'eventName', is: 'text' },
}
const point: Message = {
  2: { name: 'startTimeUnixNano', is: 'fixed64' },
  3: { name: 'timeUnixNano', is: 'fixed64' },
  4: { name: 'asDouble', is: 'double' },
  6: { name: 'asInt', is: 'sfixed64' },
  7: attributes,
}
const points: Message = {
  1: { name: 'dataPoints', is: () => point, many: true },
  2: { name: 'aggregationTemporality', is: 'number' },
}
const metric: Message = {
  1: { name: 'name', is: 'text' },
  5: { name: 'gauge', is: () => points },
  7: { name: 'sum', is: () => points },
}
const within = (outer: string, inner: string, what: () => Message): Message => ({
  1: {
    name: outer,
    many: true,
    is: () => ({
      1: resource,
      2: {
        name: inner,
        many: true,
        is: () => ({ 2: { name: inner === 'scopeLogs' ? 'logRecords' : 'metrics', is: what, many: true } }),
      },
    }),
  },
})

/** What is sent to `/v1/logs` and `/v1/metrics`. */
export const messages = {
  logs: within('resourceLogs', 'scopeLogs', () => record),
  metrics: within('resourceMetrics', 'scopeMetrics', () => metric),
} as const

const DEEPEST = 24

/** Throws for what is cut off, too deep, or of no wire type that there is. Unknown fields are passed over. */
export function readMessage(bytes: Buffer, message: Message, depth = 0): Record<string, unknown> {
  if (depth > DEEPEST) throw new Error('nested too deep')
  const read: Record<string, unknown> = {}
  let at = 0

  function varint(): bigint {
    let sum = 0n
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = bytes[at++]
      if (byte === undefined) throw new Error('cut off')
      sum |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) return BigInt.asUintN(64, sum)
    }
    throw new Error('a number without an end')
  }
  function take(length: number): Buffer {
    if (length > bytes.length - at) throw new Error('cut off')
    at += length
    return bytes.subarray(at - length, at)
  }

  while (at < bytes.length) {
    const tag = Number(varint())
    const field = message[tag >>> 3]
    const wire = tag & 7
    const raw =
      wire === 0
        ? varint()
        : wire === 1
          ? take(8)
          : wire === 2
            ? take(Number(varint()))
            : wire === 5
              ? take(4)
              : undefined
    if (raw === undefined) throw new Error(`wire type ${wire}`)
    if (!field) continue
    const one = readValue(raw, field, depth)
    if (one === undefined) continue
    if ('many' in field && field.many) read[field.name] = [...((read[field.name] as unknown[]) ?? []), one]
    else read[field.name] = one
  }
  return read
}

/** Undefined: it is written in another way than it should be. */
function readValue(raw: bigint | Buffer, field: Field, depth: number): unknown {
  if (typeof field.is === 'function') return Buffer.isBuffer(raw) ? readMessage(raw, field.is(), depth + 1) : undefined
  if (typeof raw === 'bigint') {
    if (field.is === 'flag') return raw !== 0n
    if (field.is === 'number') return Number(raw)
    return field.is === 'int64' ? String(BigInt.asIntN(64, raw)) : undefined
  }
  if (field.is === 'text') return raw.toString()
  if (field.is === 'bytes') return raw.toString('base64')
  if (raw.length !== 8) return undefined
  if (field.is === 'double') return raw.readDoubleLE()
  if (field.is === 'fixed64') return String(raw.readBigUInt64LE())
  return field.is === 'sfixed64' ? String(raw.readBigInt64LE()) : undefined
}

/** A message of a number (field 1) and a text (field 2): `google.rpc.Status`, or the partial success of an export. */
export function writeNumberAndText(number: number, text: string): Buffer {
  const bytes = Buffer.from(text)
  return Buffer.concat([Buffer.from([0x08, ...varintOf(number), 0x12, ...varintOf(bytes.length)]), bytes])
}

/** A message in field 1. */
export function writeWithin(message: Buffer): Buffer {
  return Buffer.concat([Buffer.from([0x0a, ...varintOf(message.length)]), message])
}

function varintOf(number: number): number[] {
  return number < 0x80 ? [number] : [(number & 0x7f) | 0x80, ...varintOf(number >>> 7)]
}
