// Every setting of a zod schema as a flat list: what a reference of the configuration is made from. Not for: checking
// values, which config.ts does, or for how the list is shown.
import { z } from 'zod'

/** One setting. */
export interface Setting {
  path: readonly string[]
  /** For people: text, number, a choice of words, ... */
  type: string
  /** As one would write it; undefined: none, or not the same everywhere (the description then says it). */
  default: string | undefined
  required: boolean
  description: string
}

type Node = Exclude<z.core.JSONSchema._JSONSchema, boolean>

/** The settings of a schema in the order in which they are declared; a section's own come before the sections in it. */
export function settingsOf(schema: z.ZodType): Setting[] {
  const node = z.toJSONSchema(schema, {
    io: 'input',
    unrepresentable: 'any',
    // zod leaves a default out where a transformation stands before it.
    override: ({ zodSchema, jsonSchema }) => {
      const { def } = zodSchema._zod
      if (def.type === 'default') jsonSchema.default = (def as z.core.$ZodDefaultDef).defaultValue as never
    },
  })
  return walk(node as Node, [], false)
}

function walk(node: Node, path: readonly string[], required: boolean): Setting[] {
  if (!node.properties) return [setting(node, path, required)]
  const inner = Object.entries(node.properties) as [string, Node][]
  const isSection = ([, child]: [string, Node]) => child.properties !== undefined
  return [...inner.filter((entry) => !isSection(entry)), ...inner.filter(isSection)].flatMap(([key, child]) =>
    walk(child, [...path, key], node.required?.includes(key) ?? false),
  )
}

function setting(node: Node, path: readonly string[], required: boolean): Setting {
  const description = node.description ?? ''
  const told = /\bdefault:/.test(description)
  return {
    path,
    type: typeName(node),
    default: node.default === undefined || told ? undefined : JSON.stringify(node.default).replace(/^"|"$/g, ''),
    required,
    description,
  }
}

function typeName(node: Node): string {
  const choices = node.anyOf ?? node.oneOf
  if (choices) return [...new Set((choices as Node[]).map(typeName))].join(' or ')
  if (node.enum) return node.enum.map((value) => `\`${value}\``).join(' or ')
  if (node.const !== undefined) return `\`${node.const}\``
  if (node.type === 'array') return `list of ${typeName((node.items ?? {}) as Node)}`
  if (node.type === 'object') return 'mapping'
  if (node.type === 'string') return node.format === 'uri' ? 'URL' : 'text'
  if (node.type === 'integer' || node.type === 'number') return 'number'
  if (node.type === 'boolean') return '`true` or `false`'
  return 'any'
}
