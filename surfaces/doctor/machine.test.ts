// Folders, files, clocks and ports of this machine, right and wrong.
import { chmod, mkdtemp, rm, utimes, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { checkClock, checkCredentials, checkFolder, checkNode } from './machine.ts'
import { checkPort, checkWatchersPort, listeningInodes, ownerOf } from './ports.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'daybook-'))
})
afterEach(() => rm(folder, { recursive: true }))

test('an old Node is found', () => {
  expect(checkNode('24.3.0')).toMatchObject({ state: 'ok' })
  expect(checkNode('20.19.0')).toMatchObject({ state: 'fail', fix: expect.stringContaining('npx daybook') })
})

describe('the data folder', () => {
  test('one that can be written is ok and says its room', async () => {
    expect(await checkFolder(folder)).toMatchObject({
      state: expect.stringMatching(/ok|warn/),
      detail: expect.stringContaining('GB free'),
    })
  })

  test('one that is not there yet is no fault', async () => {
    const verdict = await checkFolder(join(folder, 'a', 'b'))
    expect(verdict.detail).toContain('made at the first start')
  })

  test('a file in its place is', async () => {
    await writeFile(join(folder, 'file'), '')
    expect(await checkFolder(join(folder, 'file'))).toMatchObject({
      state: 'fail',
      fix: expect.stringContaining('data'),
    })
  })
})

test('credentials are for their owner only', async () => {
  const file = join(folder, 'credentials.json')
  expect(checkCredentials(file)).toBeNull()
  await writeFile(file, '{}', { mode: 0o600 })
  expect(checkCredentials(file)).toMatchObject({ state: 'ok' })
  await chmod(file, 0o640)
  expect(checkCredentials(file)).toMatchObject({ state: 'fail', fix: `chmod 600 ${file}` })
})

test('a clock that is behind what was written is wrong', async () => {
  const file = join(folder, 'running.json')
  await writeFile(file, '{}')
  const now = Date.now()
  expect(checkClock(now, [file])).toMatchObject({ state: 'ok' })
  await utimes(file, new Date(), new Date(now + 3_600_000))
  expect(checkClock(now, [file])).toMatchObject({ state: 'fail', detail: expect.stringContaining('wrote a file at') })
  expect(checkClock(0, [])).toMatchObject({ state: 'fail', detail: expect.stringContaining('1970') })
})

describe('ports', () => {
  test('a free one is ok; a taken one is told with who has it and which setting to change', async () => {
    const server = createServer()
    const port = await new Promise<number>((resolve) => {
      server.listen(0, '127.0.0.1', () => {
        const address = server.address()
        resolve(typeof address === 'object' && address ? address.port : 0)
      })
    })
    const taken = await checkPort('127.0.0.1', port, 'http.port')
    expect(taken).toMatchObject({ state: 'fail', fix: expect.stringContaining('http.port') })
    const watchers = await checkWatchersPort('127.0.0.1', port)
    expect(watchers).toMatchObject({ state: 'warn', detail: taken.detail, fix: expect.stringContaining('starts all') })
    if (process.platform === 'linux') {
      expect(await ownerOf(port)).toMatchObject({ pid: process.pid })
      expect(taken.detail).toContain(`pid ${process.pid}`)
    }
    await new Promise((resolve) => server.close(resolve))
    expect(await checkPort('127.0.0.1', port, 'http.port')).toMatchObject({ state: 'ok' })
  })

  test('an address that is not of this machine is told so', async () => {
    // RFC 5737: for documentation only.
    expect(await checkPort('192.0.2.1', 0, 'http.port')).toMatchObject({ fix: expect.stringContaining('http.host') })
  })

  test('only listening sockets of the port are taken from the table', () => {
    const table = [
      '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode',
      '   0: 0100007F:20E4 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4711 1',
      '   1: 0100007F:20E4 0100007F:C350 01 00000000:00000000 00:00000000 00000000     0        0 4712 1',
      '   2: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4713 1',
    ].join('\n')
    expect(listeningInodes(table, 8420)).toEqual(['4711'])
  })
})
