// What a run of the kill matrix says: as JSON for programs, as a table for docs/reliability.md. Pure. Not for: running.
import type { Tally } from './oracle.ts'
import { type BrokerName, type Moment, meanings, moments, type Part, parts, senseless } from './plan.ts'
import type { Played } from './round.ts'

export interface Report {
  chaos: 'kill-matrix'
  seed: number
  rounds: number
  /** Rounds after which something did not hold, with what. */
  failures: Played[]
  cells: CellReport[]
  /** By broker. */
  tallies: Partial<Record<BrokerName, Tally>>
  /** Brokers that were wanted and are not here, with why. */
  skipped: Partial<Record<BrokerName, string>>
  seconds: number
}

export interface CellReport {
  broker: BrokerName
  part: Part
  moment: Moment
  rounds: number
  failed: number
  /** From the end of the load until everything was stored, ms: the middle one and the longest. */
  quietMs: [middle: number, longest: number]
}

export function cellsOf(played: readonly Played[]): CellReport[] {
  const byCell = Map.groupBy(played, ({ broker, part, moment }) => `${broker} ${part} ${moment}`)
  return [...byCell.values()].flatMap((rounds) => {
    const [first] = rounds
    if (!first) return []
    const { broker, part, moment } = first
    const times = rounds.map(({ quietMs }) => quietMs).sort((a, b) => a - b)
    const quietMs: [number, number] = [times[times.length >> 1] ?? 0, times.at(-1) ?? 0]
    const failed = rounds.filter(({ wrong }) => wrong.length > 0).length
    return [{ broker, part, moment, rounds: rounds.length, failed, quietMs }]
  })
}

/** What the words mean, and a table a broker: parts down, moments across. */
export function markdownOf({ seed, rounds, cells, tallies, skipped, failures, seconds }: Report): string {
  const lines = [
    `\`npm run chaos -- --rounds ${rounds} --seed ${seed}\` took ${Math.round(seconds / 60)} minutes. After ` +
      `**${failures.length} of ${rounds}** rounds something was missing, doubled, unreadable or wrongly booked.`,
    '',
    ...[...moments, ...parts].map((word) => `- *${word}*: ${meanings[word]}`),
    '',
    'A cell says after how many of its rounds something was wrong, and the longest time until everything was stored, from',
    'when the load ended, soon after the part was back. A dash: that cannot be, or would be the same as another.',
    '',
  ]
  for (const [broker, tally] of Object.entries(tallies) as [BrokerName, Tally][]) {
    lines.push(
      `| ${broker} | ${moments.join(' | ')} |`,
      `| --- |${moments.map(() => ' ---: |').join('')}`,
      ...parts.map((part) => rowText(broker, part, cells)).filter((row) => row !== ''),
      '',
      `Events produced: ${figure(tally.produced)}, stored: ${figure(tally.stored)}; payloads opened: ` +
        `${figure(tally.payloads)}; copies that came twice and were counted once: ${figure(tally.duplicates)}.`,
      '',
    )
  }
  for (const [broker, why] of Object.entries(skipped)) lines.push(`${broker} was skipped: ${why}`, '')
  return lines.join('\n')
}

function rowText(broker: BrokerName, part: Part, cells: readonly CellReport[]): string {
  const row = moments.map((moment) => {
    if (senseless({ broker, part, moment })) return '-'
    const cell = cells.find((each) => each.broker === broker && each.part === part && each.moment === moment)
    return cell ? cellText(cell) : 'not drawn'
  })
  return row.every((text) => text === '-') ? '' : `| ${part} | ${row.join(' | ')} |`
}

/** One round, in one line. */
export function lineOf({ number, broker, part, moment, what, ms, quietMs, wrong }: Played): string {
  const outcome = wrong.length === 0 ? 'ok' : `${wrong.length} WRONG`
  const time = `${(ms / 1000).toFixed(1)} s, quiet after ${(quietMs / 1000).toFixed(1)} s`
  return `${String(number).padStart(3)} ${broker} ${part} / ${moment}: ${what}: ${outcome} (${time})`
}

/** What a person needs to look into it. */
export function failureOf(
  seed: number,
  { number, seed: own, broker, part, moment, what, wrong }: Played,
  folder: string,
) {
  const most = wrong.slice(0, 20).map((each) => `    ${each}`)
  const more = wrong.length > most.length ? [`    and ${wrong.length - most.length} more`] : []
  const where = `seed ${seed}, round ${number} (its own seed ${own}): ${part} / ${moment} on ${broker}, ${what}`
  return [where, ...most, ...more, `    ${folder}`].join('\n')
}

function cellText({ rounds, failed, quietMs }: CellReport): string {
  const count = `${failed} of ${rounds}`
  return `${failed > 0 ? `**${count}**` : count}, ${(quietMs[1] / 1000).toFixed(1)} s`
}

function figure(count: number): string {
  return count.toLocaleString('en-US')
}
