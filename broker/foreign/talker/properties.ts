// What rides along with a message where the broker speaks MQTT 5. Nothing needs it: everything stands in the body, too.
// Pure. Not for: brokers of MQTT 3.1.1, to which it is not sent (connect.ts).
import type { Topics } from '../../../schemas/topics.ts'
import type { Properties } from '../connection/connection.ts'

/** A state of a house that is no more goes away after this; while it lives, `publisher.ts` repeats it in time. */
const STATE_SECONDS = 7 * 24 * 60 * 60

/** `traceparent` as W3C Trace Context has it. */
export function propertiesOf(
  topics: Topics,
  topic: string,
  payload: string | Buffer,
  traceparent?: string,
): Properties | undefined {
  const properties: Properties = {}
  if (isJson(payload)) properties.contentType = 'application/json'
  if (traceparent !== undefined) properties.userProperties = { traceparent }
  if (payload.length > 0 && topic.startsWith(topics.state(''))) properties.messageExpiryInterval = STATE_SECONDS
  return Object.keys(properties).length > 0 ? properties : undefined
}

/** An object or an array, as everything is that we publish; told by its ends, for it may be large. */
function isJson(payload: string | Buffer): boolean {
  const ends =
    typeof payload === 'string' ? `${payload.at(0)}${payload.at(-1)}` : `${char(payload, 0)}${char(payload, -1)}`
  return ends === '{}' || ends === '[]'
}

function char(bytes: Buffer, at: number): string {
  return String.fromCharCode(bytes.at(at) ?? 0)
}
