// Which epoch numbers what comes next, and what receipts have said of each. A number must stand for one event, even if
// the file was restored from a copy and another life of it went on counting. Not for: sending (sender.ts).
import type { Ids, Logger } from '../../component.ts'
import type { Receipt } from '../../schemas/delivery.ts'
import type { Entries, Epoch } from './entries.ts'
import type { Ended } from './status.ts'
import { covers, highest } from './window.ts'

export class Numbering {
  readonly #entries: Entries
  readonly #ids: Ids
  readonly #log: Logger | undefined
  /** The latest receipt by epoch. */
  readonly #heard = new Map<string, Receipt>()
  /** What was bound when the file was opened: another life of it may have gone on from there. */
  #openedAt: number
  #confirmed: boolean

  constructor(entries: Entries, fresh: boolean, ids: Ids, log: Logger | undefined) {
    this.#entries = entries
    this.#ids = ids
    this.#log = log
    this.#openedAt = entries.bound
    this.#confirmed = fresh
  }

  /** False until it is known that no other life of this file has used the numbers that come next. */
  get confirmed(): boolean {
    return this.#confirmed
  }

  /** True if nothing was ever numbered in the current epoch from here: another one costs nothing. */
  get unused(): boolean {
    return this.#entries.bound === this.#entries.current.base
  }

  /** The latest receipt of the epoch that numbers what comes next. */
  get receipt(): Receipt | undefined {
    return this.#heard.get(this.#entries.current.epoch)
  }

  /** True if the latest receipt of its epoch covers an entry. */
  covers(n: number): boolean {
    const { epoch, base } = this.#entries.epochOf(n)
    const receipt = this.#heard.get(epoch)
    return receipt !== undefined && covers(receipt, n - base)
  }

  /**
   * Remembers a receipt and returns its epoch if that is one of the file. An epoch of this producer that the file does
   * not know, with gaps, becomes one: its outbox is gone, and somebody has to say that its gaps will not be filled.
   * Throws `data_unwritable`.
   */
  hear(receipt: Receipt): Epoch | undefined {
    const { epoch: name, upTo } = receipt
    if (name === undefined) return undefined
    this.#heard.set(name, receipt)
    const epoch = this.#entries.epochs.find((one) => one.epoch === name)
    const claimed = highest(receipt)
    if (!epoch && claimed > upTo) this.#entries.adopt(name, claimed)
    return epoch
  }

  /**
   * Decides by a receipt of `epoch` whose numbers come next; `sent`: the highest entry sent from here. A receipt that
   * knows of a number never sent from here was earned by another life of a file that was restored.
   */
  judge(epoch: Epoch, receipt: Receipt, sent: number): void {
    const claimed = highest(receipt)
    if (epoch !== this.#entries.current) {
      if (claimed > epoch.last) this.#entries.extend(epoch.epoch, claimed)
    } else if (epoch.base + claimed > Math.max(sent, this.#openedAt)) {
      this.#begin(Math.max(sent, this.#openedAt), receipt)
    } else if (!this.#confirmed) {
      this.#entries.bind()
      this.#confirmed = true
    }
  }

  /** Nobody could tell in time whose the next numbers are: they are counted in an epoch of their own. */
  doubt(): void {
    if (!this.#confirmed) this.#begin(this.#openedAt, undefined)
  }

  /** Epochs that no entry here belongs to any more, or ever did: what has not come of them never will. */
  ended(): Ended[] {
    return this.#entries.drained().map(({ epoch, last }) => ({ epoch, last, receipt: this.#heard.get(epoch) }))
  }

  /** An ended epoch needs no more attention. */
  dismiss(epoch: string): void {
    this.#entries.drop(epoch)
    this.#heard.delete(epoch)
  }

  #begin(base: number, receipt: Receipt | undefined): void {
    const former = this.#entries.current
    const claimed = receipt ? highest(receipt) : 0
    this.#entries.begin(this.#ids.random(), base, Math.max(base - former.base, claimed))
    this.#openedAt = base
    this.#confirmed = true
    // An epoch that numbers nothing here is forgotten by the file, yet its gaps are still to be told.
    if (receipt && former.base === base) this.hear(receipt)
    this.#log?.warn(
      { former: former.epoch, epoch: this.#entries.current.epoch, claimed },
      'the outbox begins a new epoch',
    )
  }
}
