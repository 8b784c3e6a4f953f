// Every topic on the bus, built and parsed here and nowhere else. Not for: what the messages hold, which the other
// schemas say, or who may use a topic, which broker/access.ts decides.
import { z } from 'zod'
import { DaybookError } from './errors.ts'

const WORD = /^[a-z0-9][a-z0-9_.-]{0,63}$/
const PRODUCER = /^[A-Za-z0-9][A-Za-z0-9_.:@-]{0,127}$/

/** First part of every topic of ours, as settings, recordings and replays name it. */
export const topicPrefix = z
  .string()
  .regex(/^[a-z0-9_-]+(\/[a-z0-9_-]+)*$/, { error: 'lower case words, no slash at the ends' })

export interface ActivityAddress {
  source: string
  type: string
  producer: string
}

export type Topics = ReturnType<typeof topicsUnder>

/** True for what may stand as source or type in a topic: lower case, digits, `_`, `-`, `.`, at most 64. */
export function isTopicWord(word: string): boolean {
  return WORD.test(word)
}

/** True for what may name a producer: letters, digits, `_ - . : @`, at most 128. */
export function isProducer(name: string): boolean {
  return PRODUCER.test(name)
}

/** What the house alone says, and everyone else believes: the first word after the prefix. */
const HOUSE_ONLY = ['state', 'receipt', 'rejected', 'reply', 'session', 'question', 'memory']

/** All topics under one prefix (`daybook` unless configured). */
export function topicsUnder(prefix: string) {
  const depth = prefix.split('/').length
  const activities = `${prefix}/activity/`
  const bridges = `${prefix}/bridge/`
  const houseOnly = new Set(HOUSE_ONLY.map((first) => `${prefix}/${first}`))
  const isHouseOnly = (topic: string) => houseOnly.has(topic.split('/', depth + 1).join('/'))
  return {
    prefix,
    /** Filter for everything of ours. */
    all: `${prefix}/#`,
    /** Filter for every activity. */
    activities: `${prefix}/activity/#`,
    /** Filter for every bridge's retained status. */
    statuses: `${prefix}/bridge/+/status`,
    activity: ({ source, type, producer }: ActivityAddress) => `${activities}${source}/${type}/${producer}`,
    /** True for every topic that means to be an activity's, well-formed or not. */
    isActivity: (topic: string) => topic.startsWith(activities) || topic === `${prefix}/activity`,
    /** True for what only the house may say: states, receipts, rejections, replies, sessions, questions, memories. */
    isHouseOnly,
    /** The three names in an activity topic; throws `topic_invalid`. */
    parseActivity(topic: string): ActivityAddress {
      if (isHouseOnly(topic)) throw new DaybookError('topic_invalid', `only Daybook says "${topic.slice(0, 200)}"`)
      const [source = '', type = '', producer = '', ...rest] = topic.slice(activities.length).split('/')
      if (!topic.startsWith(activities) || rest.length > 0 || !WORD.test(source) || !WORD.test(type)) {
        throw new DaybookError('topic_invalid', `got "${topic.slice(0, 200)}"`)
      }
      if (!PRODUCER.test(producer)) throw new DaybookError('topic_invalid', `the producer "${producer.slice(0, 140)}"`)
      return { source, type, producer }
    },
    /** Who a message may be from, as far as its topic tells: also for topics that `parseActivity` refuses. */
    senderOf(topic: string): { source: string; producer: string } {
      const [source, , producer] = topic.startsWith(activities) ? topic.slice(activities.length).split('/') : []
      return { source: source?.slice(0, 64) || 'unknown', producer: producer?.slice(0, 128) || 'unknown' }
    },
    session: (change: 'started' | 'updated' | 'completed' | 'withdrawn') => `${prefix}/session/${change}`,
    question: (change: 'asked' | 'closed') => `${prefix}/question/${change}`,
    answer: `${prefix}/answer`,
    memory: (change: 'proposed' | 'confirmed' | 'corrected' | 'superseded' | 'forgotten') =>
      `${prefix}/memory/${change}`,
    state: (name: string) => `${prefix}/state/${name}`,
    command: (name: string) => `${prefix}/command/${name}`,
    /** Where a broker is tried out: beside our topics, so that nobody who watches those sees it. */
    probe: (name: string) => `${prefix}-probe/${name}`,
    reply: (id: string) => `${prefix}/reply/${id}`,
    status: (producer: string) => `${prefix}/bridge/${producer}/status`,
    /** The producer of a status topic, or null for any other topic. */
    statusProducer(topic: string): string | null {
      if (!topic.startsWith(bridges) || !topic.endsWith('/status')) return null
      const producer = topic.slice(bridges.length, -'/status'.length)
      return PRODUCER.test(producer) ? producer : null
    },
    receipt: (producer: string) => `${prefix}/receipt/${producer}`,
    rejected: (producer: string) => `${prefix}/rejected/${producer}`,
    /** Home Assistant's device discovery, which lies outside our prefix. */
    discovery: (device: string) => `homeassistant/device/${device}/config`,
  }
}
