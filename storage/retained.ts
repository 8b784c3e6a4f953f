// The last value of each retained topic, kept through restarts for the embedded broker. Not for: events.

/** One topic and its last value. */
export interface RetainedMessage {
  topic: string
  /** Empty: the topic is cleared. */
  payload: Buffer
  qos: 0 | 1 | 2
}

/** Errors as in ActivityStore. */
export interface Retained {
  load(): Promise<RetainedMessage[]>
  /** Keeps a batch in one transaction; the last of a topic wins. */
  keep(messages: readonly RetainedMessage[]): Promise<void>
}
