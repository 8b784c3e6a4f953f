// Connecting Claude Code and Codex in a HOME of its own: what comes, that it works, and that all of it goes again.
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { readCall } from '../../bridges/claude-code/call.ts'
import type { SourceDetails } from '../operations/sources.ts'
import { claudeCode } from './claude-code.ts'
import { codex } from './codex.ts'
import type { Connector } from './connector.ts'
import { type Desk, deskOf } from './desk.ts'
import { applyEdits, preview, readJournal, undoEdits } from './edits.ts'

let home: string
let desk: Desk
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "daybook's desk-"))
  desk = deskAt()
})
afterEach(() => rmSync(home, { recursive: true }))

function deskAt(env: Record<string, string> = {}): Desk {
  return deskOf({ env: { PATH: join(home, 'bin'), ...env }, home, product: resolve(import.meta.dirname, '../..') })
}

function install(program: string, says: string): void {
  mkdirSync(join(home, 'bin'), { recursive: true })
  writeFileSync(join(home, 'bin', program), `#!/bin/sh\necho "${says}"\n`, { mode: 0o755 })
}

/** Every file with its text, and every folder, but for what Daybook remembers. */
function everything(folder = home): Record<string, string> {
  const entries = readdirSync(folder, { withFileTypes: true }).filter(({ name }) => name !== 'bin')
  return Object.fromEntries(
    entries.flatMap((entry): [string, string][] => {
      const path = join(folder, entry.name)
      if (entry.isDirectory()) return [[path, 'folder'], ...Object.entries(everything(path))]
      return [[path, readFileSync(path, 'latin1')]]
    }),
  )
}

const house = { url: 'http://127.0.0.1:1', source: {} as SourceDetails }
const plan = (connector: Connector) => connector.plan(desk, house, () => undefined)
async function connect(connector: Connector) {
  const planned = await plan(connector)
  applyEdits(planned.edits, desk.state, { source: connector.source, at: 1, house: house.url })
  return planned
}
function disconnect(connector: Connector) {
  const journal = readJournal(desk.state, connector.source)
  const done = journal ? undoEdits(desk.state, journal, connector.undo) : []
  rmSync(join(home, '.local/state/daybook/connections'), { recursive: true, force: true })
  return done
}
const withoutOurs = () =>
  Object.fromEntries(Object.entries(everything()).filter(([path]) => !path.startsWith(join(home, '.local'))))

test.each([
  [claudeCode, 'claude', '2.1.330 (Claude Code)', '.claude', '.claude/skills/daybook/hooks'],
  [codex, 'codex', 'codex-cli 0.169.0', '.codex', '.local/share/daybook/codex'],
])(
  '$source: what is put there works, and goes again without a trace',
  async (connector, program, says, folder, scripts) => {
    install(program, says)
    mkdirSync(join(home, folder), { mode: 0o755 })
    writeFileSync(join(home, folder, 'settings.json'), '{ "model":"opus" }')
    const before = withoutOurs()
    const { settings, found } = await connect(connector)
    expect(found[0]).toContain(join(home, 'bin', program))
    expect(statSync(join(home, scripts, 'capture.sh')).mode & 0o777).toBe(0o700)
    const proof = await connector.prove?.(desk, house)
    const spool = String(settings?.spool)
    expect(statSync(spool).mode & 0o777).toBe(0o700)
    const [name = ''] = readdirSync(spool).filter((each) => !each.startsWith('.'))
    const call = readCall(readFileSync(join(spool, name), 'utf8'), 0)
    expect(call).toMatchObject({ source: connector.source, event: 'DaybookConnected' })
    expect(proof?.matches({ sessionId: call?.body.session_id } as never)).toBe(true)
    expect(proof?.matches({ sessionId: 'another' } as never)).toBe(false)
    rmSync(join(spool, name))
    expect(preview((await plan(connector)).edits).map(({ kind }) => kind)).toEqual(
      Array((await plan(connector)).edits.length).fill('none'),
    )
    disconnect(connector)
    expect(withoutOurs()).toEqual(before)
    expect(existsSync(spool)).toBe(false)
  },
)

