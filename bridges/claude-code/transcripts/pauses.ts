// A copy of a transcript has no line from a pause: what was written then is left out whenever the copy is made. Not for:
// pausing, which the host does.
import type { BridgeState } from '../../bridge.ts'
import { readLine, textIn } from './lines.ts'
import { LINE_MOST } from './reader.ts'

/** Epoch ms; `until` is exclusive, null while it lasts. */
export interface Pause {
  since: number
  until: number | null
}

const KEY = 'transcripts/pauses'
const KEPT = 200
const NEWLINE = 10

export function createPauseLog(state: BridgeState) {
  let pauses = state.get<Pause[]>(KEY) ?? []
  return {
    set(paused: boolean, now: number): void {
      const last = pauses.at(-1)
      if (paused === (last?.until === null)) return
      pauses = paused
        ? [...pauses.slice(1 - KEPT), { since: now, until: null }]
        : pauses.map((pause) => ({ ...pause, until: pause.until ?? now }))
      state.set(KEY, pauses)
    },
    covers: (at: number) => pauses.some(({ since, until }) => at >= since && at < (until ?? Number.POSITIVE_INFINITY)),
    /** True if any pause touches this stretch. */
    touches: (from: number, to: number) =>
      pauses.some(({ since, until }) => since <= to && (until ?? Number.POSITIVE_INFINITY) > from),
  }
}

export type PauseLog = ReturnType<typeof createPauseLog>

/** The lines outside pauses; one that bears no time belongs to the one before it. */
export async function* outsidePauses(
  body: AsyncIterable<Uint8Array>,
  covers: (at: number) => boolean,
): AsyncGenerator<Uint8Array> {
  let begun: Buffer[] = []
  let inPause = false
  const judged = (line: Buffer) => {
    const at = timeOf(line)
    if (at !== undefined) inPause = covers(at)
    return !inPause
  }
  for await (const chunk of body) {
    const bytes = Buffer.from(chunk)
    let from = 0
    for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE, from)) {
      const line = Buffer.concat([...begun, bytes.subarray(from, end + 1)])
      if (judged(line)) yield line
      begun = []
      from = end + 1
    }
    if (from < bytes.length) begun.push(bytes.subarray(from))
  }
  const rest = Buffer.concat(begun)
  if (rest.length > 0 && judged(rest)) yield rest
}

/** A line's own time, epoch ms; what is too long to be read belongs to the one before it. */
function timeOf(line: Buffer): number | undefined {
  const facts = line.length > LINE_MOST ? undefined : readLine(line.toString())
  const at = Date.parse((facts && textIn(facts, 'timestamp')) ?? '')
  return Number.isFinite(at) ? at : undefined
}
