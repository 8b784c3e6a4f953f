// Text loses its secrets however it is cut into chunks, and nothing else.
import { describe, expect, test } from 'vitest'
import { redacted } from './redacted.ts'

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
async function through(bytes: Buffer, size = 1_000): Promise<Buffer> {
  const kept: Uint8Array[] = []
  for await (const block of redacted(chunks(bytes, size), hide)) kept.push(block)
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
