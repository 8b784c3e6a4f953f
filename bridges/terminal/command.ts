// A command as every channel tells it, hooks, Atuin and histories, and the notification that it becomes. Pure. Not for:
// which channel told it first (known.ts), or reading any of them.
import { basename } from 'node:path'
import { z } from 'zod'
import { limits } from '../../schemas/activity.ts'
import { eventId } from '../../schemas/ids.ts'
import type { Notification, TranslateContext } from '../bridge.ts'

export const command = z.object({
  /** Native key: of the hooks `<session>/<n>`, of Atuin its id, of a history host, time and text. */
  key: z.string().min(1),
  /** When it began, epoch ms. */
  at: z.number().int().nonnegative(),
  command: z.string().min(1),
  cwd: z.string().optional(),
  exitCode: z.number().optional(),
  /** Root of the git repository. */
  root: z.string().optional(),
  branch: z.string().optional(),
  host: z.string().optional(),
  /** As in `zsh 5.9`. */
  shell: z.string().optional(),
  /** Who ran it, where no person did: `claude-code`. */
  agent: z.string().optional(),
  /** Of the shell: a random name. */
  session: z.string().max(200).optional(),
  /** ms */
  duration: z.number().nonnegative().optional(),
  /** Length of the whole text in characters, where `command` is only its beginning. */
  length: z.number().optional(),
  /** Of a command that was told while it ran. */
  phase: z.enum(['start', 'end']).optional(),
})

export type Command = z.infer<typeof command>

/** Pure: the same command is the same event. */
export function commandNotification(told: Command, { space }: TranslateContext): Notification {
  const { key, at, phase, session, duration, agent } = told
  // Of each phase the same: from there `duration` counts.
  const timestamp = at
  const data = {
    command: told.command,
    cwd: told.cwd,
    exit_code: told.exitCode,
    project: told.root === undefined ? undefined : basename(told.root) || undefined,
    branch: told.branch,
    host: told.host,
    shell: told.shell,
    author: agent === undefined ? undefined : 'agent',
    agent,
    command_length: told.length,
  }
  return {
    id: eventId({ space, source: 'terminal', key, phase, timestamp }),
    source: 'terminal',
    type: 'command',
    summary: firstLine(told.command),
    timestamp,
    data: Object.fromEntries(Object.entries(data).filter(([, value]) => value !== undefined)),
    ...(session !== undefined && { sessionId: session }),
    ...(duration !== undefined && phase !== 'start' && { duration }),
    ...(phase && { activityId: key, phase }),
  }
}

/** The first line that says something, without control characters, cut to fit. */
function firstLine(text: string): string {
  const lines = text.split('\n').map((line) => line.replace(/[\p{Cc}\s]+/gu, ' ').trim())
  const full = lines.filter((line) => line !== '')
  const line = full[0] ?? '(blank)'
  const more = full.length > 1 ? ' …' : ''
  if (line.length + more.length <= limits.summary) return (line + more).toWellFormed()
  return `${line.slice(0, limits.summary - 1).replace(/[\uD800-\uDBFF]$/, '')}…`.toWellFormed()
}
