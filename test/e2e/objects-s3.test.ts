// The contract of all object stores over `minio` on a real S3 server: a SeaweedFS that the test brings along, or the one
// that DAYBOOK_TEST_S3=<endpoint>,<access key>,<secret key> names. And what a server's death may not cost.
import { hash, randomBytes } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { objectStoreContract } from '../../storage/objects/object-store.contract.ts'
import { payloadOf } from '../../storage/objects/payload.ts'
import { installSeaweedFs } from '../s3/install.ts'
import { newSeaweedFs, type S3Server, type SeaweedFs } from '../s3/seaweedfs.ts'
import { bucketOf, sectionFor, storeAt, storeOnTrial } from '../s3/trial.ts'

const named = process.env.DAYBOOK_TEST_S3?.split(',')
const installed = named ? null : await installSeaweedFs()
const reason = installed && 'missing' in installed ? installed.missing : ''
if (reason) console.warn(`skipped: ${reason}`)

describe.skipIf(reason)('an S3 server', () => {
  let seaweed: SeaweedFs | undefined
  let server: S3Server

  beforeAll(async () => {
    if (installed && 'weed' in installed) seaweed = await newSeaweedFs(installed.weed)
    const [endpoint = '', accessKey = '', secretKey = ''] = named ?? []
    server = seaweed ?? { endpoint, accessKey, secretKey }
  })
  afterAll(() => seaweed?.[Symbol.asyncDispose]())

  objectStoreContract(() => storeOnTrial(server))

  test('two that meet an absent bucket make it together', async () => {
    const section = sectionFor(server)
    const stores = [storeAt(section), storeAt(section)]
    const payload = payloadOf(randomBytes(1000))
    await Promise.all(stores.map((store) => store.put(payload)))
    expect(await bucketOf(section).names()).toEqual([`${payload.id.slice(0, 2)}/${payload.id}`])
    await Promise.all(stores.map((store) => store.close()))
    await bucketOf(section).remove()
  })

  test('a bucket that is removed while the store runs is made again, and one that may not be made is named', async () => {
    const section = sectionFor(server)
    const store = storeAt(section)
    const strict = storeAt({ ...section, createBucket: false })
    const large = payloadOf(randomBytes(3_000_000))
    const refusal = { code: 'objects_refused', detail: expect.stringContaining(section.bucket) }
    await expect(strict.put(large)).rejects.toMatchObject(refusal)
    await store.put(large)
    await bucketOf(section).remove()
    await expect(store.get(large.id)).rejects.toMatchObject({ code: 'object_missing' })
    await store.put(large)
    expect(await store.has(large.id)).toBe(true)
    await Promise.all([store.close(), strict.close()])
    await bucketOf(section).remove()
  })

  test('objects keep their media type, and a prefix keeps them apart', async () => {
    const section = sectionFor(server, { prefix: 'house/payloads' })
    const store = storeAt(section)
    const payload = payloadOf(Buffer.from('a picture'), { mediaType: 'image/jpeg' })
    await store.put(payload)
    const { client, names, remove } = bucketOf(section)
    const [name = ''] = await names()
    expect(name).toBe(`house/payloads/${payload.id.slice(0, 2)}/${payload.id}`)
    expect((await client.statObject(section.bucket, name)).metaData).toMatchObject({ 'content-type': 'image/jpeg' })
    await store.close()
    await remove()
  })

  test.skipIf(named)(
    'a server that is killed in the middle of puts loses nothing it took, and keeps no half',
    async () => {
      const section = sectionFor(server)
      const store = storeAt(section)
      const put = new Set<string>()
      let attempted = 0
      let going = true
      const writers = Array.from({ length: 8 }, async (_, at) => {
        while (going) {
          const payload = payloadOf(randomBytes(at % 2 ? 20_000 : 2_500_000))
          attempted++
          await store.put(payload).then(
            () => put.add(payload.id),
            // While nobody is asked, a put fails at once.
            () => setTimeout(20),
          )
        }
      })
      for (const enough of [30, 60, 90]) {
        await vi.waitUntil(() => put.size >= enough, { timeout: 120_000 })
        await seaweed?.kill()
        await setTimeout(500)
        await seaweed?.start()
      }
      await vi.waitUntil(() => put.size >= 120, { timeout: 120_000 })
      going = false
      await Promise.all(writers)

      const { names, remove } = bucketOf(section)
      const there = (await names()).map((name) => name.slice(3))
      expect([...put].filter((id) => !there.includes(id))).toEqual([])
      for (const id of there) {
        const chunks: Uint8Array[] = []
        for await (const chunk of (await store.get(id)).bytes) chunks.push(chunk)
        expect(hash('sha256', Buffer.concat(chunks))).toBe(id)
      }
      console.info(`${put.size} of ${attempted} puts acknowledged over three kills; ${there.length} objects, all whole`)
      await store.close()
      await remove()
    },
  )
})
