// GET /metrics: the books and the health of the parts as Prometheus reads them, asked for at each scrape. Not for:
// keeping figures of its own.
import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client'
import type { House } from '../operations/operation.ts'

const outcomes = ['stored', 'duplicates', 'rejected', 'suppressed'] as const

/** What a scrape answers. */
export interface Metrics {
  readonly contentType: string
  /** Never rejects: while the database is away its figures are left out. */
  scrape(): Promise<string>
}

export function createMetrics(house: House): Metrics {
  const registry = new Registry()
  const registers = [registry]
  collectDefaultMetrics({ register: registry })
  new Gauge({
    name: 'daybook_info',
    help: 'Always 1; the version is a label.',
    labelNames: ['version'],
    registers,
  }).set({ version: house.version }, 1)
  const activities = new Counter({
    name: 'daybook_activities_total',
    help: 'Activities by what became of them.',
    labelNames: ['producer', 'source', 'outcome'],
    registers,
  })
  const missing = gauge(
    'daybook_activities_missing',
    'Numbers that a producer gave out and that never came.',
    'producer',
  )
  const seen = gauge('daybook_producer_last_seen_timestamp_seconds', 'When a producer was last heard.', 'producer')
  const pending = gauge('daybook_queue_pending', 'Activities that wait for enrichment.')
  const failed = gauge('daybook_queue_error', 'Activities whose enrichment failed for good.')
  const objects = gauge('daybook_objects', 'Payloads kept in a storage.', 'storage')
  const bytes = gauge('daybook_object_bytes', 'Bytes of the payloads kept in a storage, before compression.', 'storage')
  const waiting = gauge('daybook_objects_waiting', 'Payloads in Postgres that wait to move to the configured store.')
  const connected = gauge('daybook_broker_connected', '1 if the line to a broker that is not ours stands.', 'broker')
  const unacknowledged = gauge('daybook_broker_unacknowledged', 'Messages of it that are not stored yet.', 'broker')
  const sessionsLost = new Counter({
    name: 'daybook_broker_sessions_lost_total',
    help: 'Sessions that it has lost, with what it held for us, since the start.',
    labelNames: ['broker'],
    registers,
  })
  const up = gauge('daybook_part_up', '1 if the part is ok, 0 if not.', 'part')

  function gauge(name: string, help: string, ...labelNames: string[]) {
    return new Gauge({ name, help, labelNames, registers })
  }

  async function readBooks(): Promise<void> {
    const [{ producers }, queue, usage] = await Promise.all([
      house.storage.ledger.accounting(),
      house.storage.meaning.queue.stats(),
      house.storage.catalogue.usage(),
    ])
    // The totals are kept in the database, so the counter is set, not counted.
    for (const metric of [activities, missing, seen, objects, bytes]) metric.reset()
    for (const account of producers) {
      const { producer, source } = account
      for (const outcome of outcomes) activities.inc({ producer, source, outcome }, account[outcome])
      missing.inc({ producer }, account.missing)
      if (account.lastSeenAt !== null) seen.set({ producer }, account.lastSeenAt / 1000)
    }
    for (const { storage, ...kept } of usage) {
      objects.set({ storage }, kept.objects)
      bytes.set({ storage }, kept.bytes)
    }
    pending.set(queue.pending)
    failed.set(queue.error)
  }

  return {
    contentType: registry.contentType,
    async scrape() {
      for (const { name, health } of house.parts()) {
        up.set({ part: name }, health.state === 'ok' ? 1 : 0)
        const { figures } = health
        if (name === 'objects') waiting.set(Number(figures?.waiting ?? 0))
        if (figures?.sessionsLost !== undefined) {
          const broker = String(figures.broker)
          connected.set({ broker }, figures.connected === true ? 1 : 0)
          unacknowledged.set({ broker }, Number(figures.unacknowledged))
          sessionsLost.reset()
          sessionsLost.inc({ broker }, Number(figures.sessionsLost))
        }
      }
      await readBooks().catch(() => {
        for (const metric of [activities, missing, seen, objects, bytes, pending, failed]) metric.reset()
      })
      return registry.metrics()
    },
  }
}
