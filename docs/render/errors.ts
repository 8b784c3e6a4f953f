// docs/reference/errors.md, from the closed table of errors. Not for: the CLI's exit codes, which its own help lists.
import { type Blame, type ErrorEntry, errors, type Remedy } from '../../schemas/errors.ts'
import { pageHead, table } from './markdown.ts'

const faults: Record<Blame, string> = {
  caller: 'the one who called or published',
  peer: 'a system beside Daybook',
  us: 'Daybook itself',
}

const remedies: Record<Remedy, string> = {
  reject: 'the same input will fail again',
  retry: 'trying again later helps',
  stop: 'a person must act first',
}

/** One row a code, in alphabetical order. */
export function renderErrors(): string {
  const entries: [string, ErrorEntry][] = Object.entries(errors)
  const rows = entries
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([code, { sentence, fault, remedy, status }]) => [`\`${code}\``, sentence, fault, remedy, String(status)])
  return [
    pageHead(
      'Errors',
      'schemas/errors.ts',
      'Everything that can go wrong has one of these codes, wherever it shows: in a problem+json answer, on the rejected\n' +
        'topic, in the output of the command line, in a health detail. The list is closed; codes do not change their meaning.',
    ),
    table(['Code', 'What it means', 'Fault', 'Remedy', 'HTTP'], rows),
    legend('Fault: who has to change something.', faults),
    legend('Remedy: what helps.', remedies),
  ].join('\n')
}

function legend(title: string, meanings: Record<string, string>): string {
  return `${title}\n\n${Object.entries(meanings)
    .map(([word, meaning]) => `- **${word}**: ${meaning}`)
    .join('\n')}\n`
}
