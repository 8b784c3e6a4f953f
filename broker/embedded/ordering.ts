// The one queue in front of Aedes.publish, for clients' messages, ours and Aedes' own. Aedes drops a message for live
// subscribers when a later one overtakes it between numbering and emitting, as plain ones overtake retained ones: so a
// publish starts only when the last one was handed to the emitter. Not for: acknowledging or keeping anything.
import type { Aedes, PublishPacket } from 'aedes'
import type { Message } from '../bus.ts'
import { type Emitter, followAudience } from './audience.ts'

type Done = (error?: Error | null) => void

/** What stands in Aedes besides its published types. */
interface Inside {
  id: string
  counter: number
  publish(packet: object, client: object | null, done: Done): void
  mq: Emitter & { emit(packet: Numbered, done: Done): void }
}

interface Numbered extends Message {
  cmd: 'publish'
  brokerId: string
  brokerCounter: number
  dup: boolean
  /** Who published: a client that is a bridge gets no echo. */
  clientId?: string
}

export interface Outgoing extends Message {
  clientId?: string | undefined
}

interface Waiting {
  packet: object
  client: object | null
  done: Done
  handed?: (() => void) | undefined
  atEmitter?: boolean
  /** Set when only the emitter needs to see it. */
  plain: Outgoing | null
}

export interface OrderingParts {
  aedes: Aedes
  /** Whether a session may exist that must be given messages later: only then has Aedes to be asked for it. */
  hasSessions(): boolean
  /** Told of each message as it is emitted. */
  emitted(message: Message): void
}

const nothing: Done = () => {}

/** Our way into the queue; `handed` is called once the message is at the emitter. */
export type Publish = (message: Outgoing, handed?: () => void) => void

/** Takes over `aedes.publish` and returns our way into the same queue. Cheap: no promise and no copy per message. */
export function putInOrder({ aedes, hasSessions, emitted }: OrderingParts): Publish {
  const inside = aedes as unknown as Inside
  const publish = inside.publish.bind(inside)
  const emit = inside.mq.emit.bind(inside.mq)
  const isHeard = followAudience(inside.mq)
  let waiting: Waiting[] = []
  let next = 0
  let current: Waiting | null = null
  let running = false

  inside.mq.emit = (packet, done) => {
    const entry = current
    if (entry) entry.atEmitter = true
    try {
      emit(packet, done)
    } finally {
      current = null
    }
    emitted(packet)
    entry?.handed?.()
    run()
  }

  inside.publish = (packet, client, done) => {
    if (typeof client === 'function') add({ packet, client: null, done: client as Done, plain: null })
    else add({ packet, client, done: done ?? nothing, plain: null })
  }

  function add(entry: Waiting): void {
    waiting.push(entry)
    run()
  }

  function run(): void {
    if (running) return
    running = true
    try {
      while (current === null && next < waiting.length) start(waiting[next++] as Waiting)
    } finally {
      running = false
    }
    if (next < waiting.length) return
    waiting = []
    next = 0
  }

  function start(entry: Waiting): void {
    current = entry
    if (entry.plain) {
      inside.mq.emit(numbered(entry.plain), nothing)
      return
    }
    publish(entry.packet, entry.client, (error) => {
      // Refused before it was emitted: the next one must not wait for it.
      if (current === entry && !entry.atEmitter) {
        current = null
        run()
      }
      entry.done(error)
    })
  }

  /** Nobody has to be given it later: it needs neither Aedes's memory nor its promises. */
  function isPlain({ qos, retain }: Outgoing): boolean {
    return !retain && (qos === 0 || !hasSessions())
  }

  function isFree(): boolean {
    return current === null && next === waiting.length
  }

  function numbered({ topic, payload, qos, clientId }: Outgoing): Numbered {
    const packet: Numbered = {
      cmd: 'publish',
      brokerId: inside.id,
      brokerCounter: ++inside.counter,
      topic,
      payload,
      qos,
      retain: false,
      dup: false,
    }
    if (clientId !== undefined) packet.clientId = clientId
    return packet
  }

  return (message, handed) => {
    if (isFree() && isPlain(message) && !isHeard(message.topic)) {
      emitted(message)
      handed?.()
      return
    }
    const { topic, payload, qos, retain, clientId } = message
    const packet = { cmd: 'publish', topic, payload, qos, retain, dup: false } satisfies PublishPacket
    add({
      packet: clientId === undefined ? packet : { ...packet, clientId },
      client: null,
      done: nothing,
      handed,
      plain: isPlain(message) ? message : null,
    })
  }
}
