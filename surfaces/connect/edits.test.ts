// Files of a person changed and put back: byte for byte, through links, with their rights, and when others wrote meanwhile.
import {
  chmodSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Edit } from './connector.ts'
import { applyEdits, preview, readJournal, undoEdits } from './edits.ts'

let home: string
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'daybook-desk-'))
})
afterEach(() => rmSync(home, { recursive: true }))

const LINE = '. /opt/daybook/hook  # daybook\n'
const at = (name: string) => join(home, name)
const state = () => at('state')
const appending = (name: string): Edit => ({
  path: at(name),
  why: 'starts the hook',
  apply: (before) => ((before ?? '').includes(LINE) ? before : (before ?? '') + LINE),
})
const about = { source: 'terminal', at: 1, house: 'http://x' }
const connect = (...edits: Edit[]) => applyEdits(edits, state(), about)
const disconnect = (undo?: (path: string, now: string) => string | null | undefined) => {
  const journal = readJournal(state(), 'terminal')
  return journal ? undoEdits(state(), journal, undo) : []
}

test('what is not UTF-8 or has no newline at its end comes back byte for byte, with its rights', () => {
  const bytes = Buffer.from([0x61, 0xff, 0xfe, 0x0a, 0x62])
  writeFileSync(at('rc'), bytes)
  chmodSync(at('rc'), 0o640)
  expect(preview([appending('rc')])).toMatchObject([
    { kind: 'change', lines: [expect.stringContaining('- b'), expect.stringContaining('+ b. /opt')] },
  ])
  expect(readFileSync(at('rc')).equals(bytes)).toBe(true)
  connect(appending('rc'))
  expect(readFileSync(at('rc')).equals(Buffer.concat([bytes, Buffer.from(LINE)]))).toBe(true)
  expect(statSync(at('rc')).mode & 0o777).toBe(0o640)
  expect(disconnect()).toEqual([{ path: at('rc'), how: 'restored' }])
  expect(readFileSync(at('rc')).equals(bytes)).toBe(true)
  expect(statSync(at('rc')).mode & 0o777).toBe(0o640)
  expect(readJournal(state(), 'terminal')).toBeNull()
})

test('a file that was not there goes again, and the folders that were made for it', () => {
  connect(appending('new/deep/file'))
  expect(statSync(at('new/deep/file')).mode & 0o777).toBe(0o600)
  expect(disconnect()).toMatchObject([{ how: 'removed' }])
  expect(existsSync(at('new'))).toBe(false)
})

test('folders that hold something of others by then stay', () => {
  connect(appending('new/deep/file'))
  writeFileSync(at('new/other'), '')
  disconnect()
  expect([existsSync(at('new/deep')), existsSync(at('new/other'))]).toEqual([false, true])
})

test('a link stays a link, and the file behind it is changed', () => {
  mkdirSync(at('dotfiles'))
  writeFileSync(at('dotfiles/rc'), 'mine\n')
  symlinkSync(at('dotfiles/rc'), at('rc'))
  connect(appending('rc'))
  expect(lstatSync(at('rc')).isSymbolicLink()).toBe(true)
  expect(readFileSync(at('dotfiles/rc'), 'utf8')).toBe(`mine\n${LINE}`)
  disconnect()
  expect(lstatSync(at('rc')).isSymbolicLink()).toBe(true)
  expect(readFileSync(at('dotfiles/rc'), 'utf8')).toBe('mine\n')
})

test('connecting twice changes nothing more, and one disconnect undoes both', () => {
  writeFileSync(at('rc'), 'mine\n')
  connect(appending('rc'))
  connect(appending('rc'), appending('second'))
  expect(readFileSync(at('rc'), 'utf8')).toBe(`mine\n${LINE}`)
  expect(disconnect().map(({ how }) => how)).toEqual(['removed', 'restored'])
  expect([readFileSync(at('rc'), 'utf8'), existsSync(at('second'))]).toEqual(['mine\n', false])
})

test('a new version of what was put in replaces the old one, and the first state comes back', () => {
  const holding = (text: string): Edit => ({ path: at('hook'), why: 'the hook', apply: () => text })
  writeFileSync(at('hook'), 'of the person')
  connect(holding('version 1'))
  connect(holding('version 2'))
  expect(readFileSync(at('hook'), 'utf8')).toBe('version 2')
  disconnect()
  expect(readFileSync(at('hook'), 'utf8')).toBe('of the person')
})

test('of a file that the person has changed since, only what was put in goes', () => {
  writeFileSync(at('rc'), 'mine\n')
  connect(appending('rc'))
  writeFileSync(at('rc'), `# new\nmine\n${LINE}alias ll=ls\n`)
  expect(disconnect()).toEqual([{ path: at('rc'), how: 'taken out' }])
  expect(readFileSync(at('rc'), 'utf8')).toBe('# new\nmine\nalias ll=ls\n')
})

