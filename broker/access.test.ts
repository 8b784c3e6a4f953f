// Who is let in, and what they may publish and subscribe to.
import { expect, it } from 'vitest'
import { topicsUnder } from '../schemas/topics.ts'
import { type Accounts, access } from './access.ts'

const topics = topicsUnder('daybook')

const { authenticate, authorizePublish, authorizeSubscribe } = access({
  topics,
  users: [{ username: 'me', password: 'pass' }],
})

it('knows its users by password, and says whether credentials are missing or wrong', async () => {
  expect(await authenticate('me', Buffer.from('pass'))).toEqual({ user: 'me' })
  expect(await authenticate('me', Buffer.from('Pass'))).toEqual({ refused: 'wrong' })
  expect(await authenticate('you', Buffer.from('pass'))).toEqual({ refused: 'wrong' })
  expect(await authenticate('__proto__', Buffer.from(''))).toEqual({ refused: 'wrong' })
  expect(await authenticate('me', undefined)).toEqual({ refused: 'missing' })
  expect(await authenticate(undefined, Buffer.from('pass'))).toEqual({ refused: 'missing' })
})

it('lets a user do everything but publish as the broker and subscribe to shares', () => {
  expect(authorizePublish('me', 'any/topic')).toBe(true)
  expect(authorizePublish('me', '$SYS/uptime')).toBe(false)
  expect(authorizeSubscribe('me', '#')).toBe(true)
  expect(authorizeSubscribe('me', '$SYS/#')).toBe(true)
  expect(authorizeSubscribe('me', '$share/group/a')).toBe(false)
  expect(authorizeSubscribe('me', '$queue/a')).toBe(false)
})

it('lets nobody speak as the house, and all say what is theirs to say', () => {
  const ours = [
    topics.state('pause'),
    topics.receipt('laptop'),
    topics.rejected('laptop'),
    topics.reply('a'),
    topics.session('started'),
    topics.question('asked'),
    topics.memory('forgotten'),
    topics.state('pause/x'),
    'daybook/state',
  ]
  for (const topic of ours) expect([topic, authorizePublish('me', topic)]).toEqual([topic, false])
  const theirs = [
    topics.activity({ source: 'state', type: 'state', producer: 'state' }),
    topics.status('state'),
    topics.answer,
    topics.command('pause'),
    topics.probe('state'),
    topics.discovery('daybook'),
    'daybook/states',
    'state/pause',
    'home/daybook/state/pause',
    'zigbee2mqtt/bridge/state',
  ]
  for (const topic of theirs) expect([topic, authorizePublish('me', topic)]).toEqual([topic, true])
})

it('knows users that come and go, and tells of those that went', async () => {
  const secrets = new Map<string, string>()
  let gone = (_name: string) => {}
  const others: Accounts = {
    verify: (name, secret) => secrets.get(name) === secret.toString(),
    onRevoked(listener) {
      gone = listener
      return () => {}
    },
  }
  const { authenticate, onRevoked } = access({ topics, users: [{ username: 'me', password: 'pass' }], others })
  const told: string[] = []
  onRevoked((user) => told.push(user))
  expect(await authenticate('laptop', Buffer.from('secret'))).toEqual({ refused: 'wrong' })
  secrets.set('laptop', 'secret')
  expect(await authenticate('laptop', Buffer.from('secret'))).toEqual({ user: 'laptop' })
  expect(await authenticate('me', Buffer.from('pass'))).toEqual({ user: 'me' })
  expect(await authenticate('me', Buffer.from('secret'))).toEqual({ refused: 'wrong' })
  gone('laptop')
  expect(told).toEqual(['laptop'])
})
