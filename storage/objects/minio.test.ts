// What real S3 servers cannot be made to do: silence, half answers, refusals of a moment. On real ones the contract runs
// in test/e2e/objects-s3.test.ts.
import { randomBytes } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { bodyOf, type FakeS3, type Fault, fakeS3, refusal, refuse } from '../../test/s3/fake-s3.ts'
import { hasty, sectionFor, storeAt } from '../../test/s3/trial.ts'
import type { Limits } from './minio.ts'
import type { ObjectStore, Payload, StoredObject } from './object-store.ts'
import { payloadOf, promised } from './payload.ts'

const impatient: Limits = { ...hasty, silenceMs: 200, wholeMs: 2_000, askMs: 200 }
const reset: Fault = (request) => {
  request.socket.resetAndDestroy()
  return true
}
const silence: Fault = () => true
const small = payloadOf(randomBytes(2_000), { mediaType: 'image/png' })
const large = payloadOf(randomBytes(2_500_000))

let fake: FakeS3
let store: ObjectStore

beforeEach(async () => {
  fake = await fakeS3()
  store = storeHere()
  await store.put(payloadOf(Buffer.from('so that the bucket is there')))
  fake.asked.length = 0
})
afterEach(async () => {
  await store.close()
  await fake[Symbol.asyncDispose]()
})

function storeHere(limits: Partial<Limits> = {}, more: Parameters<typeof sectionFor>[1] = {}): ObjectStore {
  const keys = { accessKey: 'key', secretKey: 'secret' }
  return storeAt(sectionFor({ endpoint: fake.endpoint, ...keys }, more), { ...impatient, ...limits })
}
function meet(method: string, ...faults: Fault[]) {
  fake.faults.push(...faults.map((fault) => ({ method, fault })))
}
const kept = ({ id }: Payload) => [...fake.objects].find(([path]) => path.endsWith(id))?.[1].body
async function read({ bytes }: StoredObject): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of bytes) chunks.push(chunk)
  return Buffer.concat(chunks)
}

describe('a put', () => {
  test('of a small object is one request', async () => {
    await store.put(small)
    expect(fake.asked).toEqual([expect.stringMatching(`^PUT /.*/${small.id.slice(0, 2)}/${small.id}$`)])
    expect(kept(small)?.equals(await read(await store.get(small.id)))).toBe(true)
  })

  test.each([
    ['429', [refusal(429, 'TooManyRequests')]],
    ['503 slow down, twice', [refusal(503, 'SlowDown'), refusal(503, 'SlowDown')]],
    ['500', [refusal(500, 'InternalError')]],
    ['400 with the code of a moment', [refusal(400, 'RequestTimeout')]],
    ['a reset', [reset]],
    ['silence', [silence]],
  ])('is tried again after %s, for small and large objects', async (_, faults) => {
    const warned = vi.spyOn(console, 'warn')
    meet('PUT', ...faults)
    await store.put(small)
    meet('PUT', ...faults)
    await store.put(large)
    expect(kept(small)?.length).toBe(small.size)
    expect(kept(large)?.length).toBe(large.size)
    expect(fake.asked.filter((asked) => asked.startsWith('PUT'))).toHaveLength(2 + 2 * faults.length)
    expect(warned).not.toHaveBeenCalled()
  })

  test('to a server that stays silent costs one time-out, not one a try', async () => {
    await using brief = closing(storeHere({ triesMs: 100 }))
    meet('PUT', silence, silence)
    await expect(brief.store.put(small)).rejects.toMatchObject({ code: 'objects_unavailable' })
    expect(fake.asked.filter((asked) => asked.startsWith('PUT'))).toHaveLength(1)
    fake.faults.length = 0
  })

  test('that is answered but not kept whole is removed and tried again', async () => {
    const half: Fault = async (request, response) => {
      const body = (await bodyOf(request)).subarray(0, 100)
      fake.objects.set(request.url ?? '', { body, type: '' })
      response.writeHead(200, { etag: '"of-an-encrypted-object"' }).end()
      return true
    }
    meet('PUT', half, half)
    await store.put(small)
    await store.put(large)
    expect([kept(small)?.length, kept(large)?.length]).toEqual([small.size, large.size])
    meet('PUT', half, half, half)
    await expect(store.put(small)).rejects.toMatchObject({
      code: 'objects_unavailable',
      detail: expect.stringMatching(/100 of 2000 bytes/),
    })
    expect(kept(small)).toBeUndefined()
  })

  test('of a large object is not sent before the server wants it, and its refusal is read', async () => {
    let sent = 0
    const open = async function* () {
      for await (const chunk of large.open()) {
        sent += chunk.length
        yield chunk
      }
    }
    const early: Fault = (request, response) => {
      expect(request.headers.expect).toBe('100-continue')
      refuse(response, 403, 'AllAccessDisabled')
      return true
    }
    fake.faults.push({ method: 'PUT', fault: early, early: true })
    await expect(store.put(promised(large, open))).rejects.toMatchObject({ code: 'objects_refused' })
    expect(sent).toBe(0)
  })

  test('whose payload cannot be read fails with what the payload says, is not tried again, and keeps nothing', async () => {
    const gone = Object.assign(new Error('no such file'), { code: 'ENOENT' })
    for (const payload of [small, large]) {
      let opened = 0
      const open = async function* () {
        opened++
        yield* [new Uint8Array(payload.size / 2), new Uint8Array(0)]
        throw gone
      }
      await expect(store.put(promised(payload, open))).rejects.toBe(gone)
      expect([opened, kept(payload)]).toEqual([1, undefined])
    }
    await store.put(small)
  })

  test('of other bytes than the name says never reaches its end', async () => {
    const open = async function* () {
      yield new Uint8Array(large.size - 1)
      yield new Uint8Array(1)
    }
    await expect(store.put(promised(large, open))).rejects.toMatchObject({ code: 'object_damaged' })
    await setTimeout(50)
    expect(kept(large)).toBeUndefined()
  })

  test('waits for a place, so that memory does not grow with the callers', async () => {
    let [now, most] = [0, 0]
    const open = async function* () {
      most = Math.max(most, ++now)
      await setTimeout(5)
      yield* small.open() as AsyncGenerator<Uint8Array>
      now--
    }
    await Promise.all(Array.from({ length: 50 }, () => store.put(promised(small, open))))
    expect(most).toBeLessThanOrEqual(8)
  })
})

