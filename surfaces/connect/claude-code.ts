// Connects Claude Code: puts Daybook's plugin where Claude Code looks for a person's own ones, so that no file of theirs is
// changed. Not for: what the plugin does (bridges/claude-code/plugin).
import { join } from 'node:path'
import { DaybookError } from '../../schemas/errors.ts'
import type { Connector, Edit } from './connector.ts'
import type { Desk } from './desk.ts'
import { pluginFile, proveScript, scriptEdits, spoolOf, written } from './hook-script.ts'

/** The first version that was seen to load plugins from there. */
const OLDEST = [2, 1, 199] as const
const SOURCE = 'claude_code'
const MANIFEST = '.claude-plugin/plugin.json'

export const claudeCode: Connector = {
  source: SOURCE,
  aliases: ['claude'],
  summary: 'Claude Code: a plugin whose hooks tell what happens in its sessions',
  async plan(desk) {
    const folder = configFolder(desk)
    const program = find(desk)
    if (!program && !desk.isFolder(folder)) {
      throw new DaybookError('not_installed', `Neither claude on PATH nor ${folder}: install Claude Code first.`)
    }
    const version = program && (await versionOf(desk, program))
    if (version && older(version)) {
      const needed = OLDEST.join('.')
      throw new DaybookError('not_installed', `Claude Code ${version} is too old, ${needed} is needed: claude update.`)
    }
    return {
      found: [
        `Claude Code ${version ?? 'of an unknown version'}${program ? `, ${program}` : ''}`,
        `its settings, ${folder}`,
      ],
      edits: editsIn(desk, pluginFolder(desk)),
      settings: { spool: spoolOf(desk, SOURCE), transcriptsFolder: join(folder, 'projects') },
      todo: ['Sessions that run now: type /reload-plugins in them. New ones tell Daybook from the start.'],
    }
  },
  prove: (desk) => proveScript(desk, SOURCE, join(pluginFolder(desk), 'hooks')),
  // All that connecting puts there is ours.
  undo: () => null,
}

function configFolder({ env, home }: Desk): string {
  return env.CLAUDE_CONFIG_DIR || join(home, '.claude')
}

function pluginFolder(desk: Desk): string {
  return join(configFolder(desk), 'skills', 'daybook')
}

/** On PATH, or where its installers put it. */
function find(desk: Desk): string | null {
  const usual = [join(desk.home, '.local/bin/claude'), join(desk.home, '.claude/local/claude')]
  return desk.which('claude') ?? usual.find((path) => desk.isProgram(path)) ?? null
}

async function versionOf(desk: Desk, program: string): Promise<string | undefined> {
  const { stdout } = await desk.run(program, ['--version'])
  return /\d+\.\d+\.\d+/.exec(stdout)?.[0]
}

function older(version: string): boolean {
  const numbers = version.split('.').map(Number)
  const differing = OLDEST.findIndex((part, index) => numbers[index] !== part)
  return differing >= 0 && (numbers[differing] ?? 0) < (OLDEST[differing] ?? 0)
}

function editsIn(desk: Desk, folder: string): Edit[] {
  const shipped = (path: string, why: string) => written(join(folder, path), pluginFile(desk, path), why)
  const manifest = shipped(MANIFEST, 'the plugin')
  const command = (name: string) => {
    const path = `commands/${name}.md`
    return written(join(folder, path), withPaths(pluginFile(desk, path), desk), `the command /daybook:${name}`)
  }
  return [
    { ...manifest, apply: (before) => manifest.apply(ours(before, folder)) },
    shipped('hooks/hooks.json', 'which hooks it has'),
    ...scriptEdits(desk, SOURCE, join(folder, 'hooks')),
    command('note'),
    command('status'),
  ]
}

/**
 * A text that has Claude Code run a verb of Daybook, and lets it: by whole paths, as this Daybook runs now, since a package
 * of npm need not be on PATH and what is there need not be this one.
 */
function withPaths(text: string, desk: Desk): string {
  const program = [process.execPath, join(desk.product, 'bin/daybook.js')].map(inShell).join(' ')
  return text.replace(/(?<=`|Bash\()daybook(?= )/g, () => program)
}

function inShell(path: string): string {
  return /^[\w/.+@-]+$/.test(path) ? path : `'${path.replaceAll("'", `'\\''`)}'`
}

/** The same manifest; throws `invalid` if it is that of a plugin of the person. */
function ours(before: string | null, folder: string): string | null {
  if (before === null || /"name":\s*"daybook"/.test(before)) return before
  throw new DaybookError('invalid', `${folder} holds another plugin: rename it first.`)
}