test('where the last line had no end, the line end that was put in stays with what the person wrote after it', () => {
  writeFileSync(at('rc'), 'mine')
  connect({ ...appending('rc'), apply: (before) => `${before}\n${LINE}` })
  writeFileSync(at('rc'), `mine\n${LINE}alias ll=ls\n`)
  expect(disconnect()).toMatchObject([{ how: 'taken out' }])
  expect(readFileSync(at('rc'), 'utf8')).toBe('mine\nalias ll=ls\n')
})

test('what cannot be told from the rest is left, said, and remembered; a connector that can tell takes it out', () => {
  const setting: Edit = { path: at('a.json'), why: 'hooks', apply: () => '{"a":1,"b":2}' }
  writeFileSync(at('a.json'), '{"a":1}')
  connect(setting)
  writeFileSync(at('a.json'), '{"c":3,"b":2,"a":1}')
  expect(disconnect()).toMatchObject([{ how: 'left', todo: expect.stringContaining('"b":2') }])
  expect(readFileSync(at('a.json'), 'utf8')).toBe('{"c":3,"b":2,"a":1}')
  const undo = (_: string, now: string) => now.replace('"b":2,', '')
  expect(disconnect(undo)).toMatchObject([{ how: 'taken out' }])
  expect(readFileSync(at('a.json'), 'utf8')).toBe('{"c":3,"a":1}')
  expect(readJournal(state(), 'terminal')).toBeNull()
})

test('what fails half way is put back', () => {
  writeFileSync(at('rc'), 'mine\n')
  writeFileSync(at('blocked'), '')
  const failing = { ...appending('blocked/file'), apply: () => 'x' }
  expect(() => connect(appending('rc'), failing)).toThrow(/nothing was changed/)
  expect(readFileSync(at('rc'), 'utf8')).toBe('mine\n')
  expect(readJournal(state(), 'terminal')).toBeNull()
})

test('connected again after the person has edited the file, what was theirs comes back with their edit', () => {
  const setting = (value: string): Edit => ({
    path: at('cfg'),
    why: 'the house',
    apply: (before) => (before ?? '').replace(/key = .*/, `key = ${value}`),
  })
  const undo = (_: string, now: string) => now.replace(/key = .*/, 'key = mine')
  writeFileSync(at('cfg'), 'key = mine\ndebug = false\n')
  applyEdits([setting('house A')], state(), about, undo)
  writeFileSync(at('cfg'), 'key = house A\ndebug = true\n')
  applyEdits([setting('house B')], state(), about, undo)
  expect(readFileSync(at('cfg'), 'utf8')).toBe('key = house B\ndebug = true\n')
  expect(disconnect(undo)).toMatchObject([{ how: 'restored' }])
  expect(readFileSync(at('cfg'), 'utf8')).toBe('key = mine\ndebug = true\n')
})

test('a link to nothing, a file of two names, a mark of ours at its beginning, and its time come back', () => {
  symlinkSync(at('dotfiles-rc'), at('rc'))
  writeFileSync(at('first'), 'two names\n')
  linkSync(at('first'), at('second'))
  writeFileSync(at('marked'), '\u{F0000}mine\n')
  utimesSync(at('marked'), 1_700_000_000, 1_700_000_000)
  connect(appending('rc'), appending('second'), appending('marked'))
  expect(lstatSync(at('rc')).isSymbolicLink()).toBe(true)
  expect(readFileSync(at('first'), 'utf8')).toBe(`two names\n${LINE}`)
  disconnect()
  expect([lstatSync(at('rc')).isSymbolicLink(), existsSync(at('dotfiles-rc'))]).toEqual([true, false])
  expect([readFileSync(at('first'), 'utf8'), statSync(at('second')).nlink]).toEqual(['two names\n', 2])
  expect(readFileSync(at('marked'), 'utf8')).toBe('\u{F0000}mine\n')
  expect(statSync(at('marked')).mtimeMs).toBe(1_700_000_000_000)
  expect(existsSync(state())).toBe(false)
})

test('what is read-only, a folder, or a damaged journal is named with what to do, and left', () => {
  writeFileSync(at('rc'), 'made elsewhere\n', { mode: 0o444 })
  expect(() => preview([appending('rc')])).toThrow(/rc is read-only.*\n.*\+ \. \/opt/)
  mkdirSync(at('folder'))
  expect(() => preview([appending('folder')])).toThrow(/EISDIR/)
  mkdirSync(join(state(), 'connections'), { recursive: true })
  writeFileSync(join(state(), 'connections', 'terminal.json'), '')
  expect(() => readJournal(state(), 'terminal')).toThrow(/is damaged: take out by hand/)
})
