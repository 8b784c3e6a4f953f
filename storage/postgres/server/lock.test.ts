// The lock on a data folder: one holder at a time, and none after the holder's death.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { lockDataFolder } from './lock.ts'

test('a held folder is refused, even to the same process, and free again once released', async () => {
  const folder = await temporaryFolder()
  const lock = lockDataFolder(folder)
  expect(() => lockDataFolder(folder)).toThrow(expect.objectContaining({ code: 'already_running' }))
  expect(() => lockDataFolder(folder)).toThrow(`process ${process.pid}`)
  lockDataFolder(folder, 'another').release()
  lock.release()
  lock.release()
  lockDataFolder(folder).release()
  expect((await readdir(folder)).sort()).toEqual(['another.lock', 'daybook.lock'])
})

test('a holder keeps the folder to itself until it is killed', async () => {
  const folder = await temporaryFolder()
  const script = `const { lockDataFolder } = await import(${JSON.stringify(new URL('lock.ts', import.meta.url))})
    const lock = lockDataFolder(${JSON.stringify(folder)})
    console.log('held')
    setInterval(() => lock, 1000)`
  const holder = spawn(process.execPath, ['--input-type=module', '-e', script])
  onTestFinished(() => void holder.kill('SIGKILL'))
  await once(holder.stdout, 'data')
  expect(() => lockDataFolder(folder)).toThrow(`process ${holder.pid}`)
  holder.kill('SIGKILL')
  await once(holder, 'exit')
  lockDataFolder(folder).release()
})

async function temporaryFolder() {
  const folder = await mkdtemp(join(tmpdir(), 'daybook-lock-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  return folder
}
