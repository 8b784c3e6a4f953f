// Sources that know no outbox and hold on to what they have until they are told that it is stored: one that posts over
// HTTP, and a plain MQTT client, QoS 1. Not for: the bridge that stands alone (bridge.ts).
import { setTimeout as sleep } from 'node:timers/promises'
import mqtt from 'mqtt'
import { topicsUnder } from '../../schemas/topics.ts'
import { type Journal, openJournal, produced } from './journal.ts'

/** A source while it runs. */
export interface Source extends AsyncDisposable {
  readonly producer: string
  readonly journal: Journal
  /** Produced and not acknowledged. */
  readonly waiting: number
  /** New events, or none but those that wait. */
  going(on: boolean): void
  /** What is not acknowledged as it must be, in words. */
  readonly complaints: string[]
}

/** Where the house is now, and as whom one goes there. */
export interface Door {
  url: string
  token: string
}

interface Answer {
  stored: number
  duplicates: number
  rejected: unknown[]
}

const POST_EACH_MS = 100
const POSTED_AT_ONCE = 5
const PUBLISH_EACH_MS = 50
const AGAIN_MS = 100
const PATIENCE_MS = 10_000

/** Posts arrays of activities, one after the other, each until it is answered. */
export function httpSource(producer: string, file: string, door: () => Door): Source {
  const journal = openJournal(file)
  const complaints: string[] = []
  const end = new AbortController()
  let isGoing = false
  let waiting = 0

  async function post(body: string): Promise<Answer | null> {
    const { url, token } = door()
    const signal = AbortSignal.any([end.signal, AbortSignal.timeout(PATIENCE_MS)])
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
    const response = await fetch(new URL('api/v1/activities', url), { method: 'POST', body, headers, signal })
    return response.ok ? ((await response.json()) as Answer) : null
  }

  async function run(): Promise<void> {
    while (!end.signal.aborted) {
      await sleep(POST_EACH_MS)
      if (!isGoing) continue
      const lines = journal.write(
        Array.from({ length: POSTED_AT_ONCE }, () => ({ at: Date.now(), payload: 0, data: 0 })),
      )
      waiting = lines.length
      const body = JSON.stringify(lines.map((line) => ({ ...produced(producer, line).notification, producer })))
      let answer: Answer | null = null
      while (!answer && !end.signal.aborted) {
        answer = await post(body).catch(() => null)
        if (!answer) await sleep(AGAIN_MS)
      }
      if (answer && answer.stored + answer.duplicates !== lines.length) complaints.push(JSON.stringify(answer))
      waiting = 0
    }
  }
  const running = run()
  return {
    producer,
    journal,
    complaints,
    get waiting() {
      return waiting
    },
    going(on) {
      isGoing = on
    },
    async [Symbol.asyncDispose]() {
      end.abort()
      await running
      journal.close()
    },
  }
}

/** Publishes as any device would; the acknowledgement of the embedded broker says that it is stored. */
export function mqttSource(producer: string, file: string, broker: string): Source {
  const journal = openJournal(file)
  const client = mqtt.connect(broker, { clientId: producer, clean: true, reconnectPeriod: 100, connectTimeout: 3_000 })
  client.on('error', () => {})
  const topic = topicsUnder('daybook').activity({ source: 'terminal', type: 'command', producer })
  let isGoing = false
  let waiting = 0
  const timer = setInterval(() => {
    if (!isGoing) return
    for (const line of journal.write([{ at: Date.now(), payload: 0, data: 0 }])) {
      waiting++
      client.publish(topic, JSON.stringify(produced(producer, line).notification), { qos: 1 }, () => waiting--)
    }
  }, PUBLISH_EACH_MS)
  return {
    producer,
    journal,
    complaints: [],
    get waiting() {
      return waiting
    },
    going(on) {
      isGoing = on
    },
    async [Symbol.asyncDispose]() {
      clearInterval(timer)
      await client.endAsync(true)
      journal.close()
    },
  }
}
