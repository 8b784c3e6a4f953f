// Payloads that are read at their owner: large ones are kept for a minute, as a browser asks for a film in many ranges, and
// each of them would be the whole at its owner. Not for: payloads of ours, or for keeping any (bridges attach those).
import type { Clock } from '../../component.ts'
import type { ObjectKey } from '../catalogue.ts'

/** As the bridge of that name gives it. */
export type AtSource = { bytes: Uint8Array; mediaType: string }

/** Smaller ones, bytes, are asked for each time: what is gone there is then gone here. */
const KEPT_LEAST = 1024 * 1024
/** A payload is let go of so long after it was read, and the oldest at once when all together are larger, bytes. */
const KEPT_MS = 60_000
const KEPT_MOST = 64 * 1024 * 1024

/** The same question, asked of the owner once for all who wait for its answer, or want a large one. Rejects as `source`. */
export function remembering(
  source: (key: ObjectKey) => Promise<AtSource>,
  { clock, signal }: { clock: Clock; signal: AbortSignal },
): (key: ObjectKey) => Promise<AtSource> {
  const kept = new Map<string, { answer: Promise<AtSource>; size: number }>()

  async function ask(name: string, key: ObjectKey): Promise<AtSource> {
    const read = source(key)
    const mine = { answer: read, size: 0 }
    kept.set(name, mine)
    const letGo = () => kept.get(name) === mine && kept.delete(name)
    try {
      const answer = await read
      mine.size = answer.bytes.length
      makeRoom()
      if (mine.size < KEPT_LEAST) letGo()
      else void clock.sleep(KEPT_MS, signal).then(letGo)
      return answer
    } catch (error) {
      letGo()
      throw error
    }
  }

  function makeRoom(): void {
    let bytes = [...kept.values()].reduce((sum, { size }) => sum + size, 0)
    for (const [name, { size }] of kept) {
      if (bytes <= KEPT_MOST) return
      kept.delete(name)
      bytes -= size
    }
  }

  return async (key) => {
    const name = `${key.storage}/${key.id}`
    return kept.get(name)?.answer ?? ask(name, key)
  }
}
