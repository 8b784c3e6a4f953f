// JSON lines lose the secrets that escapes, fields and the ends of lines hide, however they are cut into chunks and
// however long they are; all else stays byte for byte.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createRedactor } from './redact.ts'
import { redactedLines } from './redact-lines.ts'
import { filler, presetSecrets, privateKey } from './redact-secrets.ts'

const redactor = createRedactor()

async function* chunks(bytes: Buffer, size: number) {
  for (let at = 0; at < bytes.length; at += size) yield Buffer.from(bytes.subarray(at, at + size))
}
async function through(text: string | Buffer, size = 65_536): Promise<Buffer> {
  const kept: Uint8Array[] = []
  for await (const part of redactedLines(chunks(Buffer.from(text), size), redactor)) kept.push(part)
  return Buffer.concat(kept)
}
const secrets = Object.entries(presetSecrets).map(([rule, { text, secret }]) => ({ rule, text, secret }))
/** Base64 of a key's lines, and what is left of them when nothing was found. */
const keyBody = filler(400).slice(0, 60)
const line = (content: unknown) => `${JSON.stringify({ type: 'user', message: { role: 'user', content } })}\n`
const long = (text: string, size = 600_000) =>
  `${'all is well here, '.repeat(size / 36)}${text} ${'and here\n'.repeat(size / 18)}`

describe('JSON lines', () => {
  test.each(secrets)('lose a secret of $rule in a string', async ({ text, secret }) => {
    const kept = (await through(line(text))).toString()
    expect(JSON.parse(kept).message.content).toBe(redactor.redactText(text).text)
    expect(JSON.stringify(kept)).not.toContain(JSON.stringify(secret).slice(1, -1))
  })

  test.each(secrets)('lose a secret of $rule whose letters are escapes', async ({ text, secret }) => {
    const escaped = [...text].map((letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`).join('')
    const kept = (await through(`{"content":"${escaped}"}\n`)).toString()
    expect(JSON.parse(kept).content).not.toContain(secret)
  })

  test.each(secrets)('lose a secret of $rule in the middle of a line of a megabyte', async ({ text, secret }) => {
    const kept = (await through(line([{ type: 'tool_result', content: long(text) }]))).toString()
    const { content } = JSON.parse(kept).message.content[0]
    expect(content).not.toContain(secret)
    expect(content.startsWith('all is well here, all') && content.endsWith('and here\n')).toBe(true)
  })

  test('lose a key in whatever way the lines of a file are shown', async () => {
    const numbered = privateKey.split('\n').map((one, n) => `${String(n + 1).padStart(6)}→${one}`)
    const shown = [
      privateKey,
      JSON.stringify({ key: privateKey }),
      numbered.join('\n'),
      numbered.slice(0, 2).join('\n'),
      privateKey.split('\n').map((one) => `+${one}`),
      [
        'before',
        ...privateKey
          .split('\n')
          .slice(0, 2)
          .map((one) => ` ${one}`),
      ],
      privateKey.replaceAll('\n', '\r\n'),
    ]
    for (const content of shown) expect((await through(line(content))).toString()).not.toContain(keyBody)
    for (const content of shown.slice(0, 4)) {
      expect((await through(line([content, long('')]))).toString()).not.toContain(keyBody)
      expect((await through(line(long(String(content))))).toString()).not.toContain(keyBody)
    }
  })

  test('lose the value of a field that is named like a secret, of any length', async () => {
    const kept = (await through(line({ password: long('x'), api_key: 'plain', note: long('y') }))).toString()
    const { content } = JSON.parse(kept).message
    expect(content).toMatchObject({ password: '[redacted:named-field]', api_key: '[redacted:named-field]' })
    expect(content.note).toBe(long('y'))
  })

  test('lose a secret wherever a long string is cut', async () => {
    for (let before = 31_900; before < 33_000; before += 7) {
      const kept = await through(line(`${'x'.repeat(before)} --password Hunter2isLong4 ${'y '.repeat(40_000)}`))
      expect(kept.includes('Hunter2')).toBe(false)
    }
  })

  test('stay as they came, byte for byte, where there is nothing to hide', async () => {
    const plain = [
      '{"a": 1,  "b":"\\u00e4\\/\\ud800", "c":[1.0,1e3]}\r\n',
      '\n',
      line(long('nothing')),
      `{"data":"${'A'.repeat(700_000)}","t":"${'ä😀"\\n'.replaceAll('"', '\\"').repeat(30_000)}"}\n`,
      '{"cut": "off',
    ].join('')
    for (const size of [997, 65_536, 10_000_000]) {
      const kept = await through(plain, size)
      expect(kept.toString().split('\n').map(parsed)).toEqual(plain.split('\n').map(parsed))
    }
    const short = plain.slice(0, plain.indexOf('{"type"'))
    expect((await through(short, 3)).toString()).toBe(short)
  })

  test('that are none are text: bad lines, a key across lines, bytes that are no UTF-8', async () => {
    const text = `{"a":1}\nnot json ${presetSecrets.github?.secret}\n{"b":\n${privateKey}\n{"c":2}\n`
    const kept = (await through(text)).toString()
    expect(kept).toMatch(/^\{"a":1\}\nnot json \[redacted:[\w-]+\]\n\{"b":\n\[redacted:[\w-]+\]\n\{"c":2\}\n$/)
    const odd = Buffer.concat([Buffer.from('{"a":"'), Buffer.from([0xff, 0x80]), Buffer.from('"}\n')])
    expect((await through(odd)).equals(odd)).toBe(true)
  })

  test('a line of many short strings, and one with marks in it, come out whole', async () => {
    const many = JSON.stringify(Array.from({ length: 100_000 }, (_, n) => ({ n, s: `word ${n}` })))
    expect((await through(`${many}\n`)).toString()).toBe(`${many}\n`)
    const marked = `{"a":"\\ue0d70\\ue0d7","b":"\uE0D71\uE0D7","c":"${'z '.repeat(200_000)}"}\n`
    expect(JSON.parse((await through(marked)).toString())).toEqual(JSON.parse(marked))
  })

  test('give the same however they are cut', async () => {
    const json = fc.jsonValue()
    const lines = fc.array(fc.oneof(json, json, fc.constantFrom(...secrets.map(({ text }) => text))), { maxLength: 8 })
    await fc.assert(
      fc.asyncProperty(lines, fc.integer({ min: 1, max: 200 }), async (values, size) => {
        const text = values.map((value) => `${JSON.stringify(value)}\n`).join('')
        const whole = (await through(text, 1e6)).toString()
        expect((await through(text, size)).toString()).toBe(whole)
        expect((await through(whole)).toString()).toBe(whole)
        for (const { secret } of secrets) expect(whole).not.toContain(secret)
      }),
    )
  })
})

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
