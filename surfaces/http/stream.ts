// GET /stream: live messages as server-sent events. It shows what happens now; whoever must not miss anything reads
// GET /api/v1/activities. There are no event ids yet, hence no resuming: they will be `<batch>.<n>` once the store can
// be read by arrival. Not for: history.
import type { Message } from '../../broker/bus.ts'
import { DaybookError } from '../../schemas/errors.ts'
import type { House } from '../operations/operation.ts'

/** The families of topics that are shown; the event's name is the family. */
const families = ['activity', 'session', 'question', 'memory', 'rejected'] as const
const filters = ['source', 'type', 'producer'] as const

/** A reader this far behind, bytes, is cut off: it would hold memory without end. */
const BEHIND_MOST = 1024 * 1024
const STREAMS_MOST = 100
const HEARTBEAT_MS = 15_000

export interface Streams {
  /** Throws `invalid` for a parameter that does not exist. */
  open(query: Record<string, string>): Promise<Response>
  /** Ends all that are open, and every one to come. */
  close(): void
}

export function createStreams(house: House): Streams {
  const open = new Set<() => void>()
  const encoder = new TextEncoder()
  let closed = false

  async function body(wanted: (message: Message) => boolean): Promise<ReadableStream<Uint8Array>> {
    const { readable, send, end, ended } = channel()
    const unsubscribe = await house.bus.subscribe(house.topics.all, (message) => {
      if (!message.retain && wanted(message))
        send(encoder.encode(event(familyOf(house, message.topic), message.payload)))
    })
    const beat = setInterval(() => send(encoder.encode(':\n\n')), HEARTBEAT_MS)
    open.add(end)
    ended.then(() => {
      open.delete(end)
      clearInterval(beat)
      unsubscribe()
    })
    // The head of the answer leaves with its first bytes.
    send(encoder.encode(': live\n\n'))
    return readable
  }

  return {
    async open(query) {
      for (const name of Object.keys(query)) {
        if (filters.some((filter) => filter === name)) continue
        throw new DaybookError('invalid', `${name}: there is no such parameter; there are ${filters.join(', ')}`)
      }
      if (closed) throw new DaybookError('shutting_down')
      if (open.size >= STREAMS_MOST)
        throw new DaybookError('bus_unavailable', `${STREAMS_MOST} streams are open already.`)
      return new Response(await body(matching(house, query)), { headers: { 'content-type': 'text/event-stream' } })
    },
    close() {
      closed = true
      for (const end of open) end()
    },
  }
}

/** A stream that is written from outside and gives up on a reader that does not read. */
function channel() {
  const { promise: ended, resolve } = Promise.withResolvers<void>()
  let controller: ReadableStreamDefaultController<Uint8Array>
  let over = false
  const readable = new ReadableStream<Uint8Array>(
    {
      start(given) {
        controller = given
      },
      cancel() {
        over = true
        resolve()
      },
    },
    new ByteLengthQueuingStrategy({ highWaterMark: BEHIND_MOST }),
  )
  const end = () => {
    if (over) return
    over = true
    controller.close()
    resolve()
  }
  const send = (bytes: Uint8Array) => {
    if (over) return
    controller.enqueue(bytes)
    if ((controller.desiredSize ?? 0) <= 0) end()
  }
  return { readable, send, end, ended }
}

function familyOf(house: House, topic: string): string {
  const [family = ''] = topic.slice(house.topics.prefix.length + 1).split('/')
  return family
}

/** Filters speak of activities: with one, nothing else is shown. */
function matching(house: House, query: Record<string, string>): (message: Message) => boolean {
  const wanted = Object.entries(query)
  return ({ topic }) => {
    if (wanted.length === 0) return families.some((family) => family === familyOf(house, topic))
    if (!house.topics.isActivity(topic)) return false
    const address: Record<string, string> = { ...house.topics.parseActivity(topic) }
    return wanted.every(([name, value]) => address[name] === value)
  }
}

/** One event (HTML Living Standard, 9.2.6). JSON has no line breaks, but a foreign body may. */
function event(name: string, payload: Buffer): string {
  const data = payload.toString('utf8').replace(/\r\n|\r|\n/g, '\ndata: ')
  return `event: ${name}\ndata: ${data}\n\n`
}
