// Takes heartbeats in: read, asked after privacy and pauses, cleaned, told from those known, and kept, synced, before this
// returns. Not for: what they mean together (stretch.ts), or answering who sent them (server.ts).
import type { Clock, Logger } from '../../component.ts'
import type { Privacy } from '../../schemas/privacy.ts'
import type { HeartbeatsFile } from './file.ts'
import { type Heartbeat, hashOf, isPlaceholder, readHeartbeat, type Sender } from './heartbeat.ts'
import type { Quiet } from './quiet.ts'
import { laneOf } from './stretch.ts'

/** What became of a heartbeat. Whatever it was, its sender need not send it again. */
export interface Taken {
  how: 'new' | 'known' | 'refused' | 'private' | 'paused'
  /** Undefined: it is none. */
  hash?: string
  lane?: string
}

export interface Taking {
  /** One for each, in order. Throws `data_unwritable`: then nothing of them is kept. */
  take(inputs: readonly unknown[], from: Omit<Sender, 'now'>, options?: TakingOptions): Taken[]
  readonly counts: Readonly<Record<Taken['how'], number>>
}

export interface TakingOptions {
  /** What came from an export; only these times, epoch ms, `until` exclusive. */
  imported?: { since: number; until: number }
}

/** So many that were refused are kept aside, of so many characters at most. */
const ASIDE = { rows: 500, text: 2048 }

export function createTaking(parts: {
  file: HeartbeatsFile
  privacy: Privacy
  quiet: Quiet
  clock: Clock
  log: Logger
}): Taking {
  const { file, privacy, quiet, clock, log } = parts
  const { statements } = file
  const counts: Record<Taken['how'], number> = { new: 0, known: 0, refused: 0, private: 0, paused: 0 }
  const warned = new Set<string>()

  function refuse(input: unknown, why: string): Taken {
    const facts = privacy.clean({ body: JSON.stringify(input)?.slice(0, ASIDE.text) ?? '' })
    statements.putAside.run(clock.now(), why, facts.body)
    statements.boundAside.run(ASIDE.rows)
    if (!warned.has(why)) log.warn({ why }, 'a heartbeat that is none is put aside; this is said once')
    warned.add(why)
    return { how: 'refused' }
  }

  function resolve(beat: Heartbeat): Heartbeat {
    const asks = [beat.project, beat.branch, beat.language].some(isPlaceholder)
    if (!asks) return beat
    const row = statements.before.get(laneOf(beat), beat.time) as { beat: string } | undefined
    const last = row && (JSON.parse(row.beat) as Heartbeat)
    const pick = (key: 'project' | 'branch' | 'language') =>
      isPlaceholder(beat[key]) ? (last?.[key] ?? '') : beat[key]
    return { ...beat, project: pick('project'), branch: pick('branch'), language: pick('language') }
  }

  function takeOne(input: unknown, from: Sender, { imported }: TakingOptions): Taken {
    const read = readHeartbeat(input, from)
    if ('refused' in read) return refuse(input, read.refused)
    if (imported && (read.time < imported.since * 1000 || read.time >= imported.until * 1000)) return { how: 'known' }
    if (!privacy.allows(seenOf(read))) return { how: 'private' }
    if (quiet.covers(read.time)) return { how: 'paused' }
    const beat = resolve(cleaned(read, privacy))
    const hash = hashOf(beat)
    const lane = laneOf(beat)
    if (statements.known.get(hash) || (imported && isKnownByTheSecond(beat, hash))) return { how: 'known', hash, lane }
    statements.add.run(hash, lane, beat.time, clock.now(), JSON.stringify(beat))
    statements.soil.run(lane, beat.time, beat.time)
    return { how: 'new', hash, lane }
  }

  /** Wakapi exports whole seconds (models/compat/wakatime/v1/heartbeat.go). */
  function isKnownByTheSecond(beat: Heartbeat, hash: string): boolean {
    if (beat.time % 1e6 !== 0) return false
    const rows = statements.within.all(beat.time, beat.time + 1e6) as { beat: string }[]
    return rows.some(({ beat: other }) => hashOf(JSON.parse(other), beat.time) === hash)
  }

  return {
    counts,
    take(inputs, from, options = {}) {
      const sender = { ...from, now: clock.now() }
      const taken = file.transaction(() => inputs.map((input) => takeOne(input, sender, options)))
      for (const { how } of taken) counts[how]++
      return taken
    },
  }
}

function seenOf({ type, entity, source, more }: Heartbeat): Parameters<Privacy['allows']>[0] {
  const title = typeof more.title === 'string' ? more.title : undefined
  if (type === 'url') return { url: entity, title }
  if (type === 'domain') return { url: `https://${entity}/`, title }
  if (type === 'app') return { app: entity, title }
  return { path: entity, app: source, title }
}

/** Under the names that its facts will bear, as rules go by them. */
function cleaned(beat: Heartbeat, privacy: Privacy): Heartbeat {
  const { entity, type, project, branch, language, machine, more } = beat
  const name = type === 'url' ? 'url' : type === 'domain' ? 'domain' : type === 'app' ? 'app' : 'file'
  const facts = { [name]: entity, project, branch, language, machine, more }
  const clean = privacy.clean(facts) as typeof facts
  if (clean === facts) return beat
  const kept = { project: clean.project, branch: clean.branch, language: clean.language, machine: clean.machine }
  return { ...beat, ...kept, more: clean.more, entity: String(clean[name]) }
}
