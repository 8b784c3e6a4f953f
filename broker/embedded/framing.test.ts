// Bytes become frames, however they are cut, and what breaks the rules or the limits ends the connection.
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { Framing, Violation } from './framing.ts'

const limits = { publish: 300_000, other: 100_000 }

function frame(header: number, body: Buffer): Buffer {
  const length: number[] = []
  for (let rest = body.length; ; rest >>= 7) {
    length.push(rest > 127 ? (rest & 127) | 128 : rest)
    if (rest <= 127) break
  }
  return Buffer.concat([Buffer.from([header, ...length]), body])
}

function drain(framing: Framing): Buffer[] {
  const taken: Buffer[] = []
  for (let next = framing.next(); next; next = framing.next()) taken.push(next.bytes)
  return taken
}

it('gives the same packets however the bytes are cut, and never writes into one that it gave', () => {
  const bodies = fc.oneof(
    fc.uint8Array({ maxLength: 300 }),
    fc.nat(200_000).map((size) => new Uint8Array(size)),
  )
  const property = fc.property(fc.array(bodies, { maxLength: 6 }), fc.array(fc.nat(70_000)), (parts, cuts) => {
    const packets = parts.map((body) => frame(0x30, Buffer.from(body)))
    const bytes = Buffer.concat(packets)
    const framing = new Framing(limits)
    const taken: Buffer[] = []
    let at = 0
    for (const cut of [...cuts, bytes.length]) {
      if (at >= bytes.length) break
      framing.add(Buffer.from(bytes.subarray(at, at + cut + 1)))
      at += cut + 1
      taken.push(...drain(framing))
    }
    expect(taken.map((packet) => packet.toString('latin1'))).toEqual(packets.map((packet) => packet.toString('latin1')))
  })
  fc.assert(property, { numRuns: 60 })
})

it('refuses what is declared too long before any of it has come', () => {
  const framing = new Framing(limits)
  framing.add(Buffer.from([0x30, 0xe1, 0xa7, 0x12]))
  expect(() => framing.next()).toThrow(Violation)
  const other = new Framing(limits)
  other.add(Buffer.from([0x82, 0xa1, 0x8d, 0x06]))
  expect(() => other.next()).toThrow(Violation)
})

it('refuses a length of more than four bytes', () => {
  const framing = new Framing(limits)
  framing.add(Buffer.from([0x30, 0x80, 0x80, 0x80, 0x80]))
  expect(framing.next()).toBeNull()
  framing.add(Buffer.from([0x01]))
  expect(() => framing.next()).toThrow(Violation)
})
