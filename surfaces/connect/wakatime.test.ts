// Connecting WakaTime, in homes of all kinds: what changes, what comes back, also after the person has edited the file.
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { SourceDetails } from '../operations/sources.ts'
import { deskOf } from './desk.ts'
import { applyEdits, readJournal, undoEdits } from './edits.ts'
import { wakatime } from './wakatime.ts'
import { accountIn, withHouse, withoutHouse } from './wakatime-config.ts'

const key = '3f0c4b62-9a51-4d7e-8a3c-0b1f2e3d4c5b'
const house = { url: 'http://127.0.0.1:8420/wakatime/api/v1', key }
let home: string

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'daybook-home-'))
})
afterEach(() => rmSync(home, { recursive: true, force: true }))

const desk = (env: Record<string, string> = {}) => deskOf({ env: { PATH: '', ...env }, home, product: '.' })
const source = { key, urls: [house.url] } as unknown as SourceDetails
const plan = (env?: Record<string, string>) =>
  wakatime.plan(desk(env), { url: 'http://127.0.0.1:8420', source }, () => undefined)

function put(path: string, text: string, mode = 0o644): string {
  const file = join(home, path)
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, text)
  chmodSync(file, mode)
  return file
}

/** Connects, lets the person do something, disconnects; the file afterwards, null: gone. */
async function there(between: (path: string) => void = () => {}): Promise<string | null> {
  const { edits } = await plan()
  const path = edits[0]?.path ?? ''
  applyEdits(edits, desk().state, { source: 'wakatime', at: 1, house: 'x' })
  between(path)
  const journal = readJournal(desk().state, 'wakatime')
  if (!journal) throw new Error('no journal')
  undoEdits(desk().state, journal, wakatime.undo)
  return desk().read(path)
}

const files = {
  usual: '[settings]\ndebug = false\napi_key = waka_1\nhide_file_names = true\n',
  'with an address': '; mine\n[settings]\napi_url=https://wakapi.dev/api\napi_key: 2\n\n[projectmap]\na = b\n',
  'of Windows': '[settings]\r\napi_key = 3\r\ndebug = false\r\n',
  'without an end of line': '[settings]\napi_key=4',
  'with another section first': '[proxy]\napi_key = not this\n[ Settings ]\napikey = 5\n',
  'without the section': '[git]\ndisable_submodules = true\n',
  'without the section and end of line': '[git]\na = b',
  empty: '',
}

test.each(Object.entries(files))('a file %s comes back byte for byte', async (_, text) => {
  const path = put('.wakatime.cfg', text, 0o640)
  let connected = ''
  expect(
    await there(() => {
      connected = readFileSync(path, 'utf8')
    }),
  ).toBe(text)
  expect(connected).toContain(`api_url = ${house.url}`)
  expect(connected).toContain(`api_key = ${key}`)
  expect(statSync(path).mode & 0o777).toBe(0o640)
  expect(withHouse(connected, house)).toBe(connected)
})

test.each(Object.entries(files))('a file %s that changed since keeps what the person did', async (_, text) => {
  put('.wakatime.cfg', text)
  const more = `${text === '' || text.endsWith('\n') ? '' : '\n'}exclude =\n  ^/secret\n`
  const after = await there((path) => {
    const now = readFileSync(path, 'utf8')
    writeFileSync(path, `${now}${now.endsWith('\n') ? '' : '\n'}exclude =\n  ^/secret\n`)
  })
  // Where there was no section, the person's lines now stand under ours, which stays.
  expect(after?.replace(/\[settings\]\n(?=exclude)/, '')).toBe(text + more)
})

test('a file that was not there is gone again, or keeps what the person put in', async () => {
  expect(await there()).toBeNull()
  expect(await there((path) => writeFileSync(path, `${readFileSync(path, 'utf8')}debug = true\n`))).toBe(
    '[settings]\ndebug = true\n',
  )
})

test('wakatime-cli reads the house and nothing else from it', () => {
  for (const text of Object.values(files)) {
    const values = new Map<string, string[]>()
    let section = ''
    for (const line of withHouse(text, house).split(/\r?\n/)) {
      if (/^\s*[#;]/.test(line)) continue
      section = /^\s*\[\s*(.*?)\s*\]/.exec(line)?.[1]?.toLowerCase() ?? section
      const [, name = '', value = ''] = /^\s*(\w+)\s*[=:]\s*(.*)$/.exec(line) ?? []
      if (section === 'settings' && name) values.set(name, [...(values.get(name) ?? []), value])
    }
    expect([values.get('api_url'), values.get('api_key'), values.get('apikey')]).toEqual([
      [house.url],
      [key],
      undefined,
    ])
    expect(accountIn(withHouse(text, house))).toEqual(accountIn(text))
    expect(withoutHouse(withHouse(text, house)).trimEnd()).toBe(text.trimEnd())
  }
})

test('the file is where WAKATIME_HOME says, and what is there is found', async () => {
  put('waka/.wakatime.cfg', files.usual)
  const cli = put('waka/wakatime-cli-linux-amd64', '#!/bin/sh\n', 0o755)
  put('.vscode/extensions/extensions.json', '[{"identifier":{"id":"wakatime.vscode-wakatime"}}]')
  mkdirSync(join(home, '.vim/plugged/vim-wakatime'), { recursive: true })
  const { found, edits, todo } = await plan({ WAKATIME_HOME: join(home, 'waka'), WAKATIME_API_KEY: 'x' })
  expect(edits.map(({ path }) => path)).toEqual([join(home, 'waka/.wakatime.cfg')])
  expect(found).toEqual([
    `wakatime-cli, ${cli}`,
    `vim-wakatime, ${join(home, '.vim/plugged/vim-wakatime')}`,
    `vscode-wakatime, ${join(home, '.vscode/extensions/extensions.json')}`,
    `settings of WakaTime, ${join(home, 'waka/.wakatime.cfg')}`,
  ])
  expect(todo.join('\n')).toMatch(/api.wakatime.com gets nothing from now on[\s\S]*WAKATIME_API_KEY is set/)
  expect((await plan()).found).toContain(`vim-wakatime, ${join(home, '.vim/plugged/vim-wakatime')}`)
})

test('who has nothing of WakaTime is told what to install', async () => {
  const { found, todo } = await plan()
  expect(found).toEqual(['no plugin of WakaTime yet'])
  expect(todo[0]).toMatch(/^Install the WakaTime plugin/)
})
