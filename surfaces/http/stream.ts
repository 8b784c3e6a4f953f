// GET /stream: what happens, as server-sent events. Activities come from the store in the order of arrival with
// `<batch>.<n>` as event id, so a reader that comes back with Last-Event-ID misses none; sessions, questions, memories
// and rejections come live from the bus. With `topic` it is the bus itself instead: every message that a filter meets,
// byte by byte, from now on. Not for: history by time, which GET /api/v1/activities gives.
import type { Message } from '../../broker/bus.ts'
import { isFilter, isWithinLimits } from '../../broker/filters.ts'
import { type ActivityEvent, toNotification } from '../../schemas/activity.ts'
import { DaybookError } from '../../schemas/errors.ts'
import type { Arrival } from '../../storage/activity-store.ts'
import type { House } from '../operations/operation.ts'
import { toRaw } from '../raw-message.ts'
import { type Channel, openChannel } from './channel.ts'

/** The families of topics that are shown live; the event's name is the family. */
const families = ['session', 'question', 'memory', 'rejected']
const filters = ['source', 'type', 'producer'] as const

const STREAMS_MOST = 100
/** What a reader of raw messages may lag behind, bytes: room for the retained ones, which come at once. */
const RAW_BEHIND_MOST = 32 * 1024 * 1024
const HEARTBEAT_MS = 15_000
/** Being told of commits may fail, so the store is asked every so often anyway. */
const ASK_MS = 2_000
const AT_ONCE = 200

export interface Streams {
  /** Throws `invalid` for a parameter or a Last-Event-ID that does not exist. `reader`: the user; null: the owner. */
  open(query: Record<string, string>, lastEventId: string | undefined, reader?: string | null): Promise<Response>
  /** Ends those of a user. */
  putOut(reader: string): void
  /** Ends all that are open, and every one to come. */
  close(): void
}

export function createStreams(house: House): Streams {
  const open = new Map<Channel, string | null>()
  let closed = false

  /** Sends activities as they arrive, as fast as the reader reads, until the channel ends. */
  async function follow(channel: Channel, from: Arrival, wanted: (event: ActivityEvent) => boolean): Promise<void> {
    let after = from
    let wake = () => {}
    const unwatch = house.storage.watch(() => wake())
    try {
      while (!channel.signal.aborted) {
        const told = new Promise<void>((resolve) => {
          wake = resolve
        })
        const arrived = await house.storage.activities.getArrivals(after, AT_ONCE).catch(() => [])
        for (const { event, at } of arrived) {
          after = at
          if (wanted(event)) channel.send(activity(event, at))
          await channel.room()
        }
        if (arrived.length === 0) await Promise.race([told, house.clock.sleep(ASK_MS, channel.signal)])
      }
    } finally {
      unwatch()
    }
  }

  async function showLive(channel: Channel): Promise<() => void> {
    return house.bus.subscribe(house.topics.all, ({ topic, payload, retain }: Message) => {
      const [family = ''] = topic.slice(house.topics.prefix.length + 1).split('/')
      if (!retain && families.includes(family)) channel.send(event(family, payload.toString('utf8')))
    })
  }

  async function showRaw(channel: Channel, filter: string): Promise<() => void> {
    channel.send(event('open', JSON.stringify({ at: house.clock.now(), filter, prefix: house.topics.prefix })))
    return house.bus.subscribe(filter, (message) => {
      channel.send(event('message', JSON.stringify({ at: house.clock.now(), ...toRaw(message) })))
    })
  }

  return {
    async open(query, lastEventId, reader = null) {
      const { topic } = query
      if (topic !== undefined) checkRaw(query, topic, lastEventId)
      const wanted = wantedBy(query)
      const after = lastEventId === undefined ? undefined : parseArrival(lastEventId)
      // The bus is shown whatever the database does.
      const from = topic === undefined ? (after ?? (await house.storage.activities.lastArrival())) : undefined
      if (closed) throw new DaybookError('shutting_down')
      if (open.size >= STREAMS_MOST) {
        throw new DaybookError('bus_unavailable', `${STREAMS_MOST} streams are open already.`)
      }
      const channel = openChannel(topic === undefined ? undefined : RAW_BEHIND_MOST)
      open.set(channel, reader)
      const beat = setInterval(() => channel.send(':\n\n'), HEARTBEAT_MS)
      // The head of the answer leaves with its first bytes.
      channel.send(': live\n\n')
      let unsubscribe = () => {}
      const leave = () => {
        open.delete(channel)
        clearInterval(beat)
        unsubscribe()
      }
      try {
        // Filters speak of activities: with one, nothing else is shown.
        if (topic !== undefined) unsubscribe = await showRaw(channel, topic)
        else if (Object.keys(query).length === 0) unsubscribe = await showLive(channel)
      } catch (error) {
        leave()
        throw error
      }
      if (channel.signal.aborted) leave()
      else channel.signal.addEventListener('abort', leave)
      if (from) void follow(channel, from, wanted).finally(channel.end)
      return new Response(channel.readable, { headers: { 'content-type': 'text/event-stream' } })
    },
    putOut(reader) {
      for (const [channel, by] of open) if (by === reader) channel.end()
    },
    close() {
      closed = true
      for (const channel of open.keys()) channel.end()
    },
  }
}

function wantedBy(query: Record<string, string>): (event: ActivityEvent) => boolean {
  for (const name of Object.keys(query)) {
    if (name === 'topic' || filters.some((filter) => filter === name)) continue
    throw new DaybookError('invalid', `${name}: there is no such parameter; there are ${filters.join(', ')}, topic`)
  }
  const { source, type, producer } = query
  return (event) =>
    (source ?? event.source) === event.source &&
    (type ?? event.eventType) === event.eventType &&
    (producer ?? event.producer) === event.producer
}

/** Raw messages are of the moment: nothing else narrows them, and nothing that was missed comes again. */
function checkRaw(query: Record<string, string>, topic: string, lastEventId: string | undefined): void {
  if (!isFilter(topic) || !isWithinLimits(topic) || topic.startsWith('$')) {
    throw new DaybookError('invalid', `topic: "${topic.slice(0, 80)}" is no topic filter such as frigate/# or +/state`)
  }
  const other = Object.keys(query).find((name) => name !== 'topic')
  if (other !== undefined) throw new DaybookError('invalid', `${other}: does not go together with topic`)
  if (lastEventId !== undefined) {
    throw new DaybookError('invalid', 'Last-Event-ID: raw messages are not kept, so what was missed cannot come again')
  }
}

function parseArrival(id: string): Arrival {
  const [, batch, n] = /^(\d{1,15})\.(\d{1,9})$/.exec(id) ?? []
  if (batch === undefined || n === undefined) {
    throw new DaybookError('invalid', `Last-Event-ID: "${id.slice(0, 40)}" is none of ours; they are <batch>.<n>`)
  }
  return { batch: Number(batch), n: Number(n) }
}

function activity(stored: ActivityEvent, { batch, n }: Arrival): string {
  return event('activity', JSON.stringify(toNotification(stored)), `${batch}.${n}`)
}

/** One event (HTML Living Standard, 9.2.6). JSON has no line breaks, but a foreign body may. */
function event(name: string, data: string, id?: string): string {
  const lines = data.replace(/\r\n|\r|\n/g, '\ndata: ')
  return `event: ${name}\n${id === undefined ? '' : `id: ${id}\n`}data: ${lines}\n\n`
}
