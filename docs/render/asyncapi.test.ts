// The AsyncAPI document is well-formed, and its channels are the topics that the code can build: no more, no fewer.
// Not for: the payload schemas, which json-schemas.test.ts tries on messages.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import manifest from '../../package.json' with { type: 'json' }
import { type Topics, topicsUnder } from '../../schemas/topics.ts'
import { referenceFolder } from '../generate.ts'
import { asyncApi } from './asyncapi.ts'

const document = asyncApi(manifest.version)
const topics = topicsUnder('daybook')

/** What topics.ts offers besides building one topic of the bus; `probe` lies beside it, and says nothing to anyone. */
const notBuilders = [
  'prefix',
  'all',
  'activities',
  'statuses',
  'isActivity',
  'isHouseOnly',
  'parseActivity',
  'senderOf',
  'statusProducer',
  'probe',
] as const

/** Topics of each builder, with every value of a closed set. */
const samples: Record<Exclude<keyof Topics, (typeof notBuilders)[number]>, string[]> = {
  activity: [topics.activity({ source: 'home_assistant', type: 'presence_change', producer: 'home_assistant-Home:1' })],
  session: (['started', 'updated', 'completed', 'withdrawn'] as const).map(topics.session),
  question: (['asked', 'closed'] as const).map(topics.question),
  answer: [topics.answer],
  memory: (['proposed', 'confirmed', 'corrected', 'superseded', 'forgotten'] as const).map(topics.memory),
  state: [topics.state('today')],
  command: [topics.command('pause')],
  reply: [topics.reply('1')],
  status: [topics.status('terminal-laptop')],
  receipt: [topics.receipt('terminal-laptop')],
  rejected: [topics.rejected('terminal-laptop')],
  discovery: [topics.discovery('daybook')],
}

interface Addressed {
  address: string
  parameters?: Record<string, { enum?: string[] }>
}

const all = Object.entries(document.channels) as [string, Addressed][]
const matching = (topic: string) => all.filter(([, channel]) => pattern(channel).test(topic)).map(([name]) => name)

function pattern({ address, parameters = {} }: Addressed): RegExp {
  const values = (name: string) => parameters[name]?.enum?.join('|') ?? '[^/]+'
  return new RegExp(`^${address.replace(/\{(\w+)\}/g, (_, name) => `(${values(name)})`)}$`)
}

test('every topic the code can build has exactly one channel', () => {
  for (const topic of Object.values(samples).flat()) expect([topic, ...matching(topic)]).toHaveLength(2)
})

test('every channel is a topic the code can build', () => {
  const built = new Set(Object.values(samples).flat().flatMap(matching))
  expect(all.map(([name]) => name).filter((name) => !built.has(name))).toEqual([])
})

test('a topic that the code cannot build has no channel', () => {
  expect(matching(topics.session('paused' as 'started'))).toEqual([])
  expect(matching(`${topics.answer}/1`)).toEqual([])
})

test('every builder of topics.ts has its samples here', () => {
  expect([...Object.keys(samples), ...notBuilders].sort()).toEqual(Object.keys(topics).sort())
})

test('the parameters of a channel are those of its address', () => {
  for (const [, { address, parameters = {} }] of all) {
    expect(Object.keys(parameters)).toEqual([...address.matchAll(/\{(\w+)\}/g)].map(([, name]) => name))
  }
})

test('every reference leads to something in the document', () => {
  const references = [...JSON.stringify(document).matchAll(/"\$ref":"#\/([^"]+)"/g)].map(([, path]) => path ?? '')
  const resolve = (path: string) => path.split('/').reduce<unknown>((node, key) => Object(node)[key], document)
  expect(references.length).toBeGreaterThan(all.length)
  expect(references.filter((path) => resolve(path) === undefined)).toEqual([])
})

test('every channel has an operation, and every operation says its quality of service and whether it is retained', () => {
  const operations = Object.values(document.operations)
  const used = new Set(operations.map(({ channel }) => channel.$ref.split('/').at(-1)))
  expect(all.map(([name]) => name).filter((name) => !used.has(name))).toEqual([])
  for (const { action, bindings } of operations) {
    expect(['send', 'receive']).toContain(action)
    expect(bindings.mqtt).toEqual({ qos: 1, retain: expect.any(Boolean), bindingVersion: '0.2.0' })
  }
})

test('only state, discovery, statuses and receipts are retained', () => {
  const retained = Object.values(document.operations).filter(({ bindings }) => bindings.mqtt.retain)
  const names = new Set(retained.map(({ channel }) => channel.$ref.split('/').at(-1)))
  expect([...names].sort()).toEqual(['bridgeStatus', 'discovery', 'receipt', 'state'])
})

test('the file is the document, as YAML', () => {
  expect(parse(readFileSync(join(referenceFolder, 'asyncapi.yaml'), 'utf8'))).toEqual(document)
})
