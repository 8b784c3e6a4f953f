// The hook script as the programs run it: one file a call, whole or not at all, silent, and 0 whatever stands in its way.
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import {
  chmodSync,
  copyFileSync,
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
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { readCall } from './call.ts'

const PLUGIN = join(import.meta.dirname, 'plugin')
const SCRIPT = join(PLUGIN, 'hooks/capture.sh')
const shells = ['/bin/sh', '/bin/dash', '/bin/bash', '/bin/busybox', '/bin/ksh', '/bin/zsh'].filter((path) =>
  existsSync(path),
)

let folder: string
let spool: string
let script: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'daybook-capture-'))
  spool = join(folder, 'a spool', 'deep')
  script = join(folder, 'plug in', 'capture.sh')
  mkdirSync(join(folder, 'plug in'))
  copyFileSync(SCRIPT, script)
  chmodSync(script, 0o755)
  connect(spool)
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const connect = (path: string) => writeFileSync(join(folder, 'plug in', 'spool'), `${path}\n`)
const kept = () => readdirSync(spool).filter((name) => !name.startsWith('.'))

/** Runs it and expects that nobody hears of it. */
function run(
  input: string,
  { shell = '/bin/sh', env = {} }: { shell?: string; env?: Record<string, string> } = {},
): void {
  const words = shell.endsWith('busybox') ? ['sh', script] : [script]
  const { status, stdout, stderr } = spawnSync(shell, [...words, 'claude_code', 'Stop'], {
    input,
    env: { HOME: folder, ...env },
  })
  expect([status, String(stdout), String(stderr)]).toEqual([0, '', ''])
}

describe.each(shells)('in %s', (shell) => {
  test('a call becomes one private file that says what came', () => {
    run('{"session_id":"a\\nb","say":"\\\\n \'$HOME\' `id`"}\n', { shell })
    const [name = '', ...more] = kept()
    expect(more).toEqual([])
    expect(statSync(spool).mode & 0o777).toBe(0o700)
    expect(statSync(join(spool, name)).mode & 0o777).toBe(0o600)
    expect(readCall(readFileSync(join(spool, name), 'utf8'), 7)).toEqual({
      source: 'claude_code',
      event: 'Stop',
      at: 7,
      body: { session_id: 'a\nb', say: "\\n '$HOME' `id`" },
    })
  })

  test('an input of many MB comes through whole', () => {
    const text = 'x'.repeat(5_000_000)
    run(JSON.stringify({ text }), { shell })
    expect(readCall(readFileSync(join(spool, kept()[0] ?? ''), 'utf8'), 0)?.body).toEqual({ text })
  })

  test.each([
    ['a folder that cannot be made', () => '/proc/none'],
    [
      'a file in its place',
      () => {
        writeFileSync(join(folder, 'file'), '')
        return join(folder, 'file')
      },
    ],
    ['a path that is not absolute', () => 'somewhere'],
    ['no path', () => ''],
  ])('%s changes nothing for the program', (_what, path) => {
    connect(path())
    run('{}', { shell })
  })

  test('a disk on which files can be made and not written keeps none of them', () => {
    mkdirSync(spool, { recursive: true })
    writeFileSync(join(folder, 'input'), '{"session_id":"a"}')
    const words = [...(shell.endsWith('busybox') ? [shell, 'sh'] : [shell]), script, 'claude_code', 'Stop']
    const limited = `ulimit -f 0; trap '' XFSZ; exec "$@" <'${join(folder, 'input')}'`
    expect(spawnSync('/bin/sh', ['-c', limited, 'sh', ...words]).status).toBe(0)
    expect(readdirSync(spool)).toEqual([])
  })

  test('a spool that was measured to be full takes nothing more', () => {
    mkdirSync(spool, { recursive: true })
    writeFileSync(join(spool, '.full'), '')
    run('{}', { shell })
    expect(kept()).toEqual([])
  })
})

test('a disk that fills up leaves no half file', () => {
  // A limit on the size of a file stands in for a full disk: the write fails in the middle.
  mkdirSync(spool, { recursive: true })
  const limited = spawnSync('/bin/sh', ['-c', `ulimit -f 8; trap '' XFSZ; exec "$0" claude_code Stop`, script], {
    input: 'y'.repeat(200_000),
  })
  expect(limited.status).toBe(0)
  expect(readdirSync(spool)).toEqual([])
})

test('programs that come first on PATH are not run', () => {
  const bin = join(folder, 'bin')
  mkdirSync(bin)
  for (const name of ['cat', 'mv', 'rm', 'du', 'mkdir', 'node', 'npx']) {
    writeFileSync(join(bin, name), `#!/bin/sh\necho ${name} >> '${folder}/ran'\n`, { mode: 0o755 })
  }
  run('{}', { env: { PATH: `${bin}:/usr/bin:/bin` } })
  expect(existsSync(join(folder, 'ran'))).toBe(false)
  expect(kept()).toHaveLength(1)
})

test('two that write at once keep two files, also where a file of the same number lies', async () => {
  const ended = Array.from({ length: 20 }, (_, index) => {
    const child = spawn(script, ['claude_code', 'Stop'], { stdio: ['pipe', 'ignore', 'ignore'] })
    mkdirSync(spool, { recursive: true })
    writeFileSync(join(spool, `${child.pid}-0`), 'there before')
    child.stdin.end(JSON.stringify({ index }))
    return new Promise((done) => child.once('exit', done))
  })
  expect(await Promise.all(ended)).toEqual(Array(20).fill(0))
  const texts = kept().map((name) => readFileSync(join(spool, name), 'utf8'))
  const calls = texts.flatMap((text) => readCall(text, 0)?.body.index ?? [])
  expect(calls.sort((a, b) => Number(a) - Number(b))).toEqual(Array.from({ length: 20 }, (_, index) => index))
})

test('installed by other means, it takes the usual folder once Daybook has made it, and makes none', () => {
  rmSync(join(folder, 'plug in', 'spool'))
  spool = join(folder, 'state', 'daybook', 'claude_code', 'spool')
  run('{}', { env: { XDG_STATE_HOME: join(folder, 'state') } })
  expect(existsSync(spool)).toBe(false)
  mkdirSync(spool, { recursive: true })
  run('{}', { env: { XDG_STATE_HOME: join(folder, 'state') } })
  expect(kept()).toHaveLength(1)
})

test('it names no event that a version of these years would refuse, and none whose hooks must answer', () => {
  const { hooks } = JSON.parse(readFileSync(join(PLUGIN, 'hooks/hooks.json'), 'utf8'))
  const tooNew = ['PreModelSwitch', 'PostModelSwitch', 'DirectoryAdded']
  const answering = ['WorktreeCreate', 'WorktreeRemove', 'MessageDisplay', 'PostToolBatch', 'FileChanged']
  expect(Object.keys(hooks).filter((event) => [...tooNew, ...answering].includes(event))).toEqual([])
  expect(Object.keys(hooks)).toHaveLength(25)
  for (const [
    event,
    [
      {
        hooks: [hook],
      },
    ],
  ] of Object.entries<[{ hooks: [{ command: string }] }]>(hooks)) {
    expect(hook.command).toBe(`"\${CLAUDE_PLUGIN_ROOT}/hooks/capture.sh" claude_code ${event} || :`)
  }
})

test('its version is that of Daybook', () => {
  const read = (path: string) => JSON.parse(readFileSync(join(PLUGIN, path), 'utf8'))
  expect(read('.claude-plugin/plugin.json').version).toBe(read('../../../package.json').version)
  expect(execFileSync('/bin/sh', ['-n', SCRIPT]).length).toBe(0)
})
