// How many messages of one outbox may be under way at a time. A broker keeps so many for a house that is away or slow
// (1,000 on stock Mosquitto) and drops the rest without a word, and outboxes that share it do not know of each other: each
// begins small, grows by what receipts settle, and halves when something did not come. Pure but for what it counts. Not
// for: which messages those are (sender.ts).

/** After a gap, and at a new connection. */
const LEAST = 20
/** Eight outboxes that begin while nobody empties the queue fit into a thousand. */
const FIRST = 64
/** So many have to be settled for one more. */
const PER_STEP = 20

export class Pace {
  readonly #most: number
  readonly #least: number
  #size: number
  #room: number

  /** `most`: never more. `bounded`: false for a line whose acknowledgement says that it is stored; nothing is held back then. */
  constructor(most: number, bounded: boolean) {
    this.#most = most
    this.#least = bounded ? Math.min(LEAST, most) : most
    this.#size = bounded ? Math.min(FIRST, most) : most
    this.#room = this.#least
  }

  /** Messages that may be under way now. */
  get size(): number {
    return Math.floor(this.#size)
  }

  /** A receipt has settled so many: there is room for as many, and for a few more. */
  settled(count: number): void {
    this.#room = this.#least
    this.#size = Math.min(Math.max(this.#size, this.#least) + count / PER_STEP, this.#most)
  }

  /** Something that was acknowledged has not come: the queue was full. So many are still under way, and have found room. */
  dropped(underWay: number): void {
    this.#size = Math.max(this.#least, Math.min(this.#size, underWay) / 2)
  }

  /**
   * A new connection: besides what is under way, which may be lost or wait, a few may go and find out. With no receipt
   * since the last connection half as many, in the end none: a line that flaps while nobody empties the queue fills it
   * with the same messages otherwise.
   */
  connected(underWay: number): void {
    this.#size = Math.min(underWay + this.#room, this.#most)
    this.#room = Math.floor(this.#room / 2)
  }

  /** The house is there and has nothing. */
  emptied(): void {
    this.#room = this.#least
    this.#size = Math.max(this.#least, Math.min(FIRST, this.#most))
  }
}
