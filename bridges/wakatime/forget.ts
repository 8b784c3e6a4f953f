// Forgets heartbeats that the bridge keeps for itself. Not for: activities made of them, which the house forgets.
import type { ForgetRequest } from '../bridge.ts'
import type { HeartbeatsFile } from './file.ts'
import type { Heartbeat } from './heartbeat.ts'

const PAGE = 1000

/** How many heartbeats that were. */
export function forget(file: HeartbeatsFile, { since = 0, until, source, entity }: ForgetRequest): number {
  const { statements, transaction } = file
  const end = until === undefined ? Number.MAX_SAFE_INTEGER : until * 1000
  const isMeant = (beat: Heartbeat) =>
    (source === undefined || source === 'wakatime' || source === beat.source) &&
    (entity === undefined || entity === beat.entity)
  return transaction(() => {
    let count = 0
    let at = { time: since * 1000, hash: '' }
    for (;;) {
      const rows = statements.between.all(at.time, at.hash, end, PAGE) as { time: number; hash: string; beat: string }[]
      for (const { hash, beat } of rows)
        if (isMeant(JSON.parse(beat))) count += Number(statements.remove.run(hash).changes)
      const last = rows.at(-1)
      if (!last || rows.length < PAGE) break
      at = last
    }
    if (entity === undefined && (source === undefined || source === 'wakatime'))
      statements.forgetAside.run(since, until ?? Number.MAX_SAFE_INTEGER)
    return count
  })
}
