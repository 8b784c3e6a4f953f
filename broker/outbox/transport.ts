// What an outbox needs of the world. Not for: an implementation; a Bus is one as it stands, and an MQTT client can be
// wrapped as one where a bridge runs alone.

/** The line to the broker, and through it to the pipeline's receipts. */
export interface OutboxTransport {
  /**
   * Sends in the order of the calls, many at a time. Resolves once the broker has answered for the message, rejects when
   * it was not taken, at once while there is no connection, and when the connection ends before the answer.
   */
  publish(topic: string, payload: string | Buffer, options?: OutboxPublish): Promise<unknown>
  /** Resolves once messages come in, retained ones first; holds through reconnects until the function is called. */
  subscribe(filter: string, listener: (message: { topic: string; payload: Buffer }) => void): Promise<() => void>
  /**
   * Tells of each new connection, after publishing works again. `sessionKept`: the broker has what it had answered for;
   * without that, what it had answered for may be lost too. Absent: the line does not break.
   */
  onConnection?(listener: (about: { sessionKept: boolean }) => void): () => void
}

export interface OutboxPublish {
  qos?: 0 | 1
  retain?: boolean
  /** See PublishOptions of the bus: what the retained topic says once we are gone without a word. */
  will?: string
}
