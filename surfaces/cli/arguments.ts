// The command line as a verb, its options and its words. Every mistake names what is wrong and what was probably meant.
// Not for: what values mean.
import { parseArgs } from 'node:util'
import { DaybookError } from '../../schemas/errors.ts'
import { didYouMean } from '../nearest.ts'
import type { Option, Verb } from './verb.ts'

/** Options that every verb takes. */
export const commonOptions: readonly Option[] = [
  { name: 'json', summary: 'Print JSON for programs; errors go to stderr as JSON too' },
  { name: 'help', summary: 'Show this' },
  { name: 'config', value: 'FILE', summary: 'Read this file instead of daybook.yaml' },
  {
    name: 'url',
    value: 'URL',
    summary:
      'Talk to the Daybook at this URL; default: the one that uses the data folder, or that this device belongs to',
  },
  { name: 'token-file', value: 'FILE', summary: 'Read the token for --url from this file' },
]

export interface Arguments {
  values: ReadonlyMap<string, readonly string[]>
  words: readonly string[]
}

/** The verb that is called, if there is one of that name; throws `usage`. */
export function findVerb(verbs: readonly Verb[], name: string): Verb {
  const verb = verbs.find((each) => each.name === name)
  if (verb) return verb
  const names = verbs.map((each) => each.name)
  const meant = didYouMean(name, names)
  throw new DaybookError('usage', `"${name}": there is no such verb${meant || `; there are ${names.join(', ')}`}.`)
}

/** Throws `usage`. A flag has the value `true`, or what stands behind `=`. */
export function parseArguments(verb: Verb, args: readonly string[]): Arguments {
  const options = [...verb.options, ...commonOptions]
  const { tokens } = parseArgs({
    args: [...args],
    strict: false,
    tokens: true,
    options: {
      ...Object.fromEntries(options.map(({ name, value }) => [name, { type: value ? 'string' : 'boolean' } as const])),
      help: { type: 'boolean', short: 'h' },
    },
  })
  const values = new Map<string, string[]>()
  const words: string[] = []
  for (const token of tokens) {
    if (token.kind === 'positional') words.push(token.value)
    if (token.kind !== 'option') continue
    const option = options.find(({ name }) => name === token.name)
    if (!option) throw unknownOption(verb, token.rawName, options)
    const value = token.value ?? (option.value ? undefined : 'true')
    if (value === undefined)
      throw new DaybookError('usage', `--${option.name} needs a value: --${option.name} ${option.value}.`)
    const before = values.get(option.name)
    if (before && !option.many) throw new DaybookError('usage', `--${option.name} is given twice; give it once.`)
    values.set(option.name, [...(before ?? []), value])
  }
  if (words.length > 0 && verb.words === undefined && !values.has('help')) {
    throw new DaybookError('usage', `"${words[0]}": nothing may follow \`daybook ${verb.name}\` but options.`)
  }
  return { values, words }
}

function unknownOption(verb: Verb, raw: string, options: readonly Option[]): DaybookError {
  const name = raw.replace(/^-+/, '')
  const meant = didYouMean(
    name,
    options.map((option) => option.name),
    '--',
  )
  return new DaybookError('usage', `${raw}: \`daybook ${verb.name}\` has no such option${meant}.`)
}
