// `npm run bench -- <name> [--json] [--option value]`: runs one bench, whose last line is its result as JSON. People's
// lines go to stderr. Not for: what a bench measures; each says so in its own file.
import { type ParseArgsOptionsConfig, parseArgs } from 'node:util'
import { type Bench, machine } from './bench.ts'
import { broker } from './broker.ts'
import { capture } from './capture.ts'
import { footprint } from './footprint.ts'
import { ingest } from './ingest.ts'
import { latency } from './latency.ts'
import { objects } from './objects.ts'
import { reconnect } from './reconnect.ts'

const benches: readonly Bench[] = [ingest, latency, broker, reconnect, objects, footprint, capture]

function help(): string {
  const lines = benches.map(({ name, summary, options }) => {
    const set = Object.entries(options).map(([option, usual]) => `--${option} ${usual === '' ? '<text>' : usual}`)
    return `  ${name.padEnd(10)} ${summary}\n${''.padEnd(13)}${set.join(' ')}`
  })
  return `npm run bench -- <name> [--json] [options, here with what holds without them]\n\n${lines.join('\n')}\n`
}

async function main(): Promise<number> {
  const [name = '', ...words] = process.argv.slice(2)
  const bench = benches.find((each) => each.name === name)
  const asked = ['--help', '-h', 'help'].includes(name) || words.includes('--help')
  if (!bench || asked) {
    if (!asked) process.stderr.write(name ? `There is no bench "${name}".\n\n` : 'Which one?\n\n')
    process[asked ? 'stdout' : 'stderr'].write(help())
    return asked ? 0 : 2
  }
  const options: ParseArgsOptionsConfig = { json: { type: 'boolean' } }
  for (const option of Object.keys(bench.options)) options[option] = { type: 'string' }
  const values: Record<string, unknown> = parseArgs({ args: words, options }).values
  const value = (option: string) => values[option] ?? bench.options[option]

  const cleanup = new AsyncDisposableStack()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      // What the bench waits for ends with it, and that is no error.
      process.stderr.write = () => true
      void cleanup.disposeAsync().finally(() => process.exit(130))
    })
  }
  try {
    const measured = await bench.run({
      number: (option) => Number(value(option)),
      text: (option) => String(value(option)),
      cleanup,
      say: (line) => values.json || process.stderr.write(`${line}\n`),
    })
    process.stdout.write(`${JSON.stringify({ bench: bench.name, ...measured, machine: machine() })}\n`)
    return 0
  } finally {
    await cleanup.disposeAsync()
  }
}

process.exitCode = await main().catch((error) => {
  const usage = error.code?.startsWith('ERR_PARSE_ARGS')
  process.stderr.write(`${usage ? error.message : error.stack}\n`)
  return usage ? 2 : 1
})
