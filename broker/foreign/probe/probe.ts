// Measures a broker that is not ours, as our sessions will meet it. Not for: what follows from it (hints.ts).
import { setTimeout as sleep } from 'node:timers/promises'
import { DaybookError } from '../../../schemas/errors.ts'
import type { Connection } from '../connection/connection.ts'
import type { Findings } from './findings.ts'
import { Scratch, type ScratchOptions } from './scratch.ts'

export interface ProbeOptions extends ScratchOptions {
  /** How many messages window and queue are tried with: as far as they are measured. */
  messages?: number
}

/**
 * Takes seconds, and leaves nothing behind. Rejects as `connect` does, with `broker_refused` where we may not do what we
 * will have to, and with `bus_unavailable` if the line breaks meanwhile.
 */
export async function probeBroker({ messages = MESSAGES, ...options }: ProbeOptions): Promise<Findings> {
  const scratch = new Scratch(options)
  try {
    const speaker = await scratch.connection('speaker')
    const { version } = speaker
    const limits = await measureLimits(scratch, speaker, messages)
    const [retained, shared, dots, told] = await Promise.all([
      measureRetained(scratch, speaker),
      measureShared(scratch, speaker),
      measureDots(scratch, speaker),
      whoItIs(scratch),
    ])
    return { version, broker: told ?? whoItSeems(version, shared, dots), ...limits, ...retained, shared, dots }
  } finally {
    await scratch.leave()
  }
}

/** Only whether a shared subscription of sessions that are kept delivers: that it is granted says nothing. */
export async function probeShared(options: ScratchOptions): Promise<Findings['shared']> {
  const scratch = new Scratch(options)
  try {
    return await measureShared(scratch, await scratch.connection('speaker'))
  } finally {
    await scratch.leave()
  }
}

const MESSAGES = 2_000
const AT_ONCE = 200
const SHARED_MESSAGES = 10
const COPIES_MS = 200

/** One listens and acknowledges nothing, one is away, while more is sent than a stock broker keeps. */
async function measureLimits(scratch: Scratch, speaker: Connection, messages: number) {
  const topic = scratch.topic('many')
  const [mute, away] = [await scratch.session('mute', { acknowledges: false }), await scratch.session('away')]
  for (const session of [mute, away]) await session.subscribe(topic)
  await away.leave()
  const atOnce = Math.min(AT_ONCE, speaker.limits.window)
  for (let sent = 0; sent < messages; sent += atOnce) {
    const some = Array.from({ length: Math.min(atOnce, messages - sent) }, (_, i) => String(sent + i))
    await Promise.all(some.map((payload) => speaker.publish(topic, payload)))
  }
  const window = await scratch.quiet(() => mute.received.length, messages)
  if (window === 0)
    throw new DaybookError('broker_refused', `Nothing comes through ${topic}; let us read and write there.`)
  await mute.remove()
  await away.comeBack()
  const queue = await scratch.quiet(() => away.received.length, messages)
  await away.remove()
  return { window: window < messages ? window : null, queue: queue < messages ? queue : null }
}

async function measureRetained(scratch: Scratch, speaker: Connection): Promise<Pick<Findings, 'retained' | 'cleared'>> {
  if (!speaker.limits.retain) return { retained: 'none', cleared: true }
  const topic = scratch.topic('retained/one')
  await scratch.retain(speaker, topic, 'kept')
  const [exact, wild] = await Promise.all([isSeen('exact', topic), isSeen('wild', scratch.topic('retained/+'))])
  await scratch.retain(speaker, topic, '')
  const cleared = !(await isSeen('cleared', topic))
  return { retained: wild ? 'kept' : exact ? 'exact' : 'none', cleared }

  async function isSeen(name: string, filter: string): Promise<boolean> {
    const session = await scratch.session(name)
    await session.subscribe(filter)
    const count = await scratch.quiet(() => session.received.length, 1)
    await session.remove()
    return count > 0
  }
}

async function measureShared(scratch: Scratch, speaker: Connection): Promise<Findings['shared']> {
  if (!speaker.limits.shared) return 'refused'
  const topic = scratch.topic('shared')
  const sessions = [await scratch.session('one'), await scratch.session('other')]
  try {
    for (const session of sessions) await session.subscribe(`$share/probe/${topic}`)
  } catch (error) {
    if (error instanceof DaybookError && error.code === 'broker_refused') return 'refused'
    throw error
  }
  for (let i = 0; i < SHARED_MESSAGES; i++) await speaker.publish(topic, String(i))
  const different = () => sessions.map(({ received }) => new Set(received.map(({ payload }) => String(payload))).size)
  const sum = () => different().reduce((total, count) => total + count, 0)
  const delivered = await scratch.quiet(sum, SHARED_MESSAGES)
  // Copies come to the other at about the same time.
  if (delivered > 0) await sleep(COPIES_MS)
  const total = sum()
  for (const session of sessions) await session.remove()
  if (total === 0) return 'silent'
  return total > SHARED_MESSAGES ? 'copies' : 'works'
}

async function measureDots(scratch: Scratch, speaker: Connection): Promise<boolean> {
  const session = await scratch.session('dots')
  await session.subscribe(scratch.topic('dots/#'))
  const topic = scratch.topic('dots/with.dot')
  await speaker.publish(topic, 'dot')
  await scratch.quiet(() => session.received.length, 1)
  await session.remove()
  return session.received.some((message) => message.topic === topic)
}

const TELLING = ['$SYS/broker/version', '$SYS/brokers']

/** What it says of itself on topics of its own; not every broker has them, or shows them to us. */
async function whoItIs(scratch: Scratch): Promise<Findings['broker'] | undefined> {
  const session = await scratch.session('who')
  for (const topic of TELLING) await session.subscribe(topic, 0).catch(() => {})
  await scratch.quiet(() => session.received.length, 1)
  await session.remove()
  const told = session.received[0]
  if (told?.topic === TELLING[1]) return 'emqx'
  return told && /mosquitto/i.test(String(told.payload)) ? 'mosquitto' : undefined
}

/** By what one broker alone does: RabbitMQ's dots are slashes; NATS grants a share and delivers none of it. */
function whoItSeems(version: 4 | 5, shared: Findings['shared'], dots: boolean): Findings['broker'] {
  if (!dots) return 'rabbitmq'
  return shared === 'silent' && version === 4 ? 'nats' : 'unknown'
}
