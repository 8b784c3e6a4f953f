// What help says: about all verbs, one verb, or the exit codes; the reference is made from the same words. Pure. Not
// for: the verbs themselves.
import { commonOptions } from './arguments.ts'
import { exitCodeMeanings } from './exit-codes.ts'
import { columns } from './text.ts'
import type { Option, Verb } from './verb.ts'

export function overview(verbs: readonly Verb[]): string[] {
  return [
    'Usage: daybook <verb> [options]',
    '',
    ...columns(
      verbs.map(({ name, summary }) => [name, summary]),
      '  ',
    ),
    '',
    '`daybook <verb> --help` says more about a verb, `daybook help exit-codes` what the exit codes mean.',
  ]
}

export function aboutVerb(verb: Verb): string[] {
  const { name, summary, words, details, examples = [] } = verb
  return [
    `Usage: daybook ${name}${words ? ` ${words}` : ''} [options]`,
    '',
    `${summary}.`,
    ...(details ? ['', details] : []),
    '',
    'Options:',
    ...columns([...verb.options, ...commonOptions].map(optionRow), '  '),
    ...(examples.length > 0 ? ['', 'Examples:', ...examples.map((example) => `  daybook ${example}`)] : []),
  ]
}

export function aboutExitCodes(): string[] {
  return [
    'Exit codes:',
    '',
    ...columns(
      exitCodeMeanings.map(([code, meaning]) => [String(code), meaning]),
      '  ',
    ),
  ]
}

/** docs/reference/cli.md. */
export function cliReference(verbs: readonly Verb[]): string {
  const table = (options: readonly Option[]) => [
    '| option | what |',
    '|---|---|',
    ...options.map(optionRow).map((cells) => `| \`${cells.map((cell) => cell.replaceAll('|', '\\|')).join('` | ')} |`),
  ]
  const sections = verbs.flatMap((verb) => [
    `## daybook ${verb.name}`,
    '',
    `\`daybook ${verb.name}${verb.words ? ` ${verb.words}` : ''} [options]\``,
    '',
    `${verb.summary}.${verb.details ? ` ${verb.details}` : ''}`,
    '',
    ...(verb.options.length > 0 ? [...table(verb.options), ''] : []),
    ...(verb.examples ? ['```sh', ...verb.examples.map((example) => `daybook ${example}`), '```', ''] : []),
  ])
  return [
    '# The command line',
    '',
    'Made from the verbs themselves; change `surfaces/cli/`, not this file.',
    '',
    'Run it as `npx daybook <verb>` or `node main.ts <verb>`. Every verb takes:',
    '',
    ...table(commonOptions),
    '',
    ...sections,
    '## Exit codes',
    '',
    '| code | meaning |',
    '|---|---|',
    ...exitCodeMeanings.map(([code, meaning]) => `| ${code} | ${meaning} |`),
    '',
  ].join('\n')
}

function optionRow({ name, value, many, summary }: Option): string[] {
  return [`--${name}${value ? ` ${value}` : ''}`, many ? `${summary}; may be given several times` : summary]
}