describe('a get', () => {
  const answers = ({ size }: Payload, bytes: number, then: 'end' | 'hang' | 'reset'): Fault => {
    return (_, response) => {
      response.writeHead(200, { 'content-length': size })
      response.write(Buffer.alloc(bytes), () => {
        if (then === 'end') response.destroy()
        if (then === 'reset') response.socket?.resetAndDestroy()
      })
      return true
    }
  }
  test.each(['end', 'hang', 'reset'] as const)(
    'whose body breaks in the middle (%s) fails as a stream',
    async (how) => {
      await store.put(large)
      meet('GET', answers(large, 50_000, how))
      const object = await store.get(large.id)
      expect(object.size).toBe(large.size)
      const broken = { code: 'objects_unavailable', detail: expect.stringMatching(/50000 of 2500000/) }
      await expect(read(object)).rejects.toMatchObject(broken)
      expect((await read(await store.get(large.id))).length).toBe(large.size)
    },
  )

  test.each(['end', 'hang', 'reset'] as const)('of a small object that breaks (%s) is tried again', async (how) => {
    await store.put(small)
    meet('GET', answers(small, 500, how))
    expect(await read(await store.get(small.id))).toHaveLength(small.size)
  })

  test('is tried again as long as nothing was given', async () => {
    await store.put(small)
    meet('GET', silence, refusal(502, ''))
    expect(await read(await store.get(small.id))).toHaveLength(small.size)
  })

  test('may be read slower than the server is allowed to be', async () => {
    await store.put(large)
    const { bytes } = await store.get(large.id)
    let seen = 0
    for await (const chunk of bytes) {
      if (seen === 0) await setTimeout(2 * impatient.silenceMs)
      seen += chunk.length
    }
    expect(seen).toBe(large.size)
  })

  test('that nobody reads leaves no connection', async () => {
    await store.put(large)
    const objects = await Promise.all(Array.from({ length: 5 }, () => store.get(large.id)))
    for (const { bytes } of objects) bytes.destroy()
    await vi.waitFor(() => expect(fake.sockets.size).toBeLessThan(5))
  })

  test('that breaks before anybody reads it tells the one who comes to read', async () => {
    await store.put(large)
    meet('GET', answers(large, 50_000, 'reset'))
    const object = await store.get(large.id)
    await vi.waitFor(() => expect(object.bytes.destroyed).toBe(true))
    await expect(read(object)).rejects.toMatchObject({ code: 'objects_unavailable' })
  })

  test('of a part of which the server sends the whole is refused by name', async () => {
    await store.put(small)
    meet('GET', answers(small, 500, 'hang'))
    await expect(store.get(small.id, { start: 0, end: 9 })).rejects.toMatchObject({ code: 'objects_refused' })
  })
})

