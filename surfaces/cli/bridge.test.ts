// The verb around a bridge that runs alone: its lines, and how it ends.
import { PassThrough, Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { expect, test } from 'vitest'
import { DaybookError } from '../../schemas/errors.ts'
import { runCli } from '../cli.ts'
import type { LoneBridge, LoneBridgeFlags } from './verb.ts'

const ready = {
  ready: true,
  producer: 'manual-laptop',
  outbox: { file: '/laptop/outbox' },
  broker: { url: 'mqtt://house' },
  house: { url: null },
}
const nothing = () => {
  throw new Error('only a bridge is here')
}

/** Runs the verb over a bridge that does this with each line. */
async function bridge(args: string[], stdin: string, take?: LoneBridge['take'], waiting = 0) {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()]
  const [out, err] = [text(stdout), text(stderr)]
  let flags: LoneBridgeFlags | undefined
  let stopped = 0
  const code = await runCli(['bridge', ...args], {
    stdin: Readable.from([stdin]),
    stdout,
    stderr,
    version: '1.2.3',
    ambient: { color: false, language: 'C' },
    desk: { home: '/nonexistent', env: {}, product: '/nonexistent' },
    deviceSources: { load: () => ({}), save: () => {} },
    config: nothing,
    enrolments: { load: nothing, save: nothing },
    start: nothing,
    spawn: nothing,
    bridge: async (_file, given) => {
      flags = given
      return { ready, take, waiting: () => waiting, stop: async () => void stopped++ }
    },
  })
  stdout.end()
  stderr.end()
  return { code, flags, stopped, out: await out, err: await err }
}

test('each line is taken; one that means nothing is told by its number and stops nobody', async () => {
  const taken: string[] = []
  const take = (line: string) => {
    if (line === 'bad') throw new DaybookError('invalid', 'text: too short')
    if (line === 'worse') throw new TypeError('a bug')
    taken.push(line)
  }
  const { code, out, err, stopped } = await bridge(['manual', '--once', '--json'], 'one\n\nbad\nworse\nlast', take)
  expect(taken).toEqual(['one', 'last'])
  expect(err).toMatch(/^daybook: line 3: .*text: too short\ndaybook: line 4: .*a bug\n$/)
  expect(
    out
      .split('\n')
      .slice(0, 2)
      .map((line) => JSON.parse(line)),
  ).toEqual([ready, { done: true, waiting: 0, refused: 2 }])
  expect([code, stopped]).toEqual([4, 1])
})

test('a line that finds no room waits until there is some', async () => {
  let full = 2
  const taken: string[] = []
  const take = (line: string) => {
    if (line === 'two' && full-- > 0) throw new DaybookError('outbox_full')
    taken.push(line)
  }
  const { code, err } = await bridge(['manual', '--once'], 'one\ntwo\nthree\n', take)
  expect([taken, code]).toEqual([['one', 'two', 'three'], 0])
  expect(err.match(/lines wait/g)).toHaveLength(1)
})

test('--once that could not send everything says how much is left, where, and exits with 1', async () => {
  const { code, err } = await bridge(['manual', '--once', '--timeout', '0.01'], '', () => {}, 1_200)
  expect(code).toBe(1)
  expect(err).toContain('1,200 are not known to be stored yet; they are kept in /laptop/outbox.')
})

test('what is said on the command line is handed on', async () => {
  const words = ['home-assistant', '--once', '--broker', 'mqtt://b', '--house', 'http://h', '--token', 't']
  const { code, flags, out } = await bridge([...words, '--producer', 'p', '--data', 'd'], '')
  const given = { name: 'home_assistant', broker: 'mqtt://b', house: 'http://h', token: 't', producer: 'p', data: 'd' }
  expect([code, flags]).toEqual([0, given])
  expect(out).toContain('payloads wait here until --house says where it is')
})

test.each([
  [['nothing'], 'Name one bridge'],
  [[], 'Name one bridge'],
  [['manual', '--timeout', '3'], '--once'],
  [['manual', '--once', '--timeout', 'soon'], 'number of seconds'],
])('%s is not understood', async (args, why) => {
  expect(await bridge(args, '')).toMatchObject({ code: 2, err: expect.stringContaining(why) })
})
