// What one connection of the load generator sends: PUBLISH frames (MQTT 3.1.1, QoS 1) of ActivityNotifications, encoded
// in blocks before they are needed, so that sending them is a write of bytes. Not for: sending (load-connection.ts).
import { generate } from 'mqtt-packet'
import type { ActivityNotification } from '../schemas/activity.ts'
import { eventId } from '../schemas/ids.ts'
import { topicsUnder } from '../schemas/topics.ts'

/** Who counts: seq is gapless from 1 in the epoch. */
export interface Counted {
  producer: string
  epoch: string
}

interface Block {
  bytes: Buffer
  /** Where each frame of the block begins, and at last where the block ends. */
  offsets: number[]
  ids: string[]
}

const BLOCK = 1_000
/** Packet ids are 16 bits and never 0. */
const PACKET_IDS = 65_535
/** As if this many events happened in each ms of the time just gone. */
const PER_MS = 4

/** The packet id of the frame at an index. */
export function packetIdOf(index: number): number {
  return (index % PACKET_IDS) + 1
}

export class Frames {
  readonly #counted: Counted
  readonly #topic: string
  readonly #blocks: (Block | undefined)[] = []
  bytesEncoded = 0

  constructor(counted: Counted, prefix: string) {
    this.#counted = counted
    const { producer } = counted
    this.#topic = topicsUnder(prefix).activity({ source: 'iot', type: 'environmental', producer })
  }

  /** How many frames are ready. */
  get encoded(): number {
    return this.#blocks.length * BLOCK
  }

  /** Makes frames until there are at least so many. */
  encode(count: number): void {
    while (this.encoded < count) this.#blocks.push(this.#encodeBlock(this.encoded, Math.max(count, BLOCK)))
  }

  /** The bytes of the frames from one index to below another, in as few pieces as there are. */
  bytes(from: number, to: number): Buffer[] {
    const pieces: Buffer[] = []
    for (let at = from; at < to; ) {
      const block = this.#block(at)
      const first = at % BLOCK
      const end = Math.min(first + to - at, BLOCK)
      pieces.push(block.bytes.subarray(block.offsets[first], block.offsets[end]))
      at += end - first
    }
    return pieces
  }

  id(index: number): string {
    return this.#block(index).ids[index % BLOCK] ?? ''
  }

  /** Frees whole blocks that lie below an index. */
  forget(index: number): void {
    for (let block = Math.floor(index / BLOCK) - 1; block >= 0 && this.#blocks[block]; block--) {
      this.#blocks[block] = undefined
    }
  }

  #block(index: number): Block {
    const block = this.#blocks[Math.floor(index / BLOCK)]
    if (!block) throw new RangeError(`frame ${index} is not there`)
    return block
  }

  #encodeBlock(first: number, count: number): Block {
    const offsets: number[] = []
    const ids: string[] = []
    const frames: Buffer[] = []
    let length = 0
    const begin = Date.now() - Math.ceil((count - first) / PER_MS)
    for (let index = first; index < first + BLOCK; index++) {
      const event = reading(this.#counted, index + 1, begin + Math.floor((index - first) / PER_MS))
      const payload = Buffer.from(JSON.stringify(event))
      const frame = generate({
        cmd: 'publish',
        topic: this.#topic,
        payload,
        qos: 1,
        dup: false,
        retain: false,
        messageId: packetIdOf(index),
      })
      offsets.push(length)
      ids.push(event.id)
      frames.push(frame)
      length += frame.length
    }
    offsets.push(length)
    this.bytesEncoded += length
    return { bytes: Buffer.concat(frames), offsets, ids }
  }
}

/** A reading of a production line, as JSON about 420 bytes. */
export function reading({ producer, epoch }: Counted, seq: number, timestamp: number): ActivityNotification {
  const cell = seq % 8
  const temperature = 20 + (seq % 15) + (seq % 10) / 10
  const humidity = 40 + (seq % 20)
  return {
    id: eventId({ space: 'home', source: 'iot', key: `${producer}\0${epoch}\0${seq}`, timestamp }),
    source: 'iot',
    type: 'environmental',
    summary: `${producer} cell ${cell}: ${temperature} °C, ${humidity} % humidity, seam ${seq} within tolerance`,
    timestamp,
    data: {
      entity_id: `sensor.${producer}_cell${cell}`,
      zone: `hall-${seq % 3}`,
      part: seq,
      temperature,
      humidity,
      vibration: (seq % 10_000) / 10_000,
      result: 'pass',
      recipe: 'seam-check-v7',
      shift: 'late',
    },
    producer,
    epoch,
    seq,
  }
}
