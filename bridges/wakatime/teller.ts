// Tells stretches: folds what came in since it last looked, emits what is new, and only then marks it as told, so that a
// crash in between tells it again under the same ids. Which stretches there are is noted before: what comes after a crash
// can begin none of them earlier. Not for: the fold (stretch.ts) or the notifications (tell.ts).
import type { Clock } from '../../component.ts'
import type { BridgeHost } from '../bridge.ts'
import type { HeartbeatsFile } from './file.ts'
import { type Heartbeat, hashOf } from './heartbeat.ts'
import type { Quiet } from './quiet.ts'
import { laneOf, type Rule, type Stretch, step } from './stretch.ts'
import { meaningOf, tell } from './tell.ts'

/** How long after its last heartbeat came in a stretch is told: an offline queue comes in many requests. */
export const SETTLE_MS = 30_000
/** A stretch that is open longer than this is told to have started, µs. */
const LONG = 60 * 1e6
const PAGE = 500
/** What `daybook connect` has a client send, to see it arrive: it is told at once. */
const PROOF = /^daybook-connect-[0-9a-f-]{36}$/
/** Instead of what was said of a stretch: it is about to be told. */
const NOTED = '?'
const isOver = (said: string | undefined) => said !== undefined && said !== '' && said !== NOTED

export interface TellOptions {
  /** Also what has not settled. */
  atOnce?: boolean
  only?: ReadonlySet<string>
  except?: ReadonlySet<string>
}

export interface Teller {
  /** Everything that is over and settled, and what has lasted long; how many were told. Throws what `emit` throws. */
  tell(options?: TellOptions): Promise<number>
}

export interface TellerParts {
  file: HeartbeatsFile
  quiet: Quiet
  host: Pick<BridgeHost<unknown>, 'emit' | 'room' | 'space' | 'signal'>
  clock: Clock
  /** µs. */
  timeout: number
}

type Phase = 'start' | 'end'
type Telling = { stretch: Stretch; phase: Phase }
type Row = { hash: string; time: number; received: number; beat: string }
type Dirty = { lane: string; since: number; until: number; marks: number }

export function createTeller({ file, quiet, host, clock, timeout }: TellerParts): Teller {
  const { statements } = file
  const said = (beat: Heartbeat) => (statements.told.get(hashOf(beat)) as { said: string } | undefined)?.said
  const rule: Rule = { timeout, isCut: (beat) => said(beat) !== undefined, isBroken: (a, b) => quiet.between(a, b) }

  /** From now on a stretch begins there, whatever comes. */
  function note(telling: readonly Telling[]): void {
    if (telling.length === 0) return
    file.transaction(() => {
      for (const { stretch } of telling) {
        const { first } = stretch
        if (said(first) === undefined) statements.tell.run(hashOf(first), laneOf(first), first.time, NOTED)
      }
    })
  }

  function mark(told: readonly Telling[], { lane, marks }: Dirty, left: number | undefined): void {
    file.transaction(() => {
      for (const { stretch, phase } of told) {
        const { first } = stretch
        statements.tell.run(hashOf(first), laneOf(first), first.time, phase === 'end' ? meaningOf(stretch) : '')
      }
      // What came in while this waited may lie before what it has read.
      if (left === undefined) statements.clean.run(lane, marks)
      else statements.narrow.run(lane, marks, left)
    })
  }

  async function tellLane(dirty: Dirty, atOnce: boolean): Promise<number> {
    const walk = createWalk(dirty, atOnce)
    let count = 0
    for (let done = false; !done; ) {
      done = walk.page()
      const batch = walk.taken()
      note(batch)
      host.emit(batch.map(({ stretch, phase }) => tell(stretch, phase, host.space)))
      mark(batch, dirty, walk.left(done))
      count += batch.length
      if (done) break
      await host.room()
      if (quiet.paused || host.signal.aborted) break
    }
    return count
  }

  /** From the last stretch that others know before what is new, to the first one after it. */
  function createWalk({ lane, since, until }: Dirty, atOnce: boolean) {
    const cut = statements.cut.get(lane, since) as { time: number; hash: string } | undefined
    // The page begins after what it is given: with a beginning of the hash, it is in it.
    let at = cut ? { time: cut.time, hash: cut.hash.slice(0, -1) } : { time: 0, hash: '' }
    let open: Stretch | undefined
    let received = 0
    let left: number | undefined
    let batch: Telling[] = []

    function look(stretch: Stretch, isDone: boolean, last: number): void {
      const isProof = PROOF.test(stretch.first.entity)
      const isClosed = isDone || isProof
      const known = said(stretch.first)
      const before = known === NOTED ? undefined : known
      const isSettled = atOnce || isProof || clock.now() - last >= SETTLE_MS
      const isLong = stretch.end - stretch.first.time > LONG
      const isNew = isClosed ? before !== meaningOf(stretch) : before === undefined && isLong
      if (isNew && isSettled) batch.push({ stretch, phase: isClosed ? 'end' : 'start' })
      if (!isClosed || (isNew && !isSettled)) left = Math.min(left ?? Infinity, stretch.first.time)
    }

    /** True: it was the last one. */
    function take(row: Row): boolean {
      const { closed, open: now } = step(open, JSON.parse(row.beat) as Heartbeat, rule)
      if (closed) look(closed, true, Math.max(received, row.received))
      received = closed ? row.received : Math.max(received, row.received)
      open = now
      at = { time: row.time, hash: row.hash }
      return closed !== undefined && row.time > until && isOver(said(now.first))
    }

    return {
      /** True: that was all. */
      page(): boolean {
        const rows = statements.page.all(lane, at.time, at.hash, PAGE) as unknown as Row[]
        if (rows.some(take)) return true
        if (rows.length === PAGE) return false
        const now = clock.now() * 1000
        if (open) look(open, now - open.last > timeout || quiet.between(open.last, now), received)
        return true
      },
      taken(): Telling[] {
        const taken = batch
        batch = []
        return taken
      },
      /** Since when something is still to be told. */
      left: (done: boolean) => (done ? left : Math.min(left ?? Infinity, open?.first.time ?? Infinity)),
    }
  }

  return {
    async tell({ atOnce = false, only, except } = {}) {
      let count = 0
      for (const dirty of statements.dirty.all() as unknown as Dirty[]) {
        if (quiet.paused || host.signal.aborted) break
        if (except?.has(dirty.lane) || (only && !only.has(dirty.lane))) continue
        count += await tellLane(dirty, atOnce)
      }
      return count
    },
  }
}
