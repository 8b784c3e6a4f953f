// What kept sessions are owed while they are away, bounded: a subscriber that never comes back must not use up the memory
// of the house. Not for: subscribers that are here and lag, whose sockets sessions.ts watches.
export interface BacklogLimits {
  /** Of one session. */
  backlogBytes: number
  /** Of all sessions together. */
  backlogBytesInAll: number
}

/** The part of Aedes' persistence through which every message for a kept session comes and goes. */
export interface Queues {
  outgoingEnqueue(subscription: Owed, packet: Packet): Promise<void>
  outgoingEnqueueCombi(subscriptions: Owed[], packet: Packet): Promise<void>
  /** Resolves with what was taken out, if anything was. */
  outgoingClearMessageId(client: { id: string }, packet: object): Promise<object | undefined>
}

interface Owed {
  clientId: string
}

interface Packet {
  payload: Buffer
}

/** The least that a message counts for: it costs memory however small it is. */
const LEAST_SIZE = 256

export interface BacklogParts {
  queues: Queues
  limits: BacklogLimits
  /** True while the session has its client. */
  isHere(clientId: string): boolean
  /** Told the session that something was left out of. */
  missed(clientId: string): void
}

/**
 * From now on what finds no room is left out. While a client takes what it is owed, as much again has room, so that what
 * is new meanwhile comes after it; Aedes ends the connection of one that reads and never acknowledges.
 */
export function boundBacklogs({ queues, limits, isHere, missed }: BacklogParts): void {
  const held = new Map<string, { messages: number; bytes: number }>()
  let inAll = 0

  function add(clientId: string, { payload }: Packet): boolean {
    const size = Math.max(payload.length, LEAST_SIZE)
    const mine = held.get(clientId) ?? { messages: 0, bytes: 0 }
    const here = isHere(clientId)
    if (mine.bytes + size > limits.backlogBytes * (here ? 2 : 1)) return false
    if (!here && inAll + size > limits.backlogBytesInAll) return false
    held.set(clientId, { messages: mine.messages + 1, bytes: mine.bytes + size })
    inAll += size
    return true
  }

  /** What leaves counts as the average of what is there: a QoS 2 message has lost its payload by then. */
  function remove(clientId: string): void {
    const mine = held.get(clientId)
    if (!mine) return
    const size = mine.bytes / mine.messages
    inAll -= size
    if (mine.messages === 1) held.delete(clientId)
    else held.set(clientId, { messages: mine.messages - 1, bytes: mine.bytes - size })
  }

  const enqueue = queues.outgoingEnqueueCombi.bind(queues)
  queues.outgoingEnqueueCombi = async (subscriptions, packet) => {
    const fitting = subscriptions.filter(({ clientId }) => {
      const fits = add(clientId, packet)
      if (!fits) missed(clientId)
      return fits
    })
    // A copy: the payload is a window on everything that was read along with it.
    if (fitting.length > 0) await enqueue(fitting, { ...packet, payload: Buffer.from(packet.payload) })
  }
  queues.outgoingEnqueue = (subscription, packet) => queues.outgoingEnqueueCombi([subscription], packet)

  const clear = queues.outgoingClearMessageId.bind(queues)
  queues.outgoingClearMessageId = async (client, packet) => {
    const cleared = await clear(client, packet)
    if (cleared) remove(client.id)
    return cleared
  }
}
