// Topics are built and parsed the same way, and nothing else passes for one.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isProducer, isTopicWord, topicsUnder } from './topics.ts'

const topics = topicsUnder('daybook')
const word = fc.stringMatching(/^[a-z0-9][a-z0-9_.-]{0,20}$/)
const producer = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9_.:@-]{0,20}$/)

describe('activity topics', () => {
  it('are read back as they were built, under any prefix', () => {
    fc.assert(
      fc.property(word, word, producer, word, word, (source, type, producer, a, b) => {
        const under = topicsUnder(`${a}/${b}`)
        const topic = under.activity({ source, type, producer })
        expect(under.isActivity(topic)).toBe(true)
        expect(under.parseActivity(topic)).toEqual({ source, type, producer })
        expect(under.senderOf(topic)).toEqual({ source, producer })
      }),
    )
  })

  it.each([
    '',
    'iot',
    'iot/x',
    'iot/x/',
    'iot//desk',
    '/x/desk',
    'iot/x/desk/more',
    'IoT/x/desk',
    'iot/x y/desk',
    'iot/x/de sk',
    'iot/x/\u0000',
  ])('refuse "%s"', (rest) => {
    const topic = topics.activity({ source: rest, type: '', producer: '' }).replace(/\/\/$/, '')
    expect(() => topics.parseActivity(topic)).toThrow(expect.objectContaining({ code: 'topic_invalid' }))
  })

  it('name the sender even where they are refused', () => {
    expect(topics.senderOf(topics.activity({ source: 'IoT', type: 'x', producer: 'desk' }))).toEqual({
      source: 'IoT',
      producer: 'desk',
    })
    expect(topics.senderOf(topics.activity({ source: '', type: '', producer: '' }))).toEqual({
      source: 'unknown',
      producer: 'unknown',
    })
  })

  it('take words and producers within their limits only', () => {
    expect([isTopicWord('a'.repeat(64)), isTopicWord('a'.repeat(65)), isTopicWord('_a')]).toEqual([true, false, false])
    expect([isProducer('Desk.local:1@x'), isProducer('a'.repeat(129)), isProducer('#')]).toEqual([true, false, false])
  })
})

describe('status topics', () => {
  it('tell the producer, and others do not', () => {
    expect(topics.statusProducer(topics.status('desk'))).toBe('desk')
    const deep = topicsUnder('my/home')
    expect(deep.statusProducer(deep.status('desk'))).toBe('desk')
    expect(topics.statusProducer(topics.receipt('desk'))).toBeNull()
    expect(topics.statusProducer(topicsUnder('other').status('desk'))).toBeNull()
  })
})
