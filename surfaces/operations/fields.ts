// The fields of an operation's input as JSON Schema says them: what HTTP parameters, CLI options and the reference are
// made from. Not for: checking an input, which zod does.
import { z } from 'zod'
import type { Operation } from './operation.ts'

export interface Field {
  name: string
  required: boolean
  description: string
  /** JSON Schema of the value. */
  schema: Record<string, unknown>
}

/** The fields in the order of their declaration; none if the input is not an object. */
export function fieldsOf(operation: Operation): Field[] {
  const schema = jsonSchema(operation.input)
  const object = (schema.$ref ? schema.$defs?.[schema.$ref.slice('#/$defs/'.length)] : schema) as ObjectSchema
  const required = new Set(object.required ?? [])
  return Object.entries(object.properties ?? {}).map(([name, { description = '', ...inner }]) => ({
    name,
    required: required.has(name),
    description: String(description),
    schema: inner,
  }))
}

export interface ObjectSchema {
  properties?: Record<string, Record<string, unknown>>
  required?: string[]
}

export interface RootSchema extends ObjectSchema {
  $ref?: string
  $defs?: Record<string, Record<string, unknown>>
  [keyword: string]: unknown
}

/** JSON Schema 2020-12, as a caller writes it; named schemas stand in `$defs`. */
export function jsonSchema(schema: z.ZodType): RootSchema {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' })
  return rest as RootSchema
}
