// What a bridge says of itself, in a sentence for people. Pure. Not for: what it has lost, which its producer's line says.
import { CLOCK_TOLERANCE_MS } from '../../pipeline/bridge-statuses.ts'
import type { BridgeLine } from '../operations/get-status.ts'
import { number } from './text.ts'
import { span } from './times.ts'

/** `laptop: offline for 3 d; 2,100 waited there; its clock is 3 min behind`; undefined when there is nothing to say. */
export function bridgeWords(bridge: BridgeLine, now: number): string | undefined {
  const { producer, online, since, health, detail, clockOffsetMs } = bridge
  const long = since === null ? '' : ` for ${span(Math.max(0, now - since))}`
  const said = [
    online === false && `offline${long}`,
    online === null && 'not heard since Daybook started',
    waiting(bridge, now),
    health !== 'ok' && `${health}: ${(detail ?? 'a code that this version does not know').replace(/\.$/, '')}`,
    Math.abs(clockOffsetMs ?? 0) > CLOCK_TOLERANCE_MS && clockWords(clockOffsetMs ?? 0),
  ].filter(Boolean)
  return said.length > 0 ? `${producer}: ${said.join('; ')}` : undefined
}

function waiting({ online, outboxDepth, waitingSince, clockOffsetMs }: BridgeLine, now: number): string | false {
  if (!outboxDepth) return false
  // The times of its events are those of its clock.
  const age = waitingSince === null ? 0 : now + (clockOffsetMs ?? 0) - waitingSince
  const oldest = age >= 60_000 ? `, the oldest from ${span(age)} ago` : ''
  return `${number(outboxDepth)} ${online ? 'wait' : 'waited'} there${oldest}`
}

function clockWords(offset: number): string {
  return `its clock is ${span(Math.abs(offset))} ${offset < 0 ? 'behind' : 'ahead'}`
}
