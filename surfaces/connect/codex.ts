// Connects Codex: adds hooks to its hooks.json, beside those that are there. Not for: what the hooks do
// (bridges/claude-code/plugin).
import { join } from 'node:path'
import { DaybookError } from '../../schemas/errors.ts'
import type { Connector } from './connector.ts'
import type { Desk } from './desk.ts'
import { proveScript, scriptEdits, spoolOf } from './hook-script.ts'
import { cutItem, insertLast, type JsonItem, type JsonNode, readJson, valueIn } from './json-text.ts'

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

/** Also what an older Daybook wrote. */
const OURS = /\/capture\.sh' codex \w+ \|\| :$/

/** Throws `invalid` for a file that is not what Codex takes. */
export function withHooks(before: string | null, scripts: string, path: string): string {
  const script = `'${join(scripts, 'capture.sh').replaceAll("'", `'\\''`)}'`
  const commands = new Map(EVENTS.map((event) => [event, `/bin/sh ${script} codex ${event} || :`]))
  const given = before?.trim() ? before : null
  if (given !== null) parsed(given, path)
  let text = given === null ? '{}\n' : without(given, (event, command) => commands.get(event) !== command)
  const has = new Set([...hooksIn(text)].map(({ command }) => command))
  const missing = [...commands].filter(([, command]) => !has.has(command))
  const group = (command: string) => ({ hooks: [{ type: 'command', command, timeout: TIMEOUT_S }] })
  const hooks = () => valueIn(readJson(text), 'hooks')
  if (hooks()?.kind !== 'object') {
    const all = Object.fromEntries(missing.map(([event, command]) => [event, [group(command)]]))
    if (given === null) return `${JSON.stringify({ hooks: all }, null, 2)}\n`
    return insertLast(text, readJson(text), all, 'hooks')
  }
  for (const [event, command] of missing) {
    const into = hooks() as JsonNode
    const groups = valueIn(into, event)
    text = groups ? insertLast(text, groups, group(command)) : insertLast(text, into, [group(command)], event)
  }
  return text
}

/** Null: nothing of others is left. Undefined: it cannot be read. */
function withoutHooks(now: string): string | null | undefined {
  try {
    parsed(now, '')
    const left = without(now, () => true)
    return readJson(left).items.length > 0 ? left : null
  } catch {
    return undefined
  }
}

/** A value that holds something, and what it holds. */
interface Step {
  node: JsonNode
  item: JsonItem
}

interface OwnHook {
  event: string
  command: string
  /** From the whole file to the hook. */
  way: [file: Step, events: Step, groups: Step, keys: Step, hooks: Step]
}

/** What of the file is ours. */
function* hooksIn(text: string): Generator<OwnHook> {
  for (const file of stepsOf(readJson(text), 'hooks'))
    for (const events of stepsOf(file.item.value))
      for (const groups of stepsOf(events.item.value))
        for (const keys of stepsOf(groups.item.value, 'hooks'))
          for (const hooks of stepsOf(keys.item.value)) {
            const at = valueIn(hooks.item.value, 'command')
            const command: unknown = at?.kind === 'single' && JSON.parse(text.slice(at.start, at.end))
            if (typeof command !== 'string' || !OURS.test(command)) continue
            yield { event: events.item.key ?? '', command, way: [file, events, groups, keys, hooks] }
          }
}

function stepsOf(node: JsonNode, key?: string): Step[] {
  return node.items.flatMap((item) => (key === undefined || item.key === key ? [{ node, item }] : []))
}

/** Takes ours out, each with what would be left empty by it; what others added beside them stays. */
function without(text: string, goes: (event: string, command: string) => boolean): string {
  const next = [...hooksIn(text)].find(({ event, command }) => goes(event, command))
  if (!next) return text
  const [file, events, groups, , hooks] = next.way
  const alone = ({ node }: Step) => node.items.length === 1
  // A group without hooks is nothing, whatever else it says.
  let cut = hooks
  if (alone(hooks)) cut = groups
  if (cut === groups && alone(groups)) cut = alone(events) ? file : events
  return without(cutItem(text, cut.node, cut.item), goes)
}

function parsed(text: string, path: string): void {
  try {
    const file: unknown = JSON.parse(text)
    const { hooks = {} } = Object(file) as { hooks?: unknown }
    const isObject = (value: unknown) => typeof value === 'object' && value !== null && !Array.isArray(value)
    if (isObject(file) && isObject(hooks) && Object.values(hooks as object).every(Array.isArray)) return
  } catch {
    // Told below, with what helps.
  }
  throw new DaybookError('invalid', `${path} is not a JSON object whose "hooks" are lists: mend it first.`)
}
