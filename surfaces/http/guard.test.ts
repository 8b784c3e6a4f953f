// Headers that open the door, and those that do not.
import { describe, expect, test } from 'vitest'
import { checkHost, checkOrigin, checkToken } from './guard.ts'

const site = { host: '127.0.0.1', port: 8420, allowedHosts: ['day.example', 'proxy.example:8443'] }

describe('Host', () => {
  test.each([
    '127.0.0.1:8420',
    'localhost:8420',
    'LOCALHOST:8420',
    '[::1]:8420',
    'day.example',
    'day.example:1234',
    'proxy.example:8443',
  ])('%s is ours', (host) => {
    expect(() => checkHost(host, site)).not.toThrow()
  })

  test.each([
    undefined,
    '',
    'localhost',
    'localhost:8421',
    'evil.example:8420',
    '127.0.0.1.evil.example:8420',
    'proxy.example:8444',
    'localhost:8420@evil.example',
    'localhost:08420x',
    '192.168.1.5:8420',
  ])('%s is not', (host) => {
    expect(() => checkHost(host, site)).toThrow(expect.objectContaining({ code: 'host_refused' }))
  })

  test('the address that the connection came in on is ours, in either clothing', () => {
    const everywhere = { ...site, host: '0.0.0.0' }
    expect(() => checkHost('192.168.1.5:8420', everywhere, '::ffff:192.168.1.5')).not.toThrow()
    expect(() => checkHost('192.168.1.6:8420', everywhere, '192.168.1.5')).toThrow()
    expect(() => checkHost('[fd00::1]:8420', { ...site, host: '::' }, 'fd00::1')).not.toThrow()
  })

  test('on port 80 it needs no port', () => {
    expect(() => checkHost('localhost', { ...site, port: 80 })).not.toThrow()
  })
})

describe('Origin', () => {
  test('a program sends none, a page of ours sends ours', () => {
    expect(() => checkOrigin(undefined, 'localhost:8420')).not.toThrow()
    expect(() => checkOrigin('http://localhost:8420', 'localhost:8420')).not.toThrow()
    expect(() => checkOrigin('https://day.example', 'day.example')).not.toThrow()
  })

  test.each(['null', '', 'http://localhost:8421', 'http://127.0.0.1:8420', 'http://evil.example', 'file://'])(
    '%s is another site',
    (origin) => {
      expect(() => checkOrigin(origin, 'localhost:8420')).toThrow(expect.objectContaining({ code: 'host_refused' }))
    },
  )
})

describe('token', () => {
  const users = { who: (secret: string) => (secret === 'of-laptop' ? 'laptop' : null) }

  test('the right one opens, however Bearer is written', () => {
    expect(checkToken('Bearer abc', 'abc', users)).toEqual({ owner: true, name: null })
    expect(checkToken('bearer abc', 'abc', users)).toEqual({ owner: true, name: null })
  })

  test('the secret of a user opens too, and says whose it is', () => {
    expect(checkToken('Bearer of-laptop', 'abc', users)).toEqual({ owner: false, name: 'laptop' })
  })

  test.each([undefined, '', 'abc', 'Basic abc', 'Bearer', 'Bearer ', 'Bearer ab', 'Bearer abcd', 'Bearer abc def'])(
    '%s does not',
    (header) => {
      expect(() => checkToken(header, 'abc', users)).toThrow(expect.objectContaining({ code: 'unauthorized' }))
    },
  )
})
