// Brings in what other recorders hold of the past: the histories of shells and the database of Atuin. What a hook or another
// of them told already is left out. Not for: reading one of them (history.ts, atuin.ts).
import { closeSync, existsSync, openSync, readFileSync, readSync, statSync } from 'node:fs'
import { hostname } from 'node:os'
import { isAbsolute } from 'node:path'
import { DaybookError } from '../../schemas/errors.ts'
import type { BridgeHost, ImportProgress, ImportRange } from '../bridge.ts'
import { isSqlite, readAtuin } from './atuin.ts'
import { type Command, commandNotification } from './command.ts'
import type { TerminalConfig } from './config.ts'
import { type History, readHistory } from './history.ts'
import type { Channel, Known } from './known.ts'

export interface ImportParts {
  host: BridgeHost<TerminalConfig>
  known: Known
  isMeant(command: Command): boolean
  range: ImportRange
  progress(at: ImportProgress): void
  signal: AbortSignal
}

interface Source {
  channel: Channel
  /** For people. */
  what: string
  pages: Iterable<Command[]>
}

const PAGE = 500
/** What began so shortly ago is for the hooks to tell. */
const FRESH_MS = 2_000
const HISTORY_MOST = 256 * 1024 * 1024

/** Rejects with `invalid` for a file that is none of them, bears no times, or is not there. */
export async function importHistories(parts: ImportParts): Promise<void> {
  const { host, range, progress, signal } = parts
  const files = range.from === undefined ? host.config.histories.filter((file) => existsSync(file)) : [range.from]
  if (files.length === 0) {
    const none =
      'none is known here. Name one, `--from ~/.zsh_history`, or run `daybook connect terminal`, which finds them'
    throw new DaybookError('invalid', `from: ${none}.`)
  }
  const until = Math.min(range.until, host.clock.now() - FRESH_MS)
  const told: string[] = []
  let [read, emitted] = [0, 0]
  for (const file of files) {
    const source = openSource(file, { since: range.since, until }, range.from !== undefined)
    told.push(source.what)
    let at = range.since
    for (const page of source.pages) {
      await host.room(signal)
      if (signal.aborted) return
      read += page.length
      emitted += tell(page, source.channel, parts)
      at = page.at(-1)?.at ?? at
      progress({ what: told.join('; '), at, read, emitted })
    }
    progress({ what: told.join('; '), at, read, emitted })
  }
}

function tell(page: readonly Command[], channel: Channel, { host, known, isMeant }: ImportParts): number {
  const own = page.filter((command) => isMeant(command) && !known.isOthers(command, channel))
  if (own.length === 0) return 0
  host.emit(own.map((command) => commandNotification(command, { space: host.space, now: host.clock.now() })))
  known.add(own, channel)
  return own.length
}

function openSource(file: string, stretch: { since: number; until: number }, alone: boolean): Source {
  const wrong = (why: string) => new DaybookError('invalid', `from: ${file} ${why}.`)
  if (!isAbsolute(file)) throw wrong('is no file of this machine')
  const size = statSync(file, { throwIfNoEntry: false })?.size
  if (size === undefined) throw wrong('is not there')
  if (isSqlite(headOf(file))) return { channel: 'atuin', what: `Atuin in ${file}`, pages: readAtuin(file, stretch) }
  if (size > HISTORY_MOST) throw wrong('has more than 256 MiB, which no history has')
  const history = readHistory(readFileSync(file))
  const { kind, entries, timeless } = history
  if (entries.length === 0 && timeless > 0 && alone) {
    throw wrong(`says of none of its ${timeless} commands when they were run, so they cannot be brought in. ${REMEDY}`)
  }
  const without = timeless > 0 ? `, ${timeless} lines without a time left out` : ''
  return { channel: kind, what: `${kind} in ${file}${without}`, pages: pagesOf(history, stretch) }
}

const REMEDY =
  'From now on bash keeps times with HISTTIMEFORMAT="%F %T " in ~/.bashrc, zsh with `setopt EXTENDED_HISTORY` in ~/.zshrc'

function* pagesOf(
  { kind, entries }: History,
  { since, until }: { since: number; until: number },
): Generator<Command[]> {
  const host = hostname()
  const meant = entries.filter(({ at }) => at >= since && at < until).sort((a, b) => a.at - b.at)
  // The same line twice within a second is two commands.
  const seen = new Map<string, number>()
  for (let start = 0; start < meant.length; start += PAGE) {
    yield meant.slice(start, start + PAGE).map((entry) => {
      const key = `${host}\0${entry.at}\0${entry.command}`
      const times = (seen.get(key) ?? 0) + 1
      seen.set(key, times)
      return { key: `history/${kind}\0${key}\0${times}`, host, ...entry }
    })
  }
}

function headOf(file: string): Buffer {
  const fd = openSync(file, 'r')
  try {
    const head = Buffer.alloc(16)
    return head.subarray(0, readSync(fd, head, 0, 16, 0))
  } finally {
    closeSync(fd)
  }
}
