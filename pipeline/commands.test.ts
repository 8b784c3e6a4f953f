// Commands over a real broker: done in order, once, and answered where an answer is wanted.
import pino from 'pino'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { access } from '../broker/access.ts'
import { createEmbeddedBroker, type EmbeddedBroker } from '../broker/embedded/embedded.ts'
import { embeddedConfig } from '../broker/embedded/limits.ts'
import { type Component, randomIds, wallClock } from '../component.ts'
import { DaybookError } from '../schemas/errors.ts'
import { topicsUnder } from '../schemas/topics.ts'
import { createCommands } from './commands.ts'

const topics = topicsUnder('daybook')
const log = pino({ level: 'silent' })
let bus: EmbeddedBroker
let commands: Component
let done: unknown[]
let replies: unknown[]

beforeEach(async () => {
  const { signal } = new AbortController()
  const config = embeddedConfig.parse({ port: 0 })
  const retained = { load: async () => [], keep: async () => {} }
  bus = createEmbeddedBroker(
    { config, log, clock: wallClock, ids: randomIds, signal },
    { topics, access: access({ topics, users: [] }), retained },
  )
  bus.onActivity((delivery) => delivery.settle({ status: 'stored' }))
  done = []
  replies = []
  const handlers = {
    async try(command: unknown) {
      await wallClock.sleep(Number(Object(command).wait ?? 0))
      if (Object(command).wrong) throw new DaybookError('invalid', 'It is wrong.')
      done.push(command)
      return { done: done.length }
    },
  }
  commands = createCommands({ bus, topics, handlers, log })
  await bus.start()
  await commands.start()
  await bus.subscribe(topics.reply('+'), ({ topic, payload }) => replies.push([topic, JSON.parse(payload.toString())]))
})
afterEach(async () => {
  await commands.stop()
  await bus.stop()
})

const send = (command: unknown) => bus.publish(topics.command('try'), JSON.stringify(command))

test('they are done one after the other, and each that gave an id is answered there', async () => {
  await send({ requestId: 'a', wait: 30 })
  await send({ requestId: 'b', wrong: true })
  await send({ wait: 0 })
  await expect.poll(() => done).toHaveLength(2)
  expect(replies).toEqual([
    [topics.reply('a'), { ok: true, result: { done: 1 } }],
    [topics.reply('b'), { ok: false, code: 'invalid', message: expect.stringMatching(/It is wrong\.$/) }],
  ])
  expect(commands.health().figures).toEqual({ done: 2, refused: 1 })
})

test('one that comes twice is done once; an id that is no part of a topic is answered nowhere', async () => {
  await send({ requestId: 'a' })
  await send({ requestId: 'a' })
  await send({ requestId: '../#' })
  await expect.poll(() => done).toHaveLength(2)
  expect(replies).toHaveLength(1)
})

test('a bare text is a command, an empty or a huge one is none', async () => {
  await bus.publish(topics.command('try'), '')
  await bus.publish(topics.command('try'), 'x'.repeat(100_000))
  await bus.publish(topics.command('try'), 'off')
  await expect.poll(() => done).toEqual(['off'])
})
