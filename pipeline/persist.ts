// The one write path: validate, redact, append, and only after COMMIT settle. Batches are self-clocked: whatever came
// while the last one was committed is the next. Not for: reading, or for moving messages (broker/).
import type { Bus, Delivery, Outcome } from '../broker/bus.ts'
import type { Clock, Component, Health, Logger } from '../component.ts'
import { type ActivityEvent, type ActivityNotification, toNotification } from '../schemas/activity.ts'
import type { OutcomeStatus, Receipt } from '../schemas/delivery.ts'
import { asDaybookError, type DaybookError, type ErrorCode } from '../schemas/errors.ts'
import type { Topics } from '../schemas/topics.ts'
import type { RejectedMessage, Settlement } from '../storage/ledger.ts'
import type { InlinePayload, Storage } from '../storage/storage.ts'
import { endsOfNothing } from './closings.ts'
import { mayBeTooLarge, moveData } from './moved-data.ts'
import type { PrivacyOfAll } from './privacy.ts'
import type { Receipts } from './receipts.ts'
import type { Redactor } from './redact.ts'
import { createRejected, sentence, toldOf } from './rejected.ts'
import type { Suppressor } from './suppression.ts'
import { createValidate, type Sender } from './validate.ts'

export interface PersistOptions {
  bus: Bus
  storage: Storage
  receipts: Pick<Receipts, 'tell'>
  topics: Topics
  redactor: Redactor
  suppressor: Suppressor
  /** See PrivacyOfAll. */
  admit: PrivacyOfAll['admit']
  space: string
  dayOf: (timestamp: number) => string
  clock: Clock
  log: Logger
  signal: AbortSignal
}

/** A message on its way: what it is, and at the end what became of it. */
interface Entry {
  delivery: Delivery
  sender: Sender
  receivedAt: number
  event?: ActivityEvent
  /** The data of the event where it is too large for a row. */
  payload?: InlinePayload
  refused?: { code: ErrorCode; reason: string }
  /** What is kept of it if it is refused. */
  kept?: RejectedMessage
  /** Not even its bytes can be kept: it is only counted. */
  unkeepable?: boolean
  outcome?: OutcomeStatus
}

/** A batch is what waits, but not more than this: memory and lock times stay bounded. */
const BATCH_MOST = 2_000
const RETRY_MS = { first: 100, most: 5_000 }

