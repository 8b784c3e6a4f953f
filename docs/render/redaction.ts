// docs/reference/redaction.md: what is taken out of every message before it is stored. Not for: how it is found.
import { redactionRules } from '../../pipeline/redact.ts'
import { pageHead, table } from './markdown.ts'

const introduction = `Before a notification leaves a bridge, and again before it is stored, every text in it goes through these rules. What one
finds is replaced by \`[redacted:<rule>]\`, and the rule is noted in \`data.redacted\`: the rule, never the value. Rules can
miss a secret that looks like nothing they know, so do not rely on them alone.`

/** One row a rule, in the order in which they apply. */
export function renderRedaction(): string {
  const rows = redactionRules.map(({ id, what }) => [`\`${id}\``, what])
  return [pageHead('Redaction', 'pipeline/redact.ts', introduction), table(['Rule', 'What it finds'], rows)].join('\n')
}
