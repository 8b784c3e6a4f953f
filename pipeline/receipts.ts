// Tells outboxes what is settled: after each batch, all of them at start, and after a bridge has said what it still
// holds. Not for: working out what is settled, which the ledger does.
import type { Bus, Message } from '../broker/bus.ts'
import type { Clock, Component, Logger } from '../component.ts'
import { bridgeStatus, type Receipt } from '../schemas/delivery.ts'
import type { Topics } from '../schemas/topics.ts'
import type { Storage } from '../storage/storage.ts'

export interface ReceiptsOptions {
  bus: Bus
  storage: Storage
  topics: Topics
  clock: Clock
  log: Logger
}

export interface Receipts extends Component {
  /**
   * Takes the receipts of a batch, by producer. They go out in a moment, so that acknowledgements come first, and only
   * the last of an outbox in each interval: it says all that the ones before said.
   */
  tell(receipts: ReadonlyMap<string, readonly Receipt[]>): void
}

const INTERVAL_MS = 20

/** All that matters here of a status: whoever writes one of their own may leave out the rest. */
const held = bridgeStatus.pick({ epoch: true, oldestSeq: true })

export function createReceipts({ bus, storage, topics, clock, log }: ReceiptsOptions): Receipts {
  const due = new Map<string, { producer: string; receipt: Receipt }>()
  let unsubscribe: (() => void) | null = null
  let statuses: Promise<void> = Promise.resolve()
  let timer: NodeJS.Timeout | NodeJS.Immediate | null = null
  let sentAt = 0

  function tell(receipts: ReadonlyMap<string, readonly Receipt[]>): void {
    for (const [producer, each] of receipts) {
      for (const receipt of each) {
        const outbox = `${producer} ${receipt.epoch ?? ''}`
        // The latest goes last: a retained topic keeps it.
        due.delete(outbox)
        due.set(outbox, { producer, receipt })
      }
    }
    if (timer || due.size === 0) return
    const wait = sentAt + INTERVAL_MS - clock.now()
    timer = wait > 0 ? setTimeout(send, Math.min(wait, INTERVAL_MS)) : setImmediate(send)
  }

  function send(): void {
    timer = null
    sentAt = clock.now()
    const batch = [...due.values()]
    due.clear()
    for (const { producer, receipt } of batch) {
      bus
        .publish(topics.receipt(producer), JSON.stringify(receipt), { retain: true, volatile: true })
        // At the end of the house the bus stops first; the next start tells all of them.
        .catch((error) => log.debug({ producer, reason: error.message }, 'a receipt was not sent'))
    }
  }

  /** A status says which numbers the outbox still holds; what is below and never came will not come any more. */
  async function onStatus({ topic, payload }: Message): Promise<void> {
    const producer = topics.statusProducer(topic)
    const status = held.safeParse(json(payload))
    if (producer === null || !status.success || status.data.oldestSeq === undefined) return
    const receipt = await storage.ledger.giveUpBelow(producer, status.data.epoch, status.data.oldestSeq)
    if (receipt) tell(new Map([[producer, [receipt]]]))
  }

  return {
    name: 'receipts',
    tell,
    async start() {
      tell(await storage.ledger.receipts())
      unsubscribe = await bus.subscribe(topics.statuses, (message) => {
        // One after the other: statuses of one bridge must not overtake each other.
        statuses = statuses
          .then(() => onStatus(message))
          .catch((error) => log.warn({ topic: message.topic, reason: error.message }, 'a status was not taken in'))
      })
    },
    async stop() {
      unsubscribe?.()
      await statuses
      if (timer) send()
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
