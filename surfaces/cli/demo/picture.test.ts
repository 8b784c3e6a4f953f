// The pictures of the demo are PNG files that any program can read: they are read here by the book.
import { crc32, inflateSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { snapshot, thumbnail } from './picture.ts'
import { png } from './png.ts'

/** Reads a truecolour PNG whose rows have filter 2 (ISO/IEC 15948, 5 and 9.2); throws where it is none. */
function decoded(file: Buffer) {
  expect(file.subarray(0, 8)).toEqual(Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'))
  const chunks = new Map<string, Buffer>()
  for (let at = 8; at < file.length; ) {
    const length = file.readUInt32BE(at)
    const typed = file.subarray(at + 4, at + 8 + length)
    expect(file.readUInt32BE(at + 8 + length)).toBe(crc32(typed))
    chunks.set(typed.subarray(0, 4).toString('latin1'), typed.subarray(4))
    at += length + 12
  }
  expect([...chunks.keys()]).toEqual(['IHDR', 'IDAT', 'IEND'])
  const header = chunks.get('IHDR') as Buffer
  const [width, height] = [header.readUInt32BE(0), header.readUInt32BE(4)]
  expect([...header.subarray(8)]).toEqual([8, 2, 0, 0, 0])
  const rows = inflateSync(chunks.get('IDAT') as Buffer)
  expect(rows.length).toBe((width * 3 + 1) * height)
  const pixels = Buffer.alloc(width * 3 * height)
  for (let y = 0; y < height; y++) {
    expect(rows[y * (width * 3 + 1)]).toBe(2)
    for (let i = 0; i < width * 3; i++) {
      const above = y === 0 ? 0 : (pixels[(y - 1) * width * 3 + i] ?? 0)
      pixels[y * width * 3 + i] = (rows[y * (width * 3 + 1) + 1 + i] ?? 0) + above
    }
  }
  const at = (x: number, y: number) => [...pixels.subarray((y * width + x) * 3, (y * width + x) * 3 + 3)]
  return { width, height, at }
}

test('a PNG has the pixels that it was given', () => {
  const { width, height, at } = decoded(png(3, 2, (x, y) => [x * 100, y * 200, 255]))
  expect([width, height]).toEqual([3, 2])
  expect([at(0, 0), at(2, 0), at(1, 1)]).toEqual([
    [0, 0, 255],
    [200, 0, 255],
    [100, 200, 255],
  ])
})

describe('the camera at the front door', () => {
  const dawn = { light: 'dawn', who: 'courier' } as const
  const day = { light: 'day', who: 'mira' } as const

  test('sees a courier in a yellow jacket at dawn, and Mira in a blue coat by day', () => {
    const jacket = decoded(snapshot(dawn)).at(156, 108)
    const coat = decoded(snapshot(day)).at(158, 125)
    expect((jacket[0] ?? 0) - (jacket[2] ?? 0)).toBeGreaterThan(60)
    expect((coat[2] ?? 0) - (coat[0] ?? 0)).toBeGreaterThan(60)
    const brightness = (file: Buffer) =>
      decoded(file)
        .at(100, 5)
        .reduce((sum, part) => sum + part)
    expect(brightness(snapshot(day))).toBeGreaterThan(brightness(snapshot(dawn)))
  })

  test('gives a few kilobytes, the same ones each time', () => {
    for (const scene of [dawn, day]) {
      expect(snapshot(scene)).toEqual(snapshot(scene))
      expect(snapshot(scene).length).toBeLessThan(12_000)
      expect(decoded(snapshot(scene))).toMatchObject({ width: 288, height: 192 })
      expect(decoded(thumbnail(scene))).toMatchObject({ width: 72, height: 100 })
    }
  })
})
