// A message on its way in, from its arrival to its settlement. Not for: where it goes, which embedded.ts decides.
import type { Delivery, Outcome } from '../bus.ts'
import type { Reader } from './pressure.ts'

/** Where a message came from and is answered to. */
export interface Source extends Reader {
  /** The client that published; none for Daybook itself. */
  readonly clientId?: string
  readonly user: string
  settled(message: Incoming, outcome: Outcome): void
}

export interface IncomingParts {
  topic: string
  payload: Buffer
  qos: 0 | 1 | 2
  retain: boolean
  packetId: number
  /** May not be published: it is kept as rejected and acknowledged, and shown to nobody. */
  refused?: boolean
  /** Bytes that it holds until it is settled. */
  size: number
}

/** The least that a message counts for: it costs memory however small it is. */
const LEAST_SIZE = 256

export class Incoming implements Delivery {
  readonly topic: string
  readonly payload: Buffer
  readonly qos: 0 | 1 | 2
  readonly retain: boolean
  readonly from: string
  readonly packetId: number
  readonly refused: boolean
  readonly size: number
  readonly source: Source
  settled = false

  constructor(parts: IncomingParts, source: Source) {
    this.topic = parts.topic
    this.payload = parts.payload
    this.qos = parts.qos
    this.retain = parts.retain
    this.packetId = parts.packetId
    this.refused = parts.refused ?? false
    this.size = Math.max(parts.size, LEAST_SIZE)
    this.from = source.user
    this.source = source
  }

  settle(outcome: Outcome): void {
    if (this.settled) return
    this.settled = true
    this.source.settled(this, outcome)
  }
}
