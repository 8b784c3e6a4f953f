// How often an owner is asked for a payload that many want, and for how long it is kept.
import { expect, test } from 'vitest'
import { DaybookError } from '../../schemas/errors.ts'
import { type AtSource, remembering } from './at-source.ts'

const CLIP_BYTES = 40 * 1024 * 1024

/** An owner that gives what it is told to, and a minute that ends when it is told to. */
function owner(give: (id: string) => Promise<AtSource>) {
  const asked: string[] = []
  const minutes: (() => void)[] = []
  const clock = { now: () => 0, sleep: () => new Promise<void>((resolve) => void minutes.push(resolve)) }
  const { signal } = new AbortController()
  const source = ({ id }: { id: string }) => {
    asked.push(id)
    return give(id)
  }
  const read = remembering(source, { clock, signal })
  return {
    asked,
    read: (id: string) => read({ storage: 'frigate', id }),
    async minuteOver() {
      for (const end of minutes.splice(0)) end()
      await new Promise(setImmediate)
    },
  }
}

const film = async () => ({ bytes: Buffer.alloc(CLIP_BYTES), mediaType: 'video/mp4' })
const picture = async (id: string) => ({ bytes: Buffer.from(id), mediaType: 'image/jpeg' })

test('who wants a film within a minute shares one answer; later it is read anew', async () => {
  const { asked, read, minuteOver } = owner(film)
  const [one, two] = await Promise.all([read('a'), read('a')])
  expect(one).toBe(two)
  expect(await read('a')).toBe(one)
  expect(asked).toEqual(['a'])
  await minuteOver()
  await read('a')
  expect(asked).toEqual(['a', 'a'])
})

test('a picture is asked for each time, once for all who wait for it', async () => {
  const { asked, read } = owner(picture)
  const answers = await Promise.all([read('a'), read('a'), read('b')])
  expect(answers.map(({ bytes }) => String(bytes))).toEqual(['a', 'a', 'b'])
  await read('a')
  expect(asked).toEqual(['a', 'b', 'a'])
})

test('a failure is for those who wait for it, and for nobody else', async () => {
  let away = true
  const { asked, read } = owner((id) => (away ? Promise.reject(new DaybookError('frigate_unreachable')) : picture(id)))
  const failures = await Promise.allSettled([read('a'), read('a')])
  expect(failures.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  away = false
  await read('a')
  expect(asked).toEqual(['a', 'a'])
})

test('no more than 64 MiB are kept: the oldest goes first', async () => {
  const { asked, read } = owner(film)
  for (const id of ['a', 'b', 'b', 'a']) await read(id)
  expect(asked).toEqual(['a', 'b', 'a'])
})
