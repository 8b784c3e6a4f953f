// The hooks in real shells in a pseudo terminal: what is typed, and what is captured. Also with a bash of another version:
// DAYBOOK_TEST_BASH=/opt/bash-3.2/bash.
import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { missing } from '../journey.ts'
import { captured, type Home, makeHome, programOf, type ShellName, typeInto } from '../terminal/shells.ts'
import { type Situation, situations } from '../terminal/situations.ts'
import { situationsOfBash } from '../terminal/situations-bash.ts'

const python = missing(['python3', 'python3'])
if (python) console.warn(`skipped: ${python}`)
const shells = (['bash', 'zsh', 'fish'] as const).filter((shell) => {
  const here = programOf(shell) !== null
  if (!here) console.warn(`skipped: ${shell} is not here: apt-get install ${shell}`)
  return here && !python
})

function check(shell: ShellName, situation: Situation, home: Home): void {
  const { never } = situation
  expect(captured(home)).toEqual(situation.captured)
  if (never === undefined) return
  for (const file of home.files()) expect(readFileSync(join(home.spool, file), 'latin1')).not.toMatch(`${never}\0`)
  expect(shell).toBe(home.shell)
}

/** As connect leaves it: beside the hook. */
function withSettings(home: Home, settings: string): void {
  const folder = join(home.path, 'hooks')
  mkdirSync(folder)
  const name = `daybook.${home.shell}`
  writeFileSync(join(folder, name), readFileSync(join(import.meta.dirname, '../../bridges/terminal/hooks', name)))
  writeFileSync(join(folder, 'settings'), settings)
}

describe.each(shells)('%s', (shell) => {
  const meant = [...situations, ...situationsOfBash].filter(({ shells = ['bash', 'zsh', 'fish'] }) =>
    shells.includes(shell),
  )
  // Where no answer can be waited for, keys are typed after a while: on a busy machine that may be too soon once.
  test.each(meant)('$what', { retry: 2 }, async (situation) => {
    const { before, after, settings } = situation
    const load = shell === 'fish' ? 'source ~/hooks/daybook.fish' : `. ~/hooks/daybook.${shell}`
    using home =
      settings === undefined
        ? makeHome(shell, { before, after } as object)
        : makeHome(shell, { bare: true, before: `${before ?? ''}\n${load}\n${after ?? ''}` })
    if (settings !== undefined) withSettings(home, settings)
    await typeInto(home, situation.typed, { env: situation.env ?? {} })
    check(shell, situation, home)
  })

  test('branch and root of the repository, in a worktree, in a detached head and outside', async () => {
    using home = makeHome(shell)
    home.write('repo/.git/HEAD', 'ref: refs/heads/topic/one\n')
    home.write('repo/.git/worktrees/tree/HEAD', 'ref: refs/heads/other\n')
    home.write('repo/deep/er/x', '')
    home.write('tree/.git', `gitdir: ${home.path}/repo/.git/worktrees/tree\n`)
    home.write('loose/.git/HEAD', '1234567890123456789012345678901234567890\n')
    await typeInto(home, [
      'cd repo/deep/er',
      'true 1',
      'cd ../../../tree',
      'true 2',
      'cd ../loose',
      'true 3',
      'cd ..',
      'true 4',
      'exit',
    ])
    const facts = home
      .records()
      .flatMap((r) => (r.kind === 'begin' && r.command.startsWith('true') ? [[r.root, r.branch]] : []))
    expect(facts).toEqual([
      [join(home.path, 'repo'), 'topic/one'],
      [join(home.path, 'repo'), 'other'],
      [join(home.path, 'loose'), undefined],
      [undefined, undefined],
    ])
  })

  test('what a record says: who, where, when and how long, in a file that only its owner can read', async () => {
    using home = makeHome(shell)
    const begun = Date.now()
    await typeInto(home, ['umask 000', 'sleep 0.3', 'umask', 'exit'], { env: { SHLVL: '3', CLAUDECODE: '1' } })
    const [, one] = home.records().filter((record) => record.kind === 'begin')
    expect(one).toMatchObject({
      command: 'sleep 0.3',
      n: 2,
      cwd: home.path,
      agent: 'claude-code',
      shell: expect.stringMatching(`^${shell} \\d`),
    })
    expect(one).toMatchObject({ host: expect.any(String), pid: expect.any(Number), level: expect.any(Number) })
    if (one?.kind !== 'begin') return
    expect(Math.abs(one.at - begun)).toBeLessThan(10_000)
    const end = home.records().find((record) => record.kind === 'end' && record.n === one.n)
    const took = end?.kind === 'end' ? (end.duration ?? (end.until ?? 0) - one.at) : 0
    // A bash without EPOCHREALTIME knows seconds only.
    if (!/^bash [34]/.test(one.shell ?? '')) expect(took).toBeGreaterThanOrEqual(280)
    expect(took).toBeLessThan(5_000)
    for (const file of home.files()) expect(statSync(join(home.spool, file)).mode & 0o777).toBe(0o600)
    expect(statSync(home.spool).mode & 0o777).toBe(0o700)
  })

  test('a spool that cannot be written is no word on the terminal', async () => {
    using home = makeHome(shell)
    home.write('.local/state/daybook', 'a file where a folder should be')
    const { screen } = await typeInto(home, ['echo on', 'false', 'exit'])
    expect(screen).toContain('on\r\n')
    expect(screen).not.toMatch(/daybook|denied|directory|No such/)
  })

  test.skipIf(shell !== 'bash')('a PROMPT_COMMAND that is readonly is no word on the terminal', async () => {
    using home = makeHome(shell, { before: 'readonly PROMPT_COMMAND=n=1' })
    const { screen } = await typeInto(home, ['echo on', 'exit'])
    expect(screen).toContain('on\r\n')
    expect(screen).not.toMatch(/readonly|daybook/)
  })

  test('who is no person at a terminal writes nothing', async () => {
    using home = makeHome(shell)
    await typeInto(home, [], { args: ['-c', 'true'] })
    await typeInto(home, [], {
      args: ['-c', shell === 'fish' ? 'source ~/.config/fish/config.fish; true' : `. ~/.${shell}rc; true`],
    })
    expect(home.files()).toEqual([])
  })

  // Through a pipe, as a line editor draws so long a line for minutes; fish has no prompts there.
  test.skipIf(shell === 'fish')('a line of a megabyte is cut, and says how long it was', () => {
    using home = makeHome(shell)
    const line = `true ${'x'.repeat(1_000_000)}`
    const env = { HOME: home.path, PATH: '/usr/bin:/bin', LANG: 'C.UTF-8' }
    execFileSync(programOf(shell) as string, ['-i'], { env, cwd: home.path, input: `${line}\nexit\n`, stdio: 'pipe' })
    const [one] = home.records()
    expect(one).toMatchObject({ kind: 'begin', length: line.length, command: line.slice(0, 65_536) })
  })
})
