// What stands in a spool is read whatever became of it: cut anywhere, joined with the next, of any bytes.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readRecords } from './records.ts'

const session = '0d7c2f0e-41a7-4f0b-9f38-6a0fd1f4a3c2'
const record = (...fields: string[]) => Buffer.from(['', 'daybook1', ...fields, '.', ''].join('\0'))
const begin = (n: number, command: string) =>
  record(
    'kind=begin',
    `session=${session}`,
    `n=${n}`,
    'at=1760000000.1234567',
    'pid=7',
    'cwd=/home/ada',
    'branch=',
    `command=${command}`,
  )
const end = (n: number, code: number) =>
  record('kind=end', `session=${session}`, `n=${n}`, `exit=${code}`, 'until=1760000001,5')

test('a command is what is between its signs, whatever it says', () => {
  const command = 'printf "a=b\n"; echo .\necho daybook1 ünï'
  const { records, used, broken } = readRecords(Buffer.concat([begin(1, command), end(1, 130)]))
  expect(records).toEqual([
    { kind: 'begin', session, n: 1, at: 1_760_000_000_123, pid: 7, cwd: '/home/ada', command },
    { kind: 'end', session, n: 1, exitCode: 130, until: 1_760_000_001_500 },
  ])
  expect([used, broken]).toEqual([begin(1, command).length + end(1, 130).length, 0])
})

test('cut at any byte, no other record is lost, and what may still come is not passed over', () => {
  const whole = begin(1, 'make all')
  for (let at = 1; at < whole.length; at++) {
    const cut = whole.subarray(0, at)
    const waiting = readRecords(cut)
    expect(waiting.records).toEqual([])
    const rest = readRecords(Buffer.concat([cut.subarray(waiting.used), whole.subarray(at)]))
    expect(rest.records).toMatchObject([{ command: 'make all' }])
    const after = readRecords(Buffer.concat([cut, begin(2, 'ls')]))
    // The sign in front of the next ends what lacks nothing but its own.
    const complete = at === whole.length - 1 ? [{ n: 1 }] : []
    expect(after.records).toMatchObject([...complete, { command: 'ls', n: 2 }])
  }
})

test('bytes that are no UTF-8 cost a sign, not a command', () => {
  const bytes = Buffer.concat([begin(1, 'cat X').subarray(0, -4), Buffer.from([0xff, 0xfe]), Buffer.from('\0.\0')])
  expect(readRecords(bytes).records).toMatchObject([{ command: 'cat \ufffd\ufffd' }])
})

test.each([
  record('kind=begin', `session=${session}`, 'n=1', 'at=soon', 'command=ls'),
  record('kind=begin', `session=${session}`, 'n=1', 'at=12', 'command=ls'),
  record('kind=begin', 'session=../../etc', 'n=1', 'at=1760000000', 'command=ls'),
  record('kind=begin', `session=${session}`, 'n=1', 'at=1760000000', 'command='),
  record('kind=other', `session=${session}`, 'n=1'),
  record('no sign'),
])('what is not understood is counted: %#', (bytes) => {
  expect(readRecords(bytes)).toMatchObject({ records: [], used: bytes.length })
  expect(readRecords(bytes).broken).toBeGreaterThan(0)
})

test('any bytes at all are read to an end', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.string(), (junk, command) => {
      const bytes = Buffer.concat([junk, begin(3, `x${command.replaceAll('\0', '')}`)])
      const { records, used } = readRecords(bytes)
      expect(used).toBe(bytes.length)
      expect(records.at(-1)).toMatchObject({ n: 3 })
    }),
  )
})
