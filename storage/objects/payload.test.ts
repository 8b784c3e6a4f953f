// Bytes get their names, and streams a file of their own that never outlives a failure.
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Payload } from './object-store.ts'
import { emptySpool, payloadOf, spool } from './payload.ts'

// FIPS 180-2, B.1: the hash of "abc".
const ABC = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'
const abc = Buffer.from('abc')

let place: string
let folder: string

beforeEach(() => {
  place = mkdtempSync(join(tmpdir(), 'daybook-spool-'))
  folder = join(place, 'spool')
})
afterEach(() => rmSync(place, { recursive: true }))

test('bytes are named by their SHA-256 and can be read again and again', async () => {
  const payload = payloadOf(abc, { mediaType: 'text/plain' })
  expect(payload).toMatchObject({ id: ABC, size: 3, mediaType: 'text/plain' })
  for (let time = 0; time < 2; time++) expect(await readAll(payload)).toEqual(abc)
})

test('bytes that are not what was said of them are refused', () => {
  expect(payloadOf(abc, { id: ABC, size: 3 }).size).toBe(3)
  for (const about of [{ size: 4 }, { id: ABC.replace('b', 'c') }]) {
    expect(() => payloadOf(abc, about)).toThrow(expect.objectContaining({ code: 'object_damaged' }))
  }
})

test('a stream becomes a private file until it is disposed of', async () => {
  let file: string | undefined
  {
    await using spooled = await spool(stream('a', '', 'bc'), { folder, most: 3, about: { id: ABC, size: 3 } })
    file = spooled.file
    expect(spooled).toMatchObject({ id: ABC, size: 3 })
    expect(readFileSync(file ?? '')).toEqual(abc)
    expect([statSync(file ?? '').mode & 0o777, statSync(folder).mode & 0o777]).toEqual([0o600, 0o700])
    for (let time = 0; time < 2; time++) expect(await readAll(spooled)).toEqual(abc)
  }
  expect(existsSync(file ?? '')).toBe(false)
})

test('a stream of nothing is an empty payload', async () => {
  await using spooled = await spool(stream(), { folder, most: 3 })
  expect(spooled.size).toBe(0)
  expect(await readAll(spooled)).toEqual(Buffer.alloc(0))
})

test.each([
  ['longer than allowed', { most: 4 }, 'too_large'],
  ['longer than was said', { most: 100, about: { size: 4 } }, 'object_damaged'],
  ['shorter than was said', { most: 100, about: { size: 7 } }, 'object_damaged'],
  ['not the bytes that were said', { most: 100, about: { id: ABC } }, 'object_damaged'],
])('a stream that is %s leaves nothing behind', async (_, options, code) => {
  await expect(spool(stream('abc', 'def'), { folder, ...options })).rejects.toMatchObject({ code })
  expect(readdirSync(folder)).toEqual([])
})

test('nothing is read of what is said to be too large, and nothing further of what turns out to be', async () => {
  let asked = 0
  let closed = false
  async function* endless() {
    try {
      for (;;) yield Buffer.alloc(10, asked++)
    } finally {
      closed = true
    }
  }
  await expect(spool(endless(), { folder, most: 100, about: { size: 101 } })).rejects.toMatchObject({
    code: 'too_large',
  })
  expect(asked).toBe(0)
  await expect(spool(endless(), { folder, most: 100 })).rejects.toMatchObject({ code: 'too_large' })
  expect([asked, closed]).toEqual([11, true])
  expect(readdirSync(folder)).toEqual([])
})

test('a stream that breaks off leaves nothing behind but its own error', async () => {
  async function* broken() {
    yield abc
    throw new Error('the sender is gone')
  }
  await expect(spool(broken(), { folder, most: 100 })).rejects.toThrow('the sender is gone')
  expect(readdirSync(folder)).toEqual([])
})

test('a folder that cannot be is refused with its name', async () => {
  writeFileSync(folder, '')
  const refused = { code: 'objects_refused', detail: expect.stringContaining(folder) }
  await expect(spool(stream('abc'), { folder, most: 100 })).rejects.toMatchObject(refused)
})

test('what a former run left is removed', async () => {
  await emptySpool(folder)
  writeFileSync(join(folder, 'left'), 'half')
  await emptySpool(folder)
  expect(readdirSync(folder)).toEqual([])
})

async function* stream(...texts: string[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield Buffer.from(text)
}

async function readAll(payload: Payload): Promise<Buffer> {
  return Buffer.concat(await Readable.from(payload.open()).toArray())
}