describe('a refusal', () => {
  test.each([
    [403, 'SignatureDoesNotMatch', /secretKey/],
    [403, 'InvalidAccessKeyId', /accessKey/],
    [403, 'XAdminUserNotFound', /accessKey/],
    [403, 'AccessDenied', /rights in objects\.minio\.bucket/],
    [403, 'RequestTimeTooSkewed', /clock/],
    [400, 'AuthorizationHeaderMalformed', /region/],
    [301, 'PermanentRedirect', /region/],
    [307, 'TemporaryRedirect', /region/],
    [413, '', /answers 413/],
    [501, 'NotImplemented', /endpoint/],
    [400, '', /endpoint/],
  ])('%s %s names what to change, at once', async (status, code, says) => {
    meet('PUT', refusal(status, code))
    await expect(store.put(small)).rejects.toMatchObject({
      code: 'objects_refused',
      detail: expect.stringMatching(says),
    })
    expect(fake.asked).toHaveLength(1)
    await store.put(small)
  })

  test('of a bucket that is not there and may not be made names it', async () => {
    await using strict = closing(storeHere({}, { createBucket: false }))
    for (const call of [() => strict.store.put(small), () => strict.store.get(small.id)]) {
      await expect(call()).rejects.toMatchObject({ code: 'objects_refused', detail: expect.stringMatching(/bucket/) })
    }
  })

  test('without settings names them', async () => {
    await using unset = closing(storeAt({ bucket: 'b-b', region: 'r', pathStyle: true, createBucket: true }))
    await expect(unset.store.get(small.id)).rejects.toMatchObject({
      code: 'objects_refused',
      detail: expect.stringMatching(/endpoint/),
    })
  })
})

describe('a server that is away', () => {
  test('costs the first callers their patience and the others none, until it answers again', async () => {
    await using resting = closing(storeHere({ restMs: 150, longestRestMs: 300 }))
    await resting.store.put(small)
    fake.asked.length = 0
    meet('HEAD', reset, reset, reset)
    const unavailable = { code: 'objects_unavailable' }
    await expect(resting.store.has(small.id)).rejects.toMatchObject(unavailable)
    expect(fake.asked).toHaveLength(3)
    for (const call of ['get', 'has', 'delete'] as const) {
      await expect(resting.store[call](small.id)).rejects.toMatchObject({
        ...unavailable,
        detail: expect.stringMatching(/Asked again in 1 s/),
      })
    }
    expect(fake.asked).toHaveLength(3)
    await setTimeout(160)
    meet('HEAD', reset)
    const looks = [resting.store.has(small.id), resting.store.has(small.id)]
    await Promise.all(looks.map((look) => expect(look).rejects.toMatchObject(unavailable)))
    expect(fake.asked).toHaveLength(4)
    await setTimeout(310)
    expect(await resting.store.has(small.id)).toBe(true)
    await resting.store.put(large)
  })

  test('ends nobody in silence: closing the store ends what is under way', async () => {
    await using patient = closing(storeHere({ silenceMs: 60_000, wholeMs: 60_000 }))
    await patient.store.put(small)
    meet('GET', silence)
    const call = patient.store.get(small.id)
    const ended = expect(call).rejects.toMatchObject({ code: 'shutting_down' })
    await vi.waitFor(() => expect(fake.asked.at(-1)).toMatch(/^GET/))
    await patient.store.close()
    await ended
    await expect(patient.store.get(small.id)).rejects.toMatchObject({ code: 'shutting_down' })
  })
})

test('a look whether it works leaves nothing, and says what is wrong', async () => {
  const before = fake.objects.size
  await store.check()
  expect(fake.objects.size).toBe(before)
  meet('DELETE', refusal(403, 'AccessDenied'))
  await expect(store.check()).rejects.toMatchObject({
    code: 'objects_refused',
    detail: expect.stringMatching(/rights/),
  })
})

function closing(store: ObjectStore) {
  return { store, [Symbol.asyncDispose]: () => store.close() }
}
