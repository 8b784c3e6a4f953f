// Operation: how the house is, in one look. It answers also while the database is away: that is when it is asked.
// Not for: the whole accounts, which are an operation of their own.
import { z } from 'zod'
import type { KnownBridge } from '../../pipeline/bridge-statuses.ts'
import type { Account } from '../../schemas/delivery.ts'
import { type ErrorCode, errors } from '../../schemas/errors.ts'
import { pauseState } from '../../schemas/pause.ts'
import { defineOperation, type House, type Part } from './operation.ts'

const count = z.number().int()

const partHealth = z
  .object({
    state: z.enum(['ok', 'degraded', 'failed', 'stopped']),
    detail: z.string().optional().describe('what is wrong and what helps'),
    code: z.string().optional(),
    figures: z.record(z.string(), z.union([z.number(), z.string(), z.boolean(), z.null()])).optional(),
  })
  .meta({ id: 'PartHealth', description: 'How a part is.' })

const producerLine = z
  .object({
    producer: z.string(),
    sources: z.array(z.string()),
    sent: count.describe('what it sent, each once: also what never came'),
    lost: count.describe('what never came'),
    rejected: count,
    lastSeenAt: count.nullable().describe('epoch ms'),
    summary: z.string().describe('"0 lost of 48,112"'),
  })
  .meta({ id: 'ProducerLine', description: 'A producer in one line.' })

export type ProducerLine = z.infer<typeof producerLine>

const bridgeLine = z
  .object({
    producer: z.string(),
    online: z.boolean().nullable().describe('null: it was when Daybook stopped, and has not been heard since'),
    since: count.nullable().describe('since when it is so, epoch ms'),
    outboxDepth: count.nullable().describe('events that wait there, as it said last'),
    waitingSince: count.nullable().describe('the time of the oldest of them, epoch ms'),
    health: z.string().describe('ok, or the error code that holds it up'),
    detail: z.string().optional().describe('what that code means'),
    clockOffsetMs: count.nullable().describe('its clock minus ours; null until it is heard to speak'),
  })
  .meta({ id: 'BridgeLine', description: 'What a bridge has said of itself last.' })

export type BridgeLine = z.infer<typeof bridgeLine>

const houseStatus = z
  .object({
    version: z.string(),
    prefix: z.string().describe('first part of every topic of ours'),
    ready: z.boolean().describe('everything that is needed works'),
    queue: z
      .object({ pending: count.nullable(), error: count.nullable() })
      .describe('what waits for enrichment, and what failed in it; null while the database is away'),
    watermark: count.nullable().describe('event time seen so far, epoch ms; null when unknown'),
    pause: pauseState,
    parts: z.record(z.string(), partHealth),
    producers: z.array(producerLine).nullable().describe('null while the database is away'),
    bridges: z.array(bridgeLine).describe('those that say how they are, here and on other devices'),
  })
  .meta({ id: 'HouseStatus', description: 'How the house is.' })

export type HouseStatus = z.infer<typeof houseStatus>

/** An event may be this far ahead of us before its time counts for nothing. */
const AHEAD_MS = 2 * 60_000
const ASK_MS = 3_000

export const getStatus = defineOperation({
  name: 'getStatus',
  summary: 'Show how Daybook is: parts, queue, and what each producer lost',
  method: 'GET',
  path: '/api/v1/status',
  access: 'read',
  input: z.strictObject({}),
  output: houseStatus,
  async run(house) {
    const [queue, watermark, accounts] = await Promise.all([
      answer(house, () => house.storage.meaning.queue.stats()),
      answer(house, () => watermarkOf(house)),
      answer(house, () => house.storage.ledger.accounting()),
    ])
    return {
      version: house.version,
      prefix: house.topics.prefix,
      ready: accounts !== null && unready(house).length === 0,
      queue: { pending: queue?.pending ?? null, error: queue?.error ?? null },
      watermark,
      pause: house.pause(),
      parts: Object.fromEntries(house.parts().map(({ name, health }) => [name, health])),
      producers: accounts && producerLines(accounts.producers),
      bridges: house.bridges().map((bridge) => bridgeLineOf(bridge, accounts?.producers)),
    }
  },
})

/** The needed parts that are not ok. */
function unready(house: House): Part[] {
  return house.parts().filter(({ needed, health }) => needed && health.state !== 'ok')
}

/** What keeps the house from being ready, and why: a code or a state. A database that hangs says nothing by itself. */
export async function whatIsMissing(house: House): Promise<Record<string, string>> {
  const missing = Object.fromEntries(unready(house).map(({ name, health }) => [name, health.code ?? health.state]))
  const answered = await answer(house, () => house.storage.activities.queryActivities({ limit: 1 }))
  return answered ? missing : { storage: 'database_unavailable', ...missing }
}

/** One line a producer, whatever the number of its sources. */
export function producerLines(accounts: readonly Account[]): ProducerLine[] {
  const lines = new Map<string, ProducerLine>()
  for (const account of accounts) {
    const known = lines.get(account.producer)
    const sent = (known?.sent ?? 0) + account.received - account.duplicates + account.missing
    const lost = (known?.lost ?? 0) + account.missing
    lines.set(account.producer, {
      producer: account.producer,
      sources: [...(known?.sources ?? []), account.source],
      sent,
      lost,
      rejected: (known?.rejected ?? 0) + account.rejected,
      lastSeenAt: Math.max(known?.lastSeenAt ?? 0, account.lastSeenAt ?? 0) || null,
      summary: `${lost.toLocaleString('en')} lost of ${sent.toLocaleString('en')}`,
    })
  }
  return [...lines.values()]
}

/** What a bridge said, and what its code means. One that has gone was there at least until its last event came. */
export function bridgeLineOf(bridge: KnownBridge, accounts: readonly Account[] = []): BridgeLine {
  const { producer, online, outboxDepth, oldestAt, health, clockOffsetMs } = bridge
  const seen = accounts.filter((account) => account.producer === producer).map(({ lastSeenAt }) => lastSeenAt ?? 0)
  const since = bridge.since === null || online ? bridge.since : Math.max(bridge.since, ...seen)
  const detail = health in errors ? { detail: errors[health as ErrorCode].sentence } : {}
  const waitingSince = outboxDepth ? oldestAt : null
  return { producer, online, since, outboxDepth, waitingSince, health, ...detail, clockOffsetMs }
}

async function watermarkOf(house: House): Promise<number | null> {
  const latest = { limit: 1, until: house.clock.now() + AHEAD_MS }
  const { items } = await house.storage.activities.queryActivities(latest)
  return items[0]?.timestamp ?? null
}

/** Null when the database does not answer in time. */
async function answer<T>(house: House, ask: () => Promise<T>): Promise<T | null> {
  const late = new AbortController()
  const timeout = house.clock.sleep(ASK_MS, late.signal).then(() => null)
  try {
    return await Promise.race([ask(), timeout])
  } catch {
    return null
  } finally {
    late.abort()
  }
}
