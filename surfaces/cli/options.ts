// The fields of an operation's input as options of a verb, and back. Not for: options that no operation knows.
import { DaybookError } from '../../schemas/errors.ts'
import { type Field, fieldsOf } from '../operations/fields.ts'
import type { Operation } from '../operations/operation.ts'
import { parseTime } from './times.ts'
import type { Call, Option } from './verb.ts'

/** Fields that hold a moment: people write them as times. */
const times = new Set(['since', 'until', 'at'])

/** One option for each field but those named. */
export function optionsOf(operation: Operation, except: readonly string[] = []): Option[] {
  return fieldsOf(operation)
    .filter(({ name }) => !except.includes(name))
    .map((field) => {
      const value = placeholder(field)
      const summary = times.has(field.name)
        ? moment(field.description)
        : field.description || `With this ${words(field.name)}`
      return { name: kebab(field.name), summary: capital(summary), ...(value && { value }) }
    })
}

/** What was given, as the operation's input; throws `usage` for a time that is none. */
export function inputOf(operation: Operation, call: Call): Record<string, string> {
  const input: Record<string, string> = {}
  for (const { name } of fieldsOf(operation)) {
    const given = call.text(kebab(name))
    if (given === undefined) continue
    if (given === '') throw new DaybookError('usage', `--${kebab(name)} is empty; leave it out or give it a value.`)
    input[name] = times.has(name)
      ? String(parseTime(`--${kebab(name)}`, given, call.now, call.config().timezone))
      : given
  }
  return input
}

function placeholder({ name, schema }: Field): string | undefined {
  if (times.has(name)) return 'TIME'
  if (Array.isArray(schema.enum)) return schema.enum.join('|')
  if (schema.type === 'integer' || schema.type === 'number') return 'N'
  if (schema.type === 'string') return name.toUpperCase().endsWith('ID') ? 'ID' : kebab(name).toUpperCase()
  return undefined
}

const kebab = (name: string) => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
const words = (name: string) => kebab(name).replaceAll('-', ' ')
const capital = (text: string) => text.charAt(0).toUpperCase() + text.slice(1)
const moment = (description: string) => description.replace('epoch ms, ', '')
