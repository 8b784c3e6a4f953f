// Tells outboxes what is settled: all of them at start, and after a bridge has said what it still holds. Not for: the
// receipts of a batch, which persist.ts sends right after COMMIT.
import type { Bus, Message } from '../broker/bus.ts'
import type { Component, Logger } from '../component.ts'
import { bridgeStatus, type Receipt } from '../schemas/delivery.ts'
import type { Topics } from '../schemas/topics.ts'
import type { Storage } from '../storage/storage.ts'

export interface ReceiptsOptions {
  bus: Bus
  storage: Storage
  topics: Topics
  log: Logger
}

export function createReceipts({ bus, storage, topics, log }: ReceiptsOptions): Component {
  let unsubscribe: (() => void) | null = null
  let last: Promise<void> = Promise.resolve()

  const tell = (producer: string, receipt: Receipt) =>
    bus.publish(topics.receipt(producer), JSON.stringify(receipt), { retain: true, volatile: true })

  /** A status says which numbers the outbox still holds; what is below and never came will not come any more. */
  async function onStatus(message: Message): Promise<void> {
    const producer = topics.statusProducer(message.topic)
    const status = bridgeStatus.safeParse(json(message.payload))
    if (producer === null || !status.success || status.data.oldestSeq === undefined) return
    const receipt = await storage.ledger.giveUpBelow(producer, status.data.epoch, status.data.oldestSeq)
    if (receipt) await tell(producer, receipt)
  }

  return {
    name: 'receipts',
    async start() {
      for (const [producer, receipts] of await storage.ledger.receipts()) {
        for (const receipt of receipts) await tell(producer, receipt)
      }
      unsubscribe = await bus.subscribe(topics.statuses, (message) => {
        // One after the other: statuses of one bridge must not overtake each other.
        last = last
          .then(() => onStatus(message))
          .catch((error) => log.warn({ topic: message.topic, reason: error.message }, 'status not taken in'))
      })
    },
    async stop() {
      unsubscribe?.()
      await last
    },
    health: () => ({ state: 'ok' }),
  }
}

function json(payload: Buffer): unknown {
  try {
    return JSON.parse(payload.toString('utf8'))
  } catch {
    return undefined
  }
}
