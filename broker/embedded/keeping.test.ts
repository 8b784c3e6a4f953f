// Retained messages are written in batches, in order, however long the database is away.
import pino from 'pino'
import { expect, it } from 'vitest'
import { wallClock } from '../../component.ts'
import { DaybookError } from '../../schemas/errors.ts'
import { Keeping, type RetainedMessage } from './keeping.ts'

const log = pino({ level: 'silent' })
const clock = { ...wallClock, sleep: () => new Promise<void>((resolve) => setImmediate(resolve)) }
const message = (topic: string, text: string): RetainedMessage => ({ topic, payload: Buffer.from(text), qos: 1 })

it('keeps what came while the last batch was written as the next one, the last of a topic only', async () => {
  const batches: string[][] = []
  let written = () => {}
  const keep = (messages: readonly RetainedMessage[]) => {
    batches.push(messages.map(({ topic, payload }) => `${topic}=${payload}`))
    return new Promise<void>((resolve) => {
      written = resolve
    })
  }
  const keeping = new Keeping({ load: async () => [], keep }, { clock, log })
  const kept: string[] = []
  keeping.keep(message('a', '1'), () => kept.push('a1'))
  for (const text of ['2', '3']) keeping.keep(message('a', text), () => kept.push(`a${text}`))
  keeping.keep(message('b', '1'), () => kept.push('b1'))
  expect(kept).toEqual([])
  written()
  await new Promise((resolve) => setImmediate(resolve))
  expect(kept).toEqual(['a1'])
  written()
  await keeping.idle()
  expect(batches).toEqual([['a=1'], ['a=3', 'b=1']])
  expect(kept).toEqual(['a1', 'a2', 'a3', 'b1'])
})

it('tries again while the store is away, and says so meanwhile', async () => {
  let failures = 3
  const troubles: (string | undefined)[] = []
  const keeping: Keeping = new Keeping(
    {
      load: async () => [],
      keep: async () => {
        troubles.push(keeping.trouble?.code)
        if (failures-- > 0) throw new DaybookError('database_unavailable')
      },
    },
    { clock, log },
  )
  let kept = 0
  keeping.keep(message('a', '1'), () => kept++)
  await keeping.idle()
  expect({ kept, trouble: keeping.trouble }).toEqual({ kept: 1, trouble: null })
  expect(troubles.at(-1)).toBe('database_unavailable')
})

it('does not let one refused message hold up the others', async () => {
  const stored: string[] = []
  const keep = async (messages: readonly RetainedMessage[]) => {
    if (messages.some(({ topic }) => topic === 'bad')) throw new DaybookError('database_refused')
    stored.push(...messages.map(({ topic }) => topic))
  }
  const keeping = new Keeping({ load: async () => [], keep }, { clock, log })
  const kept: string[] = []
  for (const topic of ['first', 'a', 'bad', 'b']) keeping.keep(message(topic, '1'), () => kept.push(topic))
  await keeping.idle()
  expect({ stored, kept }).toEqual({ stored: ['first', 'a', 'b'], kept: ['first', 'a', 'bad', 'b'] })
})

it('never calls a message kept that was not, when it stops', async () => {
  const keep = () => Promise.reject(new DaybookError('database_unavailable'))
  const keeping = new Keeping({ load: async () => [], keep }, { clock: wallClock, log })
  let kept = 0
  keeping.keep(message('a', '1'), () => kept++)
  await keeping.stop()
  expect(kept).toBe(0)
})
