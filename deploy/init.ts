// What the service `init` of compose.yaml runs before all others, at each `up`: makes the secrets that are missing. With
// lines of the broker's password file as arguments it keeps those, too; `--remove <user>` takes one away. Not for: what a secret is (secrets.ts).
import { parseArgs } from 'node:util'
import { randomIds } from '../component.ts'
import { makeSecrets } from './secrets.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    data: { type: 'string', default: '/data' },
    secrets: { type: 'string', default: '/secrets' },
    /** <file>=<number of a group>, for each file that somebody else must read. */
    reader: { type: 'string', multiple: true, default: [] },
    remove: { type: 'string', multiple: true, default: [] },
  },
})

try {
  const groups = Object.fromEntries(values.reader.map((each) => each.split('='))) as Record<string, string>
  const made = makeSecrets({
    data: values.data,
    folder: values.secrets,
    groups: Object.fromEntries(Object.entries(groups).map(([name, group]) => [name, Number(group)])),
    lines: positionals,
    remove: values.remove,
    ids: randomIds,
  })
  console.log(made.length > 0 ? `wrote ${made.join(', ')}` : 'all secrets are there')
} catch (error) {
  console.error((error as Error).message)
  process.exitCode = 1
}
