// Pixels as a PNG (ISO/IEC 15948): truecolour, 8 bits, each row told by its difference from the one above, which suits
// drawings. Pure. Not for: what is drawn (picture.ts), or for reading pictures.
import { crc32, deflateSync } from 'node:zlib'

/** Red, green and blue, 0 to 255. */
export type Colour = readonly [red: number, green: number, blue: number]

const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])
/** Filter type 2 (9.2): the difference from the byte above. */
const UP = 2

/** A picture whose pixel at x, y has the colour that the function says. */
export function png(width: number, height: number, pixel: (x: number, y: number) => Colour): Buffer {
  const row = width * 3
  const filtered = Buffer.alloc((row + 1) * height)
  let above = Buffer.alloc(row)
  for (let y = 0; y < height; y++) {
    const current = Buffer.alloc(row)
    for (let x = 0; x < width; x++) current.set(pixel(x, y).map(Math.round), x * 3)
    const at = y * (row + 1)
    filtered[at] = UP
    for (const [i, byte] of current.entries()) filtered[at + 1 + i] = byte - (above[i] ?? 0)
    above = current
  }
  const header = Buffer.alloc(13)
  header.writeUInt32BE(width, 0)
  header.writeUInt32BE(height, 4)
  // 8 bits a sample, truecolour; the three methods are the only ones there are.
  header.set([8, 2, 0, 0, 0], 8)
  const data = deflateSync(filtered, { level: 9 })
  return Buffer.concat([SIGNATURE, chunk('IHDR', header), chunk('IDAT', data), chunk('IEND', Buffer.alloc(0))])
}

/** Length, type, data, and a CRC of the last two (5.3). */
function chunk(type: string, data: Buffer): Buffer {
  const typed = Buffer.concat([Buffer.from(type, 'latin1'), data])
  const framed = Buffer.alloc(typed.length + 8)
  framed.writeUInt32BE(data.length, 0)
  framed.set(typed, 4)
  framed.writeUInt32BE(crc32(typed), typed.length + 4)
  return framed
}
