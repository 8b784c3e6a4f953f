// The check that the journeys rely on sees what is wrong: with a topic, and with a body.
import { expect, test } from 'vitest'
import { topicsUnder } from '../schemas/topics.ts'
import { asyncApiCheck } from './asyncapi.ts'

const check = asyncApiCheck()
const topics = topicsUnder('daybook')
const address = { source: 'iot', type: 'environmental', producer: 'iot-home' }
const activity = {
  id: '019d0000-0000-7000-8000-000000000000',
  source: 'iot',
  type: 'environmental',
  summary: 'Balcony: 21.5 °C',
  timestamp: 1_774_000_000_000,
}
const status = { producer: 'iot-home', online: true, at: 1_774_000_000_000 }
const receipt = { producer: 'iot-home', epoch: '', upTo: 5, settled: [[7, 9]] }
const json = JSON.stringify

test.each([
  ['an activity', topics.activity(address), activity],
  ['a receipt', topics.receipt('iot-home'), receipt],
  ['a command whose shape is open', topics.command('resend'), { at: 1, reason: 'x' }],
])('%s is as the document says', (_, topic, body) => {
  expect(check(topic, json(body))).toBeNull()
})

test.each([
  ['another prefix', topicsUnder('house').activity(address)],
  ['a family that there is not', `${topics.prefix}/nonsense/x`],
  ['a level too many', `${topics.activity(address)}/x`],
  ['a level too few', topics.activities.replace('/#', '/iot/environmental')],
  ['nothing in a level', topics.activity({ ...address, type: '' })],
  ['a change that there is not', topics.session('exploded' as 'started')],
])('%s is no address of ours', (_, topic) => {
  expect(check(topic, json(activity))).toContain('is the address of no channel')
})

test.each([
  ['no JSON', topics.activity(address), 'online'],
  ['nothing at all', topics.activity(address), ''],
  ['an activity without a time', topics.activity(address), json({ ...activity, timestamp: undefined })],
  ['a time in words', topics.activity(address), json({ ...activity, timestamp: 'now' })],
  ['a summary without end', topics.activity(address), json({ ...activity, summary: 'x'.repeat(600) })],
  ['a status in a receipt', topics.receipt('iot-home'), json(status)],
  ['a receipt in a status', topics.status('iot-home'), json(receipt)],
  ['a list', topics.command('resend'), '[]'],
])('%s is no body of ours', (_, topic, body) => {
  expect(check(topic, body)).toContain(topic)
})
