// The command line: finds the verb, parses its options, runs it, and says what went wrong. Not for: what a verb does
// (cli/), or for starting the house, which main.ts hands in.
import { once } from 'node:events'
import type { Writable } from 'node:stream'
import { asDaybookError, DaybookError, errors } from '../schemas/errors.ts'
import { type Arguments, findVerb, parseArguments } from './cli/arguments.ts'
import { type Client, createClient, credentialsFile, findRunning, hasRun, readToken } from './cli/client.ts'
import { exitCodeOf, exitCodes } from './cli/exit-codes.ts'
import { aboutExitCodes, aboutVerb, overview } from './cli/help.ts'
import { verbs } from './cli/registry.ts'
import type { Call, CliConfig, Io } from './cli/verb.ts'

/** What main.ts hands in: as `Io`, but starting takes the whole configuration, of which the CLI sees only some. */
export type CliIo<Config extends CliConfig> = Omit<Io, 'config' | 'start'> & {
  config(file?: string): Config
  start(config: Config, options: { json: boolean }): Promise<number>
}

/** Runs one command line, without the program's name; resolves with the exit code and never rejects. */
export async function runCli<Config extends CliConfig>(argv: readonly string[], io: CliIo<Config>): Promise<number> {
  const json = argv.includes('--json')
  // A reader that has seen enough, as in `daybook query | head`, is no error.
  io.stdout.on('error', () => {})
  try {
    return await run(argv, { ...io, start: (file, options) => io.start(io.config(file), options) })
  } catch (thrown) {
    const error = asDaybookError(thrown)
    io.stderr.write(`${json ? JSON.stringify({ error: { code: error.code, message: error.message } }) : told(error)}\n`)
    return exitCodeOf(error.code)
  }
}

async function run(argv: readonly string[], io: Io): Promise<number> {
  const print = (lines: readonly string[]) => io.stdout.write(`${lines.join('\n')}\n`)
  const [name, ...rest] = argv
  if (name === undefined) {
    io.stderr.write(`${overview(verbs).join('\n')}\n`)
    return exitCodes.usage
  }
  if (name === 'help' || name === '--help' || name === '-h') {
    print(help(rest.find((word) => !word.startsWith('-'))))
    return exitCodes.ok
  }
  const verb = findVerb(verbs, name === '--version' || name === '-V' ? 'version' : name)
  const args = parseArguments(verb, rest)
  if (args.values.has('help')) {
    print(aboutVerb(verb))
    return exitCodes.ok
  }
  return verb.run(createCall(args, io))
}

function help(topic: string | undefined): string[] {
  if (topic === undefined) return overview(verbs)
  return topic === 'exit-codes' ? aboutExitCodes() : aboutVerb(findVerb(verbs, topic))
}

function createCall({ values, words }: Arguments, io: Io): Call {
  const text = (name: string) => values.get(name)?.at(-1)
  let config: CliConfig | undefined
  const call: Call = {
    io,
    words,
    text,
    flag: (name) => text(name) === 'true',
    all: (name) => values.get(name) ?? [],
    json: text('json') === 'true',
    now: Date.now(),
    config: () => {
      config ??= io.config(text('config'))
      return config
    },
    connect: () => connect(call),
    async print(...lines) {
      if (lines.length > 0) await write(io.stdout, `${lines.join('\n')}\n`)
    },
    interrupted() {
      const controller = new AbortController()
      for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => controller.abort())
      io.stdout.once('error', () => controller.abort())
      return controller.signal
    },
  }
  return call
}

/** Resolves once the stream takes more, or never will. */
async function write(stream: Writable, text: string): Promise<void> {
  if (stream.destroyed || stream.write(text)) return
  const settled = new AbortController()
  const { signal } = settled
  await Promise.race([once(stream, 'drain', { signal }), once(stream, 'close', { signal })]).catch(() => {})
  settled.abort()
}

function connect(call: Call): Client {
  const url = call.text('url')
  const tokenFile = call.text('token-file')
  if (url === undefined) {
    if (tokenFile !== undefined) throw new DaybookError('usage', '--token-file needs --url.')
    const { data } = call.config()
    // On a device that was enrolled the house is elsewhere.
    const enrolled = hasRun(data) ? null : call.io.enrolments.load(data)
    return createClient(enrolled?.house ?? findRunning(data))
  }
  return createClient({ url, token: readToken(tokenFile ?? credentialsFile(call.config().data)) })
}

/** For people: what happened, then how to see more. */
function told(error: DaybookError): string {
  const hint = error.code === 'usage' ? '\n`daybook help` shows how.' : ''
  const { sentence } = errors[error.code]
  const what = error.code === 'usage' ? error.detail : `${sentence} ${error.detail}`.trim()
  return `daybook: ${what || sentence}${hint}`
}
