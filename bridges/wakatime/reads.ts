// What the API is asked of the heartbeats that are kept: sums of days, projects, the latest. Read page by page, so that
// nothing waits for a long range. Not for: answers' forms (server.ts, summary.ts), or what is older than is kept.
import { setImmediate as turn } from 'node:timers/promises'
import type { Clock } from '../../component.ts'
import type { Day } from './days.ts'
import type { HeartbeatsFile } from './file.ts'
import type { Heartbeat } from './heartbeat.ts'
import { createSums } from './summary.ts'

const PAGE = 1000
const ALL_TIME_MS = 60_000

export interface Project {
  name: string
  /** Epoch µs. */
  first: number
  last: number
}

export type Reads = ReturnType<typeof createReads>

export function createReads({ statements }: HeartbeatsFile, clock: Clock, timeout: number) {
  let allTime: { at: number; seconds: number } | undefined

  async function* beatsOf(since: number, until: number): AsyncGenerator<Heartbeat> {
    let at = { time: since, hash: '' }
    for (;;) {
      const rows = statements.between.all(at.time, at.hash, until, PAGE) as {
        time: number
        hash: string
        beat: string
      }[]
      for (const { beat } of rows) yield JSON.parse(beat) as Heartbeat
      const last = rows.at(-1)
      if (!last || rows.length < PAGE) return
      at = last
      await turn()
    }
  }

  async function sumsOf({ since, until }: Pick<Day, 'since' | 'until'>, project?: string) {
    const sums = createSums(timeout)
    for await (const beat of beatsOf(since, until)) if (!project || beat.project === project) sums.add(beat)
    return sums
  }

  return {
    beatsOf,
    sumsOf,
    latest(): Heartbeat | undefined {
      const row = statements.latest.get() as { beat: string } | undefined
      return row && (JSON.parse(row.beat) as Heartbeat)
    },
    /** The longest ago, epoch µs; undefined: there are none. */
    first: () => (statements.first.get() as { time: number | null }).time ?? undefined,
    count: () => (statements.count.get() as { n: number }).n,
    async projects(): Promise<Project[]> {
      const found = new Map<string, Project>()
      for await (const { project, time } of beatsOf(0, Number.MAX_SAFE_INTEGER)) {
        if (!project) continue
        const known = found.get(project)
        if (known) known.last = time
        else found.set(project, { name: project, first: time, last: time })
      }
      return [...found.values()].sort((a, b) => b.last - a.last)
    },
    /** Seconds of all that is kept, at most a minute old. */
    async allTime(): Promise<number> {
      if (!allTime || clock.now() - allTime.at > ALL_TIME_MS) {
        const { sums } = await sumsOf({ since: 0, until: Number.MAX_SAFE_INTEGER })
        allTime = { at: clock.now(), seconds: sums.total }
      }
      return allTime.seconds
    },
  }
}
