// `npm run chaos`: kills every part of a running world at every kind of moment, and counts. Its report goes to stdout, a
// line a round to stderr. Not for: what a round is (round.ts), or which there are (plan.ts).
import { parseArgs } from 'node:util'
import { debianPostgresBinaries } from '../journey.ts'
import { installSeaweedFs } from '../s3/install.ts'
import { brokerMissing } from './brokers.ts'
import { oracleOf } from './oracle.ts'
import { type BrokerName, brokers, draw, type Part, parts, type Round } from './plan.ts'
import { cellsOf, failureOf, lineOf, markdownOf, type Report } from './report.ts'
import { type Played, play } from './round.ts'
import { makeWorld, type Programs, type World } from './world.ts'

const HELP = `npm run chaos -- [--rounds N] [--seed S] [--broker B] [--only PART] [--json] [--markdown] [--keep]

  Kills every part of a running Daybook at every kind of moment, and then counts: what is stored must be exactly
  what was produced, every payload must open, the books must agree. Exits with 1 if anything does not hold.

  --rounds N    how many; default 20. They spread evenly over all that makes sense.
  --seed S      draws the same rounds again; default: another one each time, which is told.
  --broker B    only on ${brokers.join(', ')}
  --only PART   only ${parts.join(', ')}
  --json        the report as one JSON line
  --markdown    the report as the tables of docs/reliability.md
  --keep        leaves the logs, journals and data of a world in which something did not hold

  It needs Debian's postgresql and mosquitto, Python for SeaweedFS, and Go for NATS; a broker that is not there is skipped.
`

interface Options {
  rounds: number
  seed: number
  brokers: readonly BrokerName[]
  part: Part | undefined
  keep: boolean
}

const say = (line: string) => void process.stderr.write(`${line}\n`)
const worlds = new Set<World>()

function optionsIn(values: Record<string, string | boolean | undefined>): Options | string {
  const rounds = Number(values.rounds ?? 20)
  const seed = Number(values.seed ?? Date.now() % 1_000_000)
  const broker = brokers.find((each) => each === values.broker)
  const part = parts.find((each) => each === values.only)
  if (!Number.isInteger(rounds) || rounds < 1) return '--rounds is a number from 1'
  if (!Number.isInteger(seed)) return '--seed is a whole number'
  if (values.broker !== undefined && !broker) return `--broker is one of ${brokers.join(', ')}`
  if (values.only !== undefined && !part) return `--only is one of ${parts.join(', ')}`
  return { rounds, seed, brokers: broker ? [broker] : brokers, part, keep: values.keep === true }
}

async function programs(): Promise<Programs | string> {
  const postgres = debianPostgresBinaries()
  const installed = await installSeaweedFs()
  if (postgres === null) return 'PostgreSQL is not here: apt-get install postgresql'
  return 'missing' in installed ? installed.missing : { postgres, weed: installed.weed }
}

async function run({ rounds, seed, brokers: wanted, part, keep }: Options, programs: Programs): Promise<Report> {
  const began = performance.now()
  const skipped: Report['skipped'] = {}
  for (const broker of wanted) {
    const why = await brokerMissing(broker)
    if (why) skipped[broker] = why
  }
  for (const [broker, why] of Object.entries(skipped)) say(`skipped ${broker}: ${why}`)
  const here = wanted.filter((broker) => !skipped[broker])
  const plan = draw({ rounds, seed, brokers: here, part })
  const played: Played[] = []
  const tallies: Report['tallies'] = {}
  for (const broker of here) {
    const ours = plan.filter((round) => round.broker === broker)
    if (ours.length > 0) await playOn(broker, ours)
  }

  /** A world in which something was lost is left for a new one, so that each round stands for itself. */
  async function playOn(broker: BrokerName, ours: readonly Round[]): Promise<void> {
    const left = [...ours]
    while (left.length > 0) {
      const world = await makeWorld(broker, programs)
      worlds.add(world)
      const oracle = oracleOf(world)
      let last: Played | undefined
      try {
        while (left.length > 0 && (last?.wrong.length ?? 0) === 0) {
          const round = left.shift() as Round
          last = await play(world, oracle, round)
          if (left.length === 0 && last.wrong.length === 0) last.wrong.push(...(await oracle.openAll()))
          played.push(last)
          say(lineOf(last))
        }
        if (last && last.wrong.length > 0) {
          if (keep) world.keep()
          say(failureOf(seed, last, keep ? world.folder : 'its folder is kept with --keep'))
        }
        const { produced = 0, stored = 0, payloads = 0, duplicates = 0 } = tallies[broker] ?? {}
        const { tally } = oracle
        tallies[broker] = {
          produced: produced + tally.produced,
          stored: stored + tally.stored,
          payloads: payloads + tally.payloads,
          duplicates: duplicates + tally.duplicates,
        }
      } finally {
        worlds.delete(world)
        await world[Symbol.asyncDispose]()
      }
    }
  }

  return {
    chaos: 'kill-matrix',
    seed,
    rounds: played.length,
    failures: played.filter(({ wrong }) => wrong.length > 0),
    cells: cellsOf(played),
    tallies,
    skipped,
    seconds: Math.round((performance.now() - began) / 1000),
  }
}

async function main(): Promise<number> {
  const flag = { type: 'boolean' } as const
  const text = { type: 'string' } as const
  const options = { rounds: text, seed: text, broker: text, only: text, keep: flag }
  const { values } = parseArgs({ options: { ...options, json: flag, markdown: flag, help: { ...flag, short: 'h' } } })
  if (values.help) {
    process.stdout.write(HELP)
    return 0
  }
  const chosen = optionsIn(values)
  const found = typeof chosen === 'string' ? chosen : await programs()
  if (typeof chosen === 'string' || typeof found === 'string') {
    say(String(found))
    return 2
  }
  say(`seed ${chosen.seed}`)
  const report = await run(chosen, found)
  if (values.json) process.stdout.write(`${JSON.stringify(report)}\n`)
  if (values.markdown) process.stdout.write(markdownOf(report))
  say(`${report.rounds} rounds in ${report.seconds} s, ${report.failures.length} failed`)
  return report.failures.length > 0 ? 1 : 0
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    void Promise.all([...worlds].map((world) => world[Symbol.asyncDispose]())).finally(() => process.exit(130))
  })
}

process.exitCode = await main().catch((error) => {
  say(error.code?.startsWith('ERR_PARSE_ARGS') ? error.message : error.stack)
  return error.code?.startsWith('ERR_PARSE_ARGS') ? 2 : 1
})
