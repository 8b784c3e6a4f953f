// Whether what is seen on the bus is what docs/reference/asyncapi.yaml says: its topic is the address of a channel, its
// body is JSON and valid by that channel's schema. Not for: making the document (docs/render/asyncapi.ts).
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { Ajv } from 'ajv'
import { parse } from 'yaml'

const file = resolve(import.meta.dirname, '../docs/reference/asyncapi.yaml')
const ID = 'asyncapi'

interface Document {
  channels: Record<string, Channel>
}
interface Channel {
  address: string
  parameters?: Record<string, { enum?: string[] }>
  messages: Record<string, { $ref: string }>
}

/** Makes the check: null, or why the document does not allow such a message. */
export function asyncApiCheck(): (topic: string, body: Buffer | string) => string | null {
  const document = parse(readFileSync(file, 'utf8')) as Document
  // The document is no schema itself, it only holds some; its formats are what zod writes beside a pattern.
  const ajv = new Ajv({ strict: false, validateFormats: false }).addSchema({ ...document, $id: ID }, ID)
  const channels = Object.values(document.channels).map(({ address, parameters = {}, messages }) => ({
    meets: pattern(address, parameters),
    isValid: ajv.compile({ anyOf: Object.values(messages).map(({ $ref }) => ({ $ref: `${ID}${$ref}/payload` })) }),
  }))
  return (topic, body) => {
    const channel = channels.find(({ meets }) => meets.test(topic))
    if (!channel) return `${topic} is the address of no channel`
    let value: unknown
    try {
      value = JSON.parse(body.toString())
    } catch (error) {
      return `${topic}: ${(error as Error).message}`
    }
    return channel.isValid(value) ? null : `${topic}: ${ajv.errorsText(channel.isValid.errors)}`
  }
}

/** One level for each parameter, one of its values where they are few. */
function pattern(address: string, parameters: NonNullable<Channel['parameters']>): RegExp {
  const levels = address.split(/\{(\w+)\}/).map((part, index) => {
    if (index % 2 === 0) return part.replace(/[.+^$()|[\]\\]/g, '\\$&')
    return parameters[part]?.enum ? `(?:${parameters[part].enum.join('|')})` : '[^/]+'
  })
  return new RegExp(`^${levels.join('')}$`)
}
