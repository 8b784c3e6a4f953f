// Heartbeats of the clients there are, and of exports, in one form.
import { expect, test } from 'vitest'
import { readAgent } from './agent.ts'
import { type Heartbeat, hashOf, readHeartbeat } from './heartbeat.ts'

const sender = { userAgent: '', machine: 'laptop', now: 1_795_395_000_000 }
const read = (sent: unknown, from = sender) => readHeartbeat(sent, from)
const beat = (sent: Record<string, unknown>) => read({ entity: '/a.go', time: 1795394000, ...sent }) as Heartbeat

test.each([
  ['wakatime/unset (linux-6.8.0-unknown) go1.26.8 vscode/1.90.0 vscode-wakatime/24.6.0', 'vscode', 'linux'],
  ['wakatime/13.0.4 (Linux-5.4.64-x86_64-with-glibc2.2.5) Python3.7.6.final.0 emacs-wakatime/1.0.2', 'emacs', 'linux'],
  ['wakatime/v1.86.5 (linux-6.6.4-200.fc39.x86_64-unknown) go1.21.3 neovim/900 vim-wakatime/11.1.1', 'neovim', 'linux'],
  ['wakatime/ (Linux-6.0.42-1-lts-foobar-x86_64) KTextEditor/5.111.0 kate-wakatime/1.3.10', 'kate', 'linux'],
  [
    'wakatime/v1.102.1 (windows-10.0.27723.1000-x86_64) go1.22.5 Notepad++/x windows-wakatime/0.5.0',
    'notepad',
    'windows',
  ],
  ['wakatime/v1.1 (darwin-25-arm64) go1.25 opus/4.1 claude-code/2.1 claude-code-wakatime/3', 'claude_code', 'darwin'],
  ['Chrome/114.0.0.0 linux_x86-64 chrome-wakatime/3.0.17', 'chrome', 'linux'],
  ['wakatime/unset (linux-6.8.0-unknown) go1.26.8 Unknown/0', undefined, 'linux'],
  ['Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 Firefox/140.0', undefined, undefined],
])('the editor in %s', (userAgent, editor, os) => {
  const agent = readAgent(userAgent)
  expect([agent.editor, agent.os]).toEqual([editor, os])
})

test('a time is seconds, as a number or a text; milliseconds are understood', () => {
  expect(beat({ time: 1795394000.123456 }).time).toBe(1795394000123456)
  expect(beat({ time: '1795394000.125' }).time).toBe(1795394000125000)
  expect(beat({ time: 1795394000125 }).time).toBe(1795394000125000)
})

test.each([
  [null, 'not an object'],
  [[], 'not an object'],
  ['text', 'not an object'],
  [{ time: 1795394000 }, 'entity'],
  [{ entity: '  ', time: 1795394000 }, 'entity'],
  [{ entity: '/a' }, 'time'],
  [{ entity: '/a', time: 'soon' }, 'time'],
  [{ entity: '/a', time: null }, 'time'],
  [{ entity: '/a', time: 12 }, 'time'],
  [{ entity: '/a', time: 1795394000 + 3 * 86_400 }, 'time'],
])('%j is none, and says why', (sent, why) => {
  expect(read(sent)).toEqual({ refused: expect.stringContaining(why) })
})

test('fields of the wrong type are as if they were not there, and what is unknown is kept', () => {
  const odd = beat({
    project: 7,
    branch: null,
    language: {},
    is_write: 'yes',
    lines: 12,
    mood: 'good',
    id: 'x',
    empty: '',
  })
  expect(odd).toMatchObject({ project: '', branch: '', language: '', write: false, more: { lines: 12, mood: 'good' } })
  expect(Object.keys(odd.more)).toEqual(['lines', 'mood'])
})

test('no field can grow a heartbeat without bound', () => {
  const huge = 'x'.repeat(1_000_000)
  const big = beat({
    entity: huge,
    project: huge,
    branch: huge,
    language: huge,
    machine: huge,
    category: huge,
    note: huge,
  })
  expect(JSON.stringify(big).length).toBeLessThan(8000)
})

test('WakaTime takes two for one that differ in no more than lines, position, machine or agent', () => {
  const one = hashOf(beat({ lines: 3, machine: 'a', user_agent: 'wakatime/1 vim/9 vim-wakatime/1' }))
  expect(hashOf(beat({ lines: 4, machine: 'b', cursorpos: 9 }))).toBe(one)
  for (const other of [
    { is_write: true },
    { project: 'p' },
    { branch: 'b' },
    { language: 'Go' },
    { category: 'debugging' },
  ])
    expect(hashOf(beat(other))).not.toBe(one)
})

test('a page has not the project that was last; a file has it', () => {
  expect(beat({ type: 'url', project: '<<LAST_PROJECT>>', branch: '<<LAST_BRANCH>>' })).toMatchObject({
    project: '',
    branch: '',
    source: 'browser',
    category: 'browsing',
  })
  expect(beat({ project: '<<LAST_PROJECT>>' }).project).toBe('<<LAST_PROJECT>>')
})
