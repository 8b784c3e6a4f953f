// The terminal bridge while it runs: looks into the spool of the hooks and tells what is there. Not for: what records are
// (records.ts), what becomes of them (fold.ts), or the past of other recorders (import.ts).
import { hostname } from 'node:os'
import { asDaybookError } from '../../schemas/errors.ts'
import type { BridgeHost, ForgetRequest, OpenBridge } from '../bridge.ts'
import { watchSpool } from '../spool.ts'
import { type Command, commandNotification } from './command.ts'
import type { TerminalConfig } from './config.ts'
import { type Folded, foldRecords, foldTime, type Open } from './fold.ts'
import { isIgnored } from './ignore.ts'
import { importHistories } from './import.ts'
import { createKnown } from './known.ts'
import type { ShellRecord } from './records.ts'
import { openShellSpool, type ShellSpool } from './spool.ts'

const OPEN = 'open/'

export async function openTerminal(host: BridgeHost<TerminalConfig>): Promise<OpenBridge> {
  const { config, state, clock, log, space, signal } = host
  const known = createKnown(state, host.key)
  const here = hostname()
  const folder = config.spool ?? host.folder()
  const spool = openShellSpool({ folder, state, now: () => clock.now(), lives: isProcess })
  const closing = new AbortController()
  let running = new Map<string, Open>()
  for (const key of state.keys(OPEN)) running.set(key.slice(OPEN.length), state.get(key) as Open)
  let failing: string | undefined
  let broken = 0
  let paused = false

  const isMeant = (told: Pick<Command, 'command' | 'cwd'>) =>
    !isIgnored(told, config.ignore) && host.privacy.allows({ path: told.cwd })

  /** Tells them first: should we be killed now, they are told again with the same ids. */
  function settle({ running: next, commands }: Folded): void {
    const meant = commands.filter(isMeant)
    if (meant.length > 0) host.emit(meant.map((command) => commandNotification(command, { space, now: clock.now() })))
    for (const session of running.keys()) if (!next.has(session)) state.delete(OPEN + session)
    for (const [session, open] of next) {
      const before = running.get(session)
      if (before?.n === open.n && before.told === open.told) continue
      state.set(OPEN + session, { ...open, ...host.privacy.clean({ command: open.command, cwd: open.cwd ?? '' }) })
    }
    running = next
  }

  function take(records: ShellRecord[]): void {
    const begun = records.filter((record) => record.kind === 'begin')
    if (!paused) known.add(begun, 'hook')
    settle(foldRecords(running, records))
  }

  /** Undefined: not to be seen from here, as in a container with this folder. */
  const lives = (gone: ReadonlySet<number>) => (open: Open) =>
    open.host !== undefined && open.host !== here ? undefined : !gone.has(open.pid)

  function look(): void {
    // Who is gone is looked at first: what such a shell wrote last is there then.
    const gone = new Set([...running.values()].map(({ pid }) => pid).filter((pid) => !isProcess(pid)))
    spool.look(take)
    settle(foldTime(running, clock.now(), lives(gone)))
    failing = undefined
    if (spool.broken > broken) log.warn({ records: spool.broken - broken }, 'records of shells were cut, and are lost')
    broken = spool.broken
  }

  const looking = watchSpool({
    folder,
    clock,
    log,
    signal: AbortSignal.any([signal, closing.signal]),
    look() {
      try {
        look()
      } catch (thrown) {
        failing = asDaybookError(thrown).message
        throw thrown
      }
    },
  }).catch((thrown) => {
    failing = `${folder}: ${(thrown as Error).message}`
    log.error({ folder }, failing)
  })

  return {
    health: () => health(spool, { failing, running: running.size }),
    pause(pausing) {
      paused = pausing
      // What runs began before and may end in it: it is not told.
      if (!pausing) return
      for (const session of running.keys()) state.delete(OPEN + session)
      running = new Map()
    },
    forget(request) {
      if (!isAsked(request)) return 0
      const { since = 0, until = Number.MAX_SAFE_INTEGER } = request
      const forgotten = [...running.values()].filter(({ at }) => at >= since && at < until)
      for (const { session } of forgotten) {
        running.delete(session)
        state.delete(OPEN + session)
      }
      return known.forget(since, until) + forgotten.length
    },
    async import(range, progress, ended) {
      // Beginnings that stand in the spool are the hooks' own.
      look()
      await importHistories({ host, known, isMeant, range, progress, signal: ended })
    },
    async close() {
      closing.abort()
      await looking
    },
  }
}

function health(spool: ShellSpool, { failing, running }: { failing: string | undefined; running: number }) {
  const figures = { files: spool.files, running, broken: spool.broken }
  return failing === undefined
    ? { state: 'ok' as const, figures }
    : { state: 'degraded' as const, detail: failing, figures }
}

function isAsked({ source, entity }: ForgetRequest): boolean {
  return (source === undefined || source === 'terminal') && entity === undefined
}

function isProcess(pid: number): boolean {
  if (pid <= 0) return false
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
