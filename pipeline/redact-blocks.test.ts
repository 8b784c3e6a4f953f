// Text loses its secrets however it is cut into chunks, and nothing else.
import { describe, expect, test } from 'vitest'
import { begun, redacted } from './redact-blocks.ts'

const seen: number[] = []
const hide = (text: string) => {
  seen.push(text.length)
  return text
    .replace(/secret-\d+/g, '[redacted:test]')
    .replace(/-----BEGIN KEY-----[^-]*-----END KEY-----/g, '[redacted:key]')
}

async function* chunks(bytes: Buffer, size: number) {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}
async function through(bytes: Buffer, size = 1_000, whileText = false): Promise<Buffer> {
  const kept: Uint8Array[] = []
  for await (const block of redacted(chunks(bytes, size), hide, { whileText })) kept.push(block)
  return Buffer.concat(kept)
}

describe('redacted text', () => {
  test.each([1, 7, 1_000, 65_536, 10_000_000])(
    'of chunks of %i bytes has no secret, and everything else',
    async (size) => {
      const lines = Array.from({ length: 12_000 }, (_, n) => `line ${n} ä😀 secret-${n} end\n`).join('')
      const bytes = Buffer.from(lines)
      expect((await through(bytes, size)).toString()).toBe(lines.replace(/secret-\d+/g, '[redacted:test]'))
    },
  )

  test('is looked at in blocks, not as a whole', async () => {
    seen.length = 0
    await through(Buffer.from('a line without anything\n'.repeat(40_000)))
    expect(Math.max(...seen)).toBeLessThan(100_000)
  })

  test('a key of many lines is not cut', async () => {
    const filler = 'x\n'.repeat(32_000)
    const key = `-----BEGIN KEY-----\n${'abc\n'.repeat(2_000)}-----END KEY-----\n`
    expect((await through(Buffer.from(filler + key + filler))).toString()).toBe(`${filler}[redacted:key]\n${filler}`)
  })

  test('one endless line goes through in pieces that end between its words', async () => {
    const line = Array.from({ length: 250_000 }, (_, n) => `"secret-${n}"`).join(',')
    const bytes = await through(Buffer.from(line))
    expect(bytes.toString()).toBe(line.replace(/secret-\d+/g, '[redacted:test]'))
    expect((await through(Buffer.alloc(3_000_000, 'x'))).equals(Buffer.alloc(3_000_000, 'x'))).toBe(true)
  })

  test('bytes that are no UTF-8 stay as they are, their secrets do not', async () => {
    const odd = Buffer.concat([
      Buffer.from([0xff, 0xfe, 0x80, 0x0a]),
      Buffer.from('a secret-1 b'),
      Buffer.from([0xe4, 0]),
    ])
    const kept = await through(odd)
    expect(kept).toEqual(
      Buffer.concat([
        Buffer.from([0xff, 0xfe, 0x80, 0x0a]),
        Buffer.from('a [redacted:test] b'),
        Buffer.from([0xe4, 0]),
      ]),
    )
  })

  test('nothing stays nothing', async () => {
    expect((await through(Buffer.alloc(0))).length).toBe(0)
  })
})

describe('text of which nobody said that it is', () => {
  const binary = Buffer.concat([Buffer.from([0xff, 0, 0xc3]), Buffer.from(' secret-2\n'.repeat(20_000))])

  test.each([1, 1_000, 10_000_000])('has no secret up to where it ends, in chunks of %i bytes', async (size) => {
    const text = 'a line ä\n'.repeat(20_000)
    const bytes = Buffer.concat([Buffer.from(`${text}secret-1 😀`), binary])
    const kept = await through(bytes, size, true)
    expect(kept.equals(Buffer.concat([Buffer.from(`${text}[redacted:test] 😀`), binary]))).toBe(true)
  })

  test('does not end where a line is too long for a block', async () => {
    const line = `x${'😀'.repeat(600_000)}`
    const kept = await through(Buffer.from(`${line}\nsecret-1`), 100_000, true)
    expect(kept.equals(Buffer.from(`${line}\n[redacted:test]`))).toBe(true)
  })

  test.each([
    ['text', Buffer.from('ä secret-1'), true],
    ['nothing', Buffer.alloc(0), true],
    ['text whose first block ends within a character', Buffer.from(`x${'😀'.repeat(50_000)}`), true],
    ['text with a NUL', Buffer.from('ab\0c'), false],
    ['text that ends within a character', Buffer.from('a😀').subarray(0, 3), false],
    ['what begins as none', binary, false],
  ])('%s is seen by its first block, and stays whole', async (_, bytes, isText) => {
    const seen = await begun(chunks(bytes, 1_000))
    expect(seen.isText).toBe(isText)
    const all: Uint8Array[] = []
    for await (const chunk of seen.whole) all.push(chunk)
    expect(Buffer.concat(all).equals(bytes)).toBe(true)
  })
})
