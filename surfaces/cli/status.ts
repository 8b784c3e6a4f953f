// `daybook status`: the running house in one look. Not for: finding out why something is wrong (doctor.ts).
import { getStatus, type HouseStatus } from '../operations/get-status.ts'
import { bridgeWords } from './bridge-words.ts'
import { exitCodes } from './exit-codes.ts'
import { pauseWords } from './pause.ts'
import { columns, number, plain } from './text.ts'
import { ago, localDay, localTime } from './times.ts'
import type { Verb } from './verb.ts'

export const status: Verb = {
  name: 'status',
  summary: 'Show how Daybook is, and what each producer lost',
  options: [],
  details: 'Exits with 1 when something that is needed does not work; `daybook doctor` finds out why.',
  async run(call) {
    const client = call.connect()
    const answer = await client.call(getStatus, {})
    if (call.json) await call.print(JSON.stringify(answer))
    else await call.print(...statusLines(answer, { url: client.url, now: call.now, timeZone: call.config().timezone }))
    return answer.ready ? exitCodes.ok : exitCodes.failed
  },
}

export function statusLines(
  { version, ready, queue, watermark, pause, parts, producers, bridges }: HouseStatus,
  { url, now, timeZone }: { url: string; now: number; timeZone: string },
): string[] {
  const lines = [`Daybook ${version} is ${ready ? 'ready' : 'not ready'} at ${url}`, '']
  if (pause.paused) lines.push(`  ${pauseWords(pause, now, timeZone)}`, '')
  const rows = Object.entries(parts).map(([name, { state, detail, code }]) => [
    name,
    state,
    [code, detail && plain(detail)].filter(Boolean).join(': '),
  ])
  lines.push(...columns(rows, '  '), '')
  if (producers === null) lines.push('  The database does not answer: nothing is acknowledged until it does.')
  else if (producers.length === 0) lines.push('  Nothing has been sent yet. Try: daybook note "the first note"')
  else {
    const each = producers.map(({ producer, summary, rejected, lastSeenAt }) => [
      producer,
      summary,
      lastSeenAt === null ? 'never seen' : `last seen ${ago(lastSeenAt, now)}`,
      rejected > 0 ? `${number(rejected)} rejected` : '',
    ])
    lines.push(...columns(each, '  '))
  }
  const said = bridges.flatMap((bridge) => bridgeWords(bridge, now) ?? [])
  if (said.length > 0) lines.push('', ...said.map((words) => `  ${words}`))
  const { pending, error } = queue
  if (pending !== null)
    lines.push('', `  ${number(pending)} wait for enrichment${error ? `, ${number(error)} failed in it` : ''}`)
  if (watermark !== null) {
    lines.push(`  The latest event is of ${localTime(watermark, timeZone)}, ${localDay(watermark, timeZone)}`)
  }
  return lines
}