export function createPersist(options: PersistOptions): Component {
  const { bus, storage, receipts, topics, redactor, suppressor, admit, clock, log, signal } = options
  const validate = createValidate(options)
  const rejected = createRejected(options)
  const waiting: Entry[] = []
  let running: Promise<void> | null = null
  let trouble: { code: string; detail: string } | null = null

  bus.onActivity((delivery) => {
    waiting.push(prepare(delivery))
    running ??= Promise.resolve().then(drain)
  })

  function prepare(delivery: Delivery): Entry {
    const receivedAt = clock.now()
    const validated = validate(delivery.topic, delivery.payload, receivedAt)
    const { sender } = validated
    // What cannot be read cannot say when it happened; in a pause nothing of it is kept.
    if (!validated.ok) {
      const leavesNoTrace = suppressor.pausedAt(receivedAt) || !rejected.mayBeKept(delivery.payload)
      if (leavesNoTrace) return { delivery, sender, receivedAt, outcome: 'suppressed' }
      return { delivery, sender, receivedAt, refused: validated }
    }
    const event = asKept(validated.event)
    // Not even its id is known afterwards.
    if (!event) return { delivery, sender, receivedAt, outcome: 'suppressed' }
    if (suppressor.covers(event)) return { delivery, sender, receivedAt, event, outcome: 'suppressed' }
    const large = mayBeTooLarge(delivery.payload.length) || event !== validated.event
    return { delivery, sender, receivedAt, event, ...(large && moveData(event)) }
  }

  /** Without secrets and what else nobody is to keep; null: nothing of it. */
  function asKept(event: ActivityEvent): ActivityEvent | null {
    const before = toNotification(event)
    const admitted = admit(before)
    if (!admitted) return null
    const after = redactor.redact(admitted)
    return after === before ? event : redacted(event, after)
  }

  async function drain(): Promise<void> {
    while (waiting.length > 0 && !(signal.aborted && trouble)) {
      await store(waiting.splice(0, BATCH_MOST))
    }
    running = null
  }

  /** Commits a batch however long it takes; what Postgres refuses for good is found by halving and kept as rejected. */
  async function store(batch: Entry[]): Promise<void> {
    for (let wait = RETRY_MS.first; ; wait = Math.min(wait * 2, RETRY_MS.most)) {
      try {
        const settled = await commit(batch)
        trouble = null
        finish(batch, settled)
        return
      } catch (thrown) {
        const error = asDaybookError(thrown)
        if (error.code === 'database_refused' || error.code === 'internal') return bisect(batch, error)
        if (!trouble)
          log.error(
            { code: error.code, reason: error.detail, waiting: waiting.length },
            'cannot commit, acknowledging nothing',
          )
        trouble = { code: error.code, detail: error.detail }
        // Unacknowledged is unsettled: at the end of the house the senders keep theirs.
        if (signal.aborted) return
        await clock.sleep(wait, signal)
      }
    }
  }

  async function bisect(batch: Entry[], { code, detail: reason }: DaybookError): Promise<void> {
    const [only] = batch
    if (only && batch.length === 1) {
      if (only.unkeepable) {
        // Should never be: nothing about it can be booked. It must not hold up the others for ever.
        log.fatal({ topic: only.delivery.topic, code, reason }, 'a message is acknowledged and counted nowhere')
        return only.delivery.settle({ status: 'rejected', code, message: reason })
      }
      if (only.refused) {
        log.error({ topic: only.delivery.topic, reason }, 'a rejected message cannot be kept')
        only.unkeepable = true
      }
      only.refused ??= { code, reason }
      delete only.event
      return store(batch)
    }
    const half = batch.length >> 1
    await store(batch.slice(0, half))
    await store(batch.slice(half))
  }

  /** In the first moments of a pause an end may be told, but only of what is there. */
  async function dropEnds(batch: Entry[]): Promise<void> {
    const events = batch.flatMap(({ event, outcome }) => (event && outcome !== 'suppressed' ? [event] : []))
    const ends = events.filter(suppressor.closes)
    if (ends.length === 0) return
    const ofNothing = await endsOfNothing(ends, { batch: events, activities: storage.activities })
    for (const entry of batch) if (entry.event && ofNothing.has(entry.event)) entry.outcome = 'suppressed'
  }

  async function commit(batch: Entry[]): Promise<Map<string, Receipt[]>> {
    await dropEnds(batch)
    const events: ActivityEvent[] = []
    const payloads: InlinePayload[] = []
    for (const { event, payload, outcome } of batch) {
      if (!event || outcome === 'suppressed') continue
      events.push(event)
      if (payload) payloads.push(payload)
    }
    const book: Parameters<Storage['commit']>[1] = (appended) => {
      const unclaimed = new Set(appended.stored)
      for (const entry of batch) {
        if (entry.refused) entry.outcome = 'rejected'
        // Of one id twice in a batch the first is the stored one.
        else if (entry.outcome !== 'suppressed')
          entry.outcome = unclaimed.delete(entry.event?.id ?? '') ? 'stored' : 'duplicate'
      }
      const kept = batch.flatMap((entry) => (entry.refused && !entry.unkeepable ? [keptOf(entry)] : []))
      return { settlements: batch.map(settlement), rejected: kept }
    }
    return storage.commit(events, book, payloads)
  }

  /** After COMMIT: acknowledgements first, then receipts and rejections. */
  function finish(batch: Entry[], settled: Map<string, Receipt[]>): void {
    for (const entry of batch) entry.delivery.settle(outcome(entry))
    receipts.tell(settled)
    for (const entry of batch) if (entry.refused) tellRejected(entry)
  }

  function tellRejected(entry: Entry): void {
    const topic = topics.rejected(entry.sender.producer)
    bus
      .publish(topic, JSON.stringify(toldOf(keptOf(entry))))
      .catch((error) => log.warn({ topic, reason: error.message }, 'a rejection was not told'))
  }

  function keptOf(entry: Entry): RejectedMessage {
    entry.kept ??= rejected.kept(entry)
    return entry.kept
  }

  return {
    name: 'pipeline',
    async start() {},
    async stop() {
      await running
    },
    health(): Health {
      const figures = { waiting: waiting.length }
      return trouble ? { state: 'degraded', ...trouble, figures } : { state: 'ok', figures }
    },
  }
}

function redacted(event: ActivityEvent, { type: _, data, ...after }: ActivityNotification): ActivityEvent {
  const { details: _before, ...rest } = event
  return {
    ...rest,
    ...after,
    producer: event.producer,
    sessionId: after.sessionId ?? event.sessionId,
    ...(data && { details: data }),
  }
}

function settlement({ sender, outcome = 'rejected' }: Entry): Settlement {
  return { producer: sender.producer, source: sender.source, outcome, epoch: sender.epoch, seq: sender.seq }
}

function outcome({ event, sender, refused, outcome: status = 'rejected' }: Entry): Outcome {
  if (refused) {
    const message = sentence(refused.code, refused.reason)
    return { status, code: refused.code, message, ...(sender.claimedId !== undefined && { id: sender.claimedId }) }
  }
  if (!event) return { status }
  return status === 'stored'
    ? { status, id: event.id, body: () => Buffer.from(JSON.stringify(toNotification(event))) }
    : { status, id: event.id }
}
