// Which folders of demos are removed by the next one: those that nobody uses any more, and nothing else.
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { lockDataFolder } from '../../../storage/postgres/server/lock.ts'
import { makeTemporary, removeLeft } from './folder.ts'

let among: string
beforeEach(() => {
  among = mkdtempSync(join(tmpdir(), 'folder-test-'))
})
afterEach(() => rmSync(among, { recursive: true }))

/** A process that has been. */
const gone = spawnSync(process.execPath, ['--version']).pid
/** Made as by a demo of that process. */
function made(name: string): string {
  const folder = join(among, name)
  mkdirSync(folder)
  writeFileSync(join(folder, 'file'), 'x')
  return folder
}

test('one whose demo is gone is removed, with its database elsewhere', async () => {
  const folder = made(`daybook-demo-${gone}-abcDEF`)
  const elsewhere = made('elsewhere')
  writeFileSync(join(folder, 'postgres.json'), JSON.stringify({ cluster: join(elsewhere, 'postgres') }))
  await removeLeft(among)
  expect(readdirSync(among)).toEqual([])
})

test('one of a demo that runs stays, and so does one in which a house still stops', async () => {
  const ours = await makeTemporary(among)
  const stopping = made(`daybook-demo-${gone}-abcDEF`)
  const lock = lockDataFolder(stopping)
  await removeLeft(among)
  expect(readdirSync(among).sort()).toEqual([ours, stopping].map((folder) => basename(folder)).sort())
  lock.release()
  await removeLeft(among)
  expect(readdirSync(among)).toEqual([basename(ours)])
})

test('what only has such a name, or leads elsewhere, stays', async () => {
  const mine = made('mine')
  symlinkSync(mine, join(among, `daybook-demo-${gone}-abcDEF`))
  writeFileSync(join(among, `daybook-demo-${gone}-abcDEG`), '')
  made(`daybook-demo-${gone}`)
  made(`my-daybook-demo-${gone}-abcDEF`)
  await removeLeft(among)
  expect(readdirSync(among)).toHaveLength(5)
  expect(readdirSync(mine)).toEqual(['file'])
})

test('a folder that cannot be listed is no trouble', async () => {
  await removeLeft(join(among, 'nowhere'))
})
