// Connects Codex: adds hooks to its hooks.json, beside those that are there. Not for: what the hooks do
// (bridges/claude-code/plugin).
import { join } from 'node:path'
import { DaybookError } from '../../schemas/errors.ts'
import type { Connector } from './connector.ts'
import type { Desk } from './desk.ts'
import { proveScript, scriptEdits, spoolOf } from './hook-script.ts'

const SOURCE = 'codex'
/** What Codex is known to have. It passes over those that it does not know. */
const EVENTS =
  `SessionStart UserPromptSubmit PreToolUse PostToolUse PermissionRequest PreCompact PostCompact SubagentStart
  SubagentStop Stop SessionEnd`.split(/\s+/)
/** Codex gives SessionEnd no more, s. */
const TIMEOUT_S = 3

export const codex: Connector = {
  source: SOURCE,
  summary: 'Codex: hooks that tell what happens in its sessions',
  async plan(desk) {
    const folder = codexFolder(desk)
    const program = desk.which('codex')
    if (!program && !desk.isFolder(folder)) {
      throw new DaybookError('not_installed', `Neither codex on PATH nor ${folder}: install Codex first.`)
    }
    const scripts = scriptFolder(desk)
    const path = join(folder, 'hooks.json')
    return {
      found: [...(program ? [`Codex, ${program}`] : []), `its settings, ${folder}`],
      edits: [
        ...scriptEdits(desk, SOURCE, scripts),
        { path, why: 'has Codex run the script', apply: (before) => withHooks(before, scripts, path) },
      ],
      settings: { spool: spoolOf(desk, SOURCE), transcriptsFolder: join(folder, 'sessions') },
      todo: [
        'Start codex and trust the hooks when it asks, or with /hooks: until you do it runs none, without a word.',
      ],
    }
  },
  prove: (desk) => proveScript(desk, SOURCE, scriptFolder(desk)),
  undo: (path, now) => (path.endsWith('/hooks.json') ? withoutHooks(now) : null),
}

function codexFolder({ env, home }: Desk): string {
  return env.CODEX_HOME || join(home, '.codex')
}

function scriptFolder(desk: Desk): string {
  return join(desk.data, SOURCE)
}

interface Group {
  hooks?: { type?: string; command?: string; timeout?: number }[]
}

interface Hooks {
  hooks?: Record<string, Group[]>
}

/** Also by what an older Daybook wrote. */
const isOurs = ({ hooks = [] }: Group) =>
  hooks.some(({ command }) => /\/capture\.sh' codex \w+ \|\| :$/.test(command ?? ''))

/** Throws `invalid` for a file that is not what Codex takes. */
export function withHooks(before: string | null, scripts: string, path: string): string {
  const file = before?.trim() ? parsed(before, path) : {}
  const script = `'${join(scripts, 'capture.sh').replaceAll("'", `'\\''`)}'`
  const hooks = without(file.hooks ?? {})
  for (const event of EVENTS) {
    const command = `/bin/sh ${script} codex ${event} || :`
    hooks[event] = [...(hooks[event] ?? []), { hooks: [{ type: 'command', command, timeout: TIMEOUT_S }] }]
  }
  return textOf({ ...file, hooks }, before)
}

/** Null: nothing of others is left. Undefined: it cannot be read. */
function withoutHooks(now: string): string | null | undefined {
  try {
    const { hooks = {}, ...rest } = parsed(now, '')
    const others = without(hooks)
    const left = { ...rest, ...(Object.keys(others).length > 0 && { hooks: others }) }
    return Object.keys(left).length > 0 ? textOf(left, now) : null
  } catch {
    return undefined
  }
}

function without(hooks: Record<string, Group[]>): Record<string, Group[]> {
  const entries = Object.entries(hooks).map(
    ([event, groups]) => [event, groups.filter((group) => !isOurs(group))] as const,
  )
  return Object.fromEntries(entries.filter(([event, groups]) => groups.length > 0 || hooks[event]?.length === 0))
}

function parsed(text: string, path: string): Hooks {
  try {
    const file = JSON.parse(text) as Hooks
    const fits = Object.values(Object(file.hooks ?? {})).every(Array.isArray)
    if (typeof file === 'object' && !Array.isArray(file) && fits) return file
  } catch {
    // Told below, with what helps.
  }
  throw new DaybookError('invalid', `${path} is not a JSON object whose "hooks" are lists: mend it first.`)
}

/** Indented as the file was. */
function textOf(file: Hooks, before: string | null): string {
  const indent = /\n([ \t]+)"/.exec(before ?? '')?.[1] ?? '  '
  return `${JSON.stringify(file, null, indent)}\n`
}
