// From what shells write, beginnings and ends, to commands: a short one is told once, when it has ended; a long one when
// it has run for a minute, and at its end. Pure. Not for: reading the spool, or whether a shell still lives, which is handed in.
import type { Command } from './command.ts'
import type { Begin, End, ShellRecord } from './records.ts'

/** A command that runs, as far as is known. */
export interface Open extends Begin {
  /** Its beginning was told. */
  told?: boolean
  /** When its shell was last seen alive, epoch ms. */
  seen?: number
}

/** By session, as a shell runs one command after the other. */
export type Running = ReadonlyMap<string, Open>

export interface Folded {
  running: Map<string, Open>
  commands: Command[]
}

/** A command that runs for longer is told while it runs, ms. */
export const LONG_MS = 60_000
/** When an end is no longer waited for, where nobody can see whether the shell lives, ms. */
const STALE_MS = 7 * 86_400_000

export function foldRecords(before: Running, records: readonly ShellRecord[]): Folded {
  const running = new Map(before)
  const commands: Command[] = []
  const close = (open: Open) => {
    running.delete(open.session)
    commands.push(ended(open))
  }
  for (const record of records) {
    const open = running.get(record.session)
    if (record.kind === 'end') {
      if (open?.n !== record.n) continue
      running.delete(record.session)
      commands.push(ended(open, record))
    } else if (open?.n !== record.n) {
      if (open) close(open)
      // `exec zsh`: another shell is the same process.
      for (const other of running.values()) if (isSameProcess(other, record)) close(other)
      const { kind: _, ...begin } = record
      running.set(record.session, begin)
    }
  }
  return { running, commands }
}

/** What time alone tells: commands that run long, and those whose shell is gone. */
export function foldTime(before: Running, now: number, lives: (open: Open) => boolean | undefined): Folded {
  const running = new Map(before)
  const commands: Command[] = []
  for (const open of before.values()) {
    const alive = lives(open)
    if (alive === false || (alive === undefined && now - open.at > STALE_MS)) {
      running.delete(open.session)
      commands.push(ended(open))
    } else if (!open.told && now - open.at >= LONG_MS) {
      running.set(open.session, { ...open, told: true, seen: now })
      commands.push({ ...about(open), phase: 'start' })
    } else if (alive) running.set(open.session, { ...open, seen: now })
  }
  return { running, commands }
}

function isSameProcess(a: Begin, b: Begin): boolean {
  return a.pid > 0 && a.pid === b.pid && a.host === b.host && a.session !== b.session
}

function about({ told: _told, seen: _seen, pid: _pid, n, level: _level, ...open }: Open): Command {
  return { key: `${open.session}/${n}`, ...open }
}

/** Without an end, as when the shell itself was ended: at the earliest when it was last seen. */
function ended(open: Open, end?: End): Command {
  const until = end ? end.until : open.told ? open.seen : undefined
  const duration = end?.duration ?? (until === undefined ? undefined : Math.max(0, until - open.at))
  return {
    ...about(open),
    ...(end?.exitCode !== undefined && { exitCode: end.exitCode }),
    ...(duration !== undefined && { duration }),
    ...(open.told && { phase: 'end' as const }),
  }
}
