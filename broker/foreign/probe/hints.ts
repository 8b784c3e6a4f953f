// What to change at a broker that is not ours, in sentences that name its option. Pure. Not for: measuring it (probe.ts).
import type { ForeignConfig } from '../config.ts'
import type { Findings } from './findings.ts'

/** A sentence each: what it does and what that costs, and what to change. */
export interface Hint {
  detail: string
  fix: string
}

type Brokers = Record<Findings['broker'], string>

/** With fewer, it is the broker that says how fast we store: so many messages for each commit. */
const ENOUGH_WINDOW = 50

const WINDOW: Brokers = {
  mosquitto: 'Set max_inflight_messages 1000 there.',
  emqx: 'Set mqtt.max_inflight = 1000 there.',
  rabbitmq: 'Set mqtt.prefetch = 1000 there.',
  nats: 'Set max_ack_pending: 10000 in its mqtt block.',
  unknown:
    'Raise it there: Mosquitto calls it max_inflight_messages, EMQX max_inflight, HiveMQ server-receive-maximum, RabbitMQ mqtt.prefetch.',
}
/** Not 0, which is to mean "any number": several releases of Mosquitto then drop everything. */
const QUEUE: Brokers = {
  mosquitto: 'Set max_queued_messages 100000 there.',
  emqx: 'Set mqtt.max_mqueue_len = 100000 there.',
  rabbitmq: 'Raise the max-length of its policy.',
  nats: 'Raise the limits of its streams.',
  unknown: 'Raise it there: Mosquitto calls it max_queued_messages, EMQX max_mqueue_len, HiveMQ max-queue-size.',
}

/** None where all is well. `config` is what we ask of it. */
export function hintsOf(findings: Findings, config: Pick<ForeignConfig, 'window' | 'share'>): Hint[] {
  const { broker, window, queue, retained, cleared, shared, dots } = findings
  const narrow = window !== null && window < Math.min(ENOUGH_WINDOW, config.window)
  const all: (Hint | false)[] = [
    narrow && {
      detail: `It sends ${count(window)} and waits until they are stored, so no more than that are stored at once.`,
      fix: WINDOW[broker],
    },
    queue !== null && {
      detail: `While Daybook is away it keeps ${count(queue)}, and drops the rest though it has acknowledged it. Bridges of Daybook send that again; other devices cannot.`,
      fix: QUEUE[broker],
    },
    retained === 'none' && {
      detail: 'It keeps no retained messages, so that states are seen only as they change.',
      fix: 'Allow them there.',
    },
    retained === 'exact' && {
      detail: 'Who subscribes with a wildcard gets no retained messages from it, and sees states only as they change.',
      fix: 'Subscribe to the topics of states one by one.',
    },
    !cleared && {
      detail: 'It does not clear a retained topic by an empty message: what is forgotten stays visible there.',
      fix: 'Remove such messages by its own means.',
    },
    !dots && {
      detail: 'A dot in a topic comes out of it as a slash, and such an activity is rejected.',
      fix: 'Choose names without dots, bridges.producer first.',
    },
    config.share && shared !== 'works' && { detail: SHARED[shared], fix: 'Set broker.share to false.' },
  ]
  return all.filter((hint) => hint !== false)
}

/** Why shared subscriptions cannot be used. */
export const SHARED: Record<Exclude<Findings['shared'], 'works'>, string> = {
  silent: 'It grants shared subscriptions and delivers nothing to them.',
  copies: 'It takes a shared subscription for an ordinary one: everybody gets everything.',
  refused: 'It has no shared subscriptions.',
}

function count(messages: number): string {
  return messages === 1 ? '1 message' : `${messages.toLocaleString('en')} messages`
}
