// A reference for what stands on the other side of an outbox: which events are stored, what of each epoch is settled or
// given up, which receipts follow. As plain as can be, one number at a time, so that it can be believed. For tests only.
import type { ContentRef } from '../../schemas/content-ref.ts'
import type { BridgeStatus, Ranges, Receipt } from '../../schemas/delivery.ts'

export interface SentEvent {
  id: string
  epoch: string
  seq: number
  attachments?: ContentRef[]
}

interface Book {
  settled: Set<number>
  /** Numbers that the outbox said it no longer holds and that never came. */
  givenUp: Set<number>
}

/** The pipeline's books for one producer. */
export class LedgerModel {
  readonly stored: Set<string>
  readonly books: Map<string, Book>

  constructor(from?: LedgerModel) {
    this.stored = new Set(from?.stored)
    this.books = new Map(
      [...(from?.books ?? [])].map(([epoch, { settled, givenUp }]) => [
        epoch,
        { settled: new Set(settled), givenUp: new Set(givenUp) },
      ]),
    )
  }

  /** Stores an event once by its id and books its number; a receipt follows, for duplicates too. */
  receive({ id, epoch, seq }: SentEvent): Receipt {
    this.stored.add(id)
    const book = this.#book(epoch)
    book.settled.add(seq)
    book.givenUp.delete(seq)
    return this.receipt(epoch)
  }

  /** What lies below `oldestSeq` and never came is given up; a receipt follows if the epoch is known. */
  hear({ epoch, oldestSeq }: BridgeStatus): Receipt | undefined {
    if (epoch === undefined || oldestSeq === undefined) return undefined
    if (!this.books.has(epoch) && oldestSeq <= 1) return undefined
    const book = this.#book(epoch)
    for (let seq = 1; seq < oldestSeq; seq++) if (!book.settled.has(seq)) book.givenUp.add(seq)
    return this.receipt(epoch)
  }

  /** `upTo` is the end of what is settled or given up without a gap from 1. */
  receipt(epoch: string): Receipt {
    const { settled, givenUp } = this.#book(epoch)
    let upTo = 0
    while (settled.has(upTo + 1) || givenUp.has(upTo + 1)) upTo++
    const above: Ranges = []
    for (const seq of [...settled].filter((one) => one > upTo).sort((a, b) => a - b)) {
      const open = above.at(-1)
      if (open && seq === open[1] + 1) open[1] = seq
      else above.push([seq, seq])
    }
    return { epoch, upTo, settled: above }
  }

  receipts(): Receipt[] {
    return [...this.books.keys()].map((epoch) => this.receipt(epoch))
  }

  missing(epoch: string): number[] {
    return [...this.#book(epoch).givenUp].sort((a, b) => a - b)
  }

  #book(epoch: string): Book {
    const book = this.books.get(epoch) ?? { settled: new Set(), givenUp: new Set() }
    this.books.set(epoch, book)
    return book
  }
}
