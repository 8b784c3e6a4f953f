// What became of a replay: told line by line where something went wrong, and in figures at its end. Not for: replaying.
import type { Published } from '../operations/publish-messages.ts'
import type { RecordedMessage } from './recording.ts'
import type { BadLine } from './replay-source.ts'
import { number, plain } from './text.ts'
import type { Call } from './verb.ts'

/** So many troubles are told one by one, the rest is only counted. */
const TOLD_MOST = 20

export type ReplayReport = ReturnType<typeof createReplayReport>

export function createReplayReport(call: Call) {
  const sum = { published: 0, stored: 0, duplicates: 0, suppressed: 0, rejected: 0, skipped: 0 }
  let badLines = 0
  let leftOut = 0
  let troubles = 0
  const tell = (trouble: Record<string, unknown>, text: string) => {
    troubles++
    if (troubles <= TOLD_MOST) call.io.stderr.write(`${call.json ? JSON.stringify(trouble) : text}\n`)
    else if (troubles === TOLD_MOST + 1 && !call.json) call.io.stderr.write('Further ones are only counted.\n')
  }

  return {
    bad({ line, bad, isCutOff = false }: BadLine): void {
      sum.skipped++
      if (!isCutOff) badLines++
      tell({ line, skipped: bad }, `line ${line}: ${isCutOff ? 'the recording breaks off here; ' : ''}${plain(bad)}`)
    },
    /** A message that the house itself will say again. */
    leftOut(): void {
      sum.skipped++
      leftOut++
    },
    took(answer: Published, sent: readonly RecordedMessage[]): void {
      for (const name of ['published', 'stored', 'duplicates', 'suppressed'] as const) sum[name] += answer[name]
      sum.rejected += answer.rejected.length
      for (const { index, code, message } of answer.rejected) {
        const topic = sent[index]?.topic ?? ''
        tell({ topic, rejected: code, message }, `rejected: ${plain(topic)}: ${plain(message)}`)
      }
    },
    /** Messages dealt with so far. */
    seen: () => sum.published + sum.rejected + sum.skipped,
    isClean: () => badLines === 0 && sum.rejected === 0,
    async print(prefix: string | undefined): Promise<void> {
      if (call.json) return call.print(JSON.stringify(sum))
      const where = prefix === undefined ? '' : ` under ${prefix}`
      const parts = [`Published ${number(sum.published)} ${sum.published === 1 ? 'message' : 'messages'}${where}`]
      if (sum.stored > 0) parts.push(`${number(sum.stored)} stored`)
      if (sum.duplicates > 0) parts.push(`${number(sum.duplicates)} known already`)
      if (sum.suppressed > 0) parts.push(`${number(sum.suppressed)} forgotten or paused`)
      if (sum.rejected > 0) parts.push(`${number(sum.rejected)} rejected`)
      if (badLines > 0) parts.push(`${number(badLines)} ${badLines === 1 ? 'line' : 'lines'} not understood`)
      if (leftOut > 0) parts.push(`${number(leftOut)} left out, as the house says them itself`)
      return call.print(`${parts.join(', ')}.`)
    },
    async printDry(count: number): Promise<void> {
      if (call.json) return call.print(JSON.stringify({ ...sum, wouldPublish: count }))
      return call.print(`${number(count)} would be published, ${number(sum.skipped)} skipped.`)
    },
  }
}
