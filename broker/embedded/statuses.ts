// Bridges' statuses as they are loaded at start, when nobody is connected yet. Not for: statuses that come in.
import type { Topics } from '../../schemas/topics.ts'
import type { RetainedMessage } from './keeping.ts'

/** A status that says online was kept by a process that could not publish the will: it is offline now. */
export function offlineAtStart(topics: Topics, message: RetainedMessage): RetainedMessage {
  if (topics.statusProducer(message.topic) === null) return message
  try {
    const status = JSON.parse(message.payload.toString())
    if (status?.online !== true) return message
    return { ...message, payload: Buffer.from(JSON.stringify({ ...status, online: false })) }
  } catch {
    return message
  }
}
