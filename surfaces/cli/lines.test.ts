// Lines out of bytes, however these are cut.
import { expect, test } from 'vitest'
import { type Line, linesOf } from './lines.ts'

async function read(chunks: (string | Uint8Array)[], most?: number): Promise<Line[]> {
  const stream = (async function* () {
    yield* chunks
  })()
  const lines: Line[] = []
  for await (const line of linesOf(stream, most)) lines.push(line)
  return lines
}

test('lines are the same wherever the stream is cut', async () => {
  const bytes = Buffer.from('one\n\nthrée 🧀\r\nlast')
  const expected = [
    { number: 1, text: 'one', whole: true },
    { number: 3, text: 'thrée 🧀', whole: true },
    { number: 4, text: 'last', whole: false },
  ]
  for (let at = 0; at <= bytes.length; at++) {
    expect(await read([bytes.subarray(0, at), bytes.subarray(at)])).toEqual(expected)
  }
})

test('a line that is too long is counted and not kept', async () => {
  const lines = await read(['short\n', 'x'.repeat(8), 'y'.repeat(8), '\nshort\n'], 10)
  expect(lines.map(({ number, text }) => [number, text])).toEqual([
    [1, 'short'],
    [2, null],
    [3, 'short'],
  ])
})

test('a stream without anything has no lines', async () => {
  expect(await read([])).toEqual([])
  expect(await read(['\n', '\n'])).toEqual([])
})