test('its commands run this Daybook by whole paths, whatever is on PATH', async () => {
  install('claude', '2.1.330 (Claude Code)')
  install('daybook', 'another')
  await connect(claudeCode)
  const text = (name: string) => readFileSync(join(home, `.claude/skills/daybook/commands/${name}.md`), 'utf8')
  const [, program = '', verb] = /`(.*) (status)`/.exec(text('status')) ?? []
  expect(verb).toBe('status')
  for (const name of ['note', 'status']) {
    expect(text(name)).toContain(`\nallowed-tools: Bash(${program} ${name}:*)\n`)
    expect(text(name)).toContain(`\`${program} ${name}\``)
    expect(text(name)).not.toMatch(/[`(]daybook /)
  }
  const { code, stdout } = await desk.run('/bin/sh', ['-c', `${program} --help`])
  expect([code, stdout]).toEqual([0, expect.stringContaining('note')])
})

test('the folders that the environment names are taken', async () => {
  desk = deskAt({ CLAUDE_CONFIG_DIR: join(home, 'my claude'), CODEX_HOME: join(home, 'my codex') })
  for (const name of ['my claude', 'my codex']) mkdirSync(join(home, name))
  await connect(claudeCode)
  await connect(codex)
  expect(existsSync(join(home, 'my claude/skills/daybook/.claude-plugin/plugin.json'))).toBe(true)
  expect(existsSync(join(home, 'my codex/hooks.json'))).toBe(true)
})

test('what is not there, or too old, or somebody else’s is told with what helps', async () => {
  await expect(plan(claudeCode)).rejects.toMatchObject({
    code: 'not_installed',
    detail: expect.stringContaining('install'),
  })
  await expect(plan(codex)).rejects.toMatchObject({ code: 'not_installed' })
  install('claude', '2.0.76 (Claude Code)')
  await expect(plan(claudeCode)).rejects.toMatchObject({
    code: 'not_installed',
    detail: expect.stringContaining('2.1.199'),
  })
  install('claude', '3.0.0 (Claude Code)')
  mkdirSync(join(home, '.claude/skills/daybook/.claude-plugin'), { recursive: true })
  writeFileSync(join(home, '.claude/skills/daybook/.claude-plugin/plugin.json'), '{"name":"my-own"}')
  const { edits } = await plan(claudeCode)
  expect(() => preview(edits)).toThrow('another plugin')
  install('codex', 'codex-cli 0.169.0')
  mkdirSync(join(home, '.codex'))
  writeFileSync(join(home, '.codex/hooks.json'), '{ "hooks": ')
  const codexEdits = (await plan(codex)).edits
  expect(() => preview(codexEdits)).toThrow('mend it')
})

test('hooks that are there stay, also those that came since, and only ours go', async () => {
  install('codex', 'codex-cli 0.169.0')
  mkdirSync(join(home, '.codex'))
  const path = join(home, '.codex/hooks.json')
  const own = { hooks: [{ type: 'command', command: 'say done' }] }
  const before = JSON.stringify({ note: 'mine', hooks: { Stop: [own] } }, null, 4)
  writeFileSync(path, before)
  chmodSync(path, 0o644)
  await connect(codex)
  const merged = JSON.parse(readFileSync(path, 'utf8'))
  expect(merged.note).toBe('mine')
  expect(merged.hooks.Stop).toHaveLength(2)
  expect(merged.hooks.Stop[0]).toEqual(own)
  merged.hooks.PreToolUse.push(own)
  writeFileSync(path, JSON.stringify(merged, null, 4))
  disconnect(codex)
  expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual({ note: 'mine', hooks: { Stop: [own], PreToolUse: [own] } })
  writeFileSync(path, before)
  await connect(codex)
  disconnect(codex)
  expect(readFileSync(path, 'utf8')).toBe(before)
})
