// The contract over a folder, and what only a folder has: how it looks inside, links in the way, disks that are full.
import { execFile, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import * as files from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join, relative } from 'node:path'
import { Readable } from 'node:stream'
import { promisify } from 'node:util'
import { zstdDecompressSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { fsStore } from './fs.ts'
import { objectStoreContract, type StoreOnTrial } from './object-store.contract.ts'
import type { ObjectStore, Payload } from './object-store.ts'
import { payloadOf, spool } from './payload.ts'

const MB = 1024 * 1024
const SAYING = Buffer.from('{"said":"the lamp in the hall"}\n'.repeat(1000))

let place: string
let folder: string
let store: ObjectStore

beforeEach(async () => {
  place = files.mkdtempSync(join(tmpdir(), 'daybook-fs-'))
  folder = join(place, 'objects')
  store = fsStore(folder)
  await store.open()
})
afterEach(async () => {
  await store.close()
  files.rmSync(place, { recursive: true })
})

describe('the contract', () => {
  objectStoreContract(async () => onTrial(), { away: 'a disk is no server: it is full or forbidden, as below' })
})

test('an object is a file under its hash, for its owner only', async () => {
  const payload = payloadOf(randomBytes(9000), { mediaType: 'image/png' })
  await store.put(payload)
  const { id } = payload
  const file = join(id.slice(0, 2), id)
  expect(names()).toEqual([file])
  const modes = ['', id.slice(0, 2), dirname(file), 'tmp', file].map((path) => modeOf(join(folder, path)))
  expect(modes).toEqual([0o700, 0o700, 0o700, 0o700, 0o600])
})

test('text is kept as Zstandard that any tool reads, if that saves a tenth', async () => {
  const random = randomBytes(40_000)
  const bytes = { 'text/plain': SAYING, 'application/json; charset=utf-8': SAYING.subarray(1), 'image/png': random }
  for (const [mediaType, each] of Object.entries(bytes)) await store.put(payloadOf(each, { mediaType }))
  await store.put(payloadOf(random.subarray(1), { mediaType: 'text/plain' }))
  await store.put(payloadOf(SAYING.subarray(0, 2000), { mediaType: 'text/plain' }))
  const compressed = names().filter((name) => name.endsWith('.zst'))
  const whole = compressed.map((name) => zstdDecompressSync(files.readFileSync(join(folder, name))).length)
  expect(whole.sort()).toEqual([SAYING.length - 1, SAYING.length])
  expect(names()).toHaveLength(5)
})

test.each([255, 256, 300, 65_791, 65_792, 70_000])('a compressed text of %i bytes says its size', async (length) => {
  const repeated = Buffer.alloc(Math.max(length, 4096) + (length % 256), 'day ')
  const payload = payloadOf(repeated, { mediaType: 'text/plain' })
  await store.put(payload)
  expect(names()[0]).toMatch(/\.zst$/)
  expect((await store.get(payload.id)).size).toBe(repeated.length)
})

test('a file of the same file system becomes the object without being written again', async () => {
  await using spooled = await spool(chunks(randomBytes(MB)), { folder: join(place, 'spool'), most: MB })
  await store.put(spooled)
  expect(inode(join(folder, names()[0] ?? ''))).toBe(inode(spooled.file ?? ''))
})

test('a file that is a link, or gone, is not followed: the bytes are asked for', async () => {
  const payload = payloadOf(randomBytes(5000))
  const real = join(place, 'real')
  files.writeFileSync(real, randomBytes(5000))
  files.symlinkSync(real, join(place, 'link'))
  for (const file of [join(place, 'link'), join(place, 'gone')]) {
    await store.put({ ...payload, file })
    expect(await bytesOf(payload.id)).toEqual(await bytesIn(payload))
    await store.delete(payload.id)
  }
})

test('a file that is not what its payload says is refused', async () => {
  const file = join(place, 'other')
  files.writeFileSync(file, randomBytes(5000))
  await expect(store.put({ ...payloadOf(randomBytes(5000)), file })).rejects.toMatchObject({ code: 'object_damaged' })
  expect(names()).toEqual([])
})

test('an object that stands is not written again; one that was cut short is', async () => {
  const payload = payloadOf(randomBytes(5000))
  await store.put(payload)
  const file = join(folder, names()[0] ?? '')
  const before = inode(file)
  await store.put(payload)
  expect(inode(file)).toBe(before)
  files.truncateSync(file, 100)
  await store.put(payload)
  expect(await bytesOf(payload.id)).toEqual(await bytesIn(payload))
})

test.each([65_535, 65_536, 65_537])('%i bytes are read as they are, and what was cut off is damage', async (length) => {
  const bytes = randomBytes(length)
  const { id } = payloadOf(bytes)
  await store.put(payloadOf(bytes))
  const { size } = await store.get(id)
  expect([size, bytes.equals(await bytesOf(id))]).toEqual([length, true])
  files.truncateSync(join(folder, names()[0] ?? ''), 40_000)
  expect((await store.get(id)).size).toBe(40_000)
  const beyond = store.get(id, { start: 10, end: length - 1 })
  await expect(beyond).rejects.toMatchObject({ code: 'object_damaged' })
})

test('compressed bytes that were damaged on disk break the reading off', async () => {
  const payload = payloadOf(SAYING, { mediaType: 'text/plain' })
  await store.put(payload)
  const file = join(folder, names()[0] ?? '')
  const bytes = files.readFileSync(file)
  for (const damaged of [bytes.subarray(0, -9), Buffer.concat([bytes.subarray(0, -2), Buffer.from('no')])]) {
    files.writeFileSync(file, damaged)
    await expect(bytesOf(payload.id)).rejects.toMatchObject({ code: 'object_damaged' })
  }
})

test('a link in the place of an object is not followed', async () => {
  const { id } = payloadOf(SAYING)
  const secret = join(place, 'secret')
  files.writeFileSync(secret, SAYING)
  files.mkdirSync(join(folder, id.slice(0, 2)), { recursive: true })
  files.symlinkSync(secret, join(folder, id.slice(0, 2), id))
  await expect(store.get(id)).rejects.toMatchObject({ code: 'objects_refused' })
})

test('a folder that someone removed is made anew', async () => {
  const payload = payloadOf(randomBytes(5000))
  await store.put(payload)
  files.rmSync(folder, { recursive: true })
  await expect(store.put(payload)).rejects.toMatchObject({ code: 'objects_unavailable' })
  await store.put(payload)
  expect(await store.has(payload.id)).toBe(true)
})

test('a disk that takes no more is said to be full, by its folder, and nothing half is left', async () => {
  const code = `await store.put(payloadOf(Buffer.alloc(${MB})))`
  const limited = ['-c', 'ulimit -f 500; exec "$@"', 'sh', process.execPath, ...script(code)]
  const { stderr } = await promisify(execFile)('sh', limited).catch((error) => error)
  expect(stderr).toContain('objects_unavailable')
  expect(stderr).toContain(`No space is left for ${folder}`)
  expect(names()).toEqual([])
})

function onTrial(): StoreOnTrial {
  return {
    store,
    async inside() {
      const found = names().map((name) => basename(name))
      const isObject = (name: string) => /^[0-9a-f]{64}(\.zst)?$/.test(name)
      return {
        objects: found.flatMap((name) => (isObject(name) ? name.slice(0, 64) : [])).sort(),
        leftovers: found.filter((name) => !isObject(name)),
      }
    },
    async refused() {
      const inTheWay = join(place, 'way')
      files.writeFileSync(inTheWay, '')
      const mend = async () => files.rmSync(inTheWay)
      return { store: fsStore(inTheWay), says: /way a folder that this user may read and write/, mend, async end() {} }
    },
    async killMidway() {
      for (const mediaType of ['image/png', 'text/plain']) {
        const child = spawn(process.execPath, script(halfAPut(mediaType)), { stdio: ['ignore', 'pipe', 'inherit'] })
        await once(child.stdout, 'data')
        child.kill('SIGKILL')
        await once(child, 'exit')
      }
      expect(names()).toHaveLength(2)
      expect(names().every((name) => name.startsWith('tmp'))).toBe(true)
      await store.open()
    },
    async end() {},
  }
}

/** Arguments for a Node that has a store on the folder. */
function script(code: string): string[] {
  const from = (file: string) => JSON.stringify(new URL(file, import.meta.url).href)
  const source = `import { fsStore } from ${from('./fs.ts')}
    import { payloadOf, promised } from ${from('./payload.ts')}
    const store = fsStore(${JSON.stringify(folder)})
    ${code}`
  return ['--input-type=module', '--eval', source]
}

const halfAPut = (mediaType: string) => `
  const bytes = Buffer.alloc(${4 * MB}, 'half of it is here ')
  await store.put(promised(payloadOf(bytes, { mediaType: '${mediaType}' }), async function* () {
    yield bytes.subarray(${MB})
    console.log('half')
    await new Promise((resolve) => setTimeout(resolve, 60_000))
  }))`

/** Paths of all files in the store. */
function names(): string[] {
  return files
    .readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
}

const modeOf = (path: string) => files.statSync(path).mode & 0o777
const inode = (path: string) => files.statSync(path).ino
const bytesOf = async (id: string) => Buffer.concat(await (await store.get(id)).bytes.toArray())

async function bytesIn(payload: Payload): Promise<Buffer> {
  return Buffer.concat(await Readable.from(payload.open()).toArray())
}

async function* chunks(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 65_536) yield bytes.subarray(at, at + 65_536)
}
