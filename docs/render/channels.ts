// The families of topics as a table: address, direction, delivery, payload. The addresses come from schemas/topics.ts,
// built with placeholders for names. Not for: the form of the document that is made of it (asyncapi.ts).
import { z } from 'zod'
import { activityNotification } from '../../schemas/activity.ts'
import { commandReply } from '../../schemas/command.ts'
import { bridgeStatus, missingPayload, receipt, rejection } from '../../schemas/delivery.ts'
import { pauseRequest, pauseState } from '../../schemas/pause.ts'
import { activitySession } from '../../schemas/session.ts'
import { type Topics, topicsUnder } from '../../schemas/topics.ts'

/** A part of an address that varies: what it is, and all its values where they are few. */
export interface Parameter {
  description: string
  enum?: string[]
  examples?: string[]
}

/** One family of topics. */
export interface Channel {
  address: string
  title: string
  description: string
  parameters?: Record<string, Parameter>
  /** What Daybook does with it: take it in, send it out, or both. */
  actions: ('receive' | 'send')[]
  retain: boolean
  /** Absent: a JSON object whose shape is not published yet. */
  payload?: z.ZodType
}

type Change<Family extends 'session' | 'question' | 'memory'> = Parameters<Topics[Family]>[0]

const topics = topicsUnder('daybook')
const producer = { description: 'which bridge, where', examples: ['terminal-laptop', 'home_assistant-home'] }
/** What bridges are told when a broker may have forgotten what it had. */
const resendRequest = z.object({ at: z.number().describe('epoch ms'), reason: z.string() })

const LATER = 'Reserved: nothing is sent or read here yet.'

// A record, so that the compiler finds a change that topics.ts knows and this page does not.
const sessionChanges: Record<Change<'session'>, true> = {
  started: true,
  updated: true,
  completed: true,
  withdrawn: true,
}
const questionChanges: Record<Change<'question'>, true> = { asked: true, closed: true }
const memoryChanges: Record<Change<'memory'>, true> = {
  proposed: true,
  confirmed: true,
  corrected: true,
  superseded: true,
  forgotten: true,
}

export const channels: Readonly<Record<string, Channel>> = {
  activity: {
    address: topics.activity({ source: '{source}', type: '{type}', producer: '{producer}' }),
    title: 'Activities',
    description:
      'Something that happened. Whoever may publish here gets its QoS 1 acknowledgement after the row is committed; live subscribers then get the stored, redacted body. Duplicates, suppressed and rejected messages are acknowledged and not passed on. A retain flag is cleared.',
    parameters: {
      source: { description: 'where it was seen: an open set', examples: ['terminal', 'home_assistant'] },
      type: { description: 'what kind of thing it is: an open set', examples: ['command', 'presence_change'] },
      producer,
    },
    actions: ['receive', 'send'],
    retain: false,
    payload: activityNotification,
  },
  bridgeStatus: {
    address: topics.status('{producer}'),
    title: 'Status of a bridge',
    description: 'Online with its outbox and version, or offline by its will.',
    parameters: { producer },
    actions: ['receive', 'send'],
    retain: true,
    payload: bridgeStatus,
  },
  receipt: {
    address: topics.receipt('{producer}'),
    title: 'Receipts',
    description: 'What of a producer is settled, after each batch that held any of it: its outbox may let that go.',
    parameters: { producer },
    actions: ['send'],
    retain: true,
    payload: receipt,
  },
  rejected: {
    address: topics.rejected('{producer}'),
    title: 'Rejected messages',
    description:
      'A message that could not be stored, with the error code and the reason: it is kept, to be replayed. Or, with the code object_missing, a payload that a stored activity refers to and that is not there.',
    parameters: { producer },
    actions: ['send'],
    retain: false,
    payload: z.union([rejection, missingPayload]),
  },
  session: {
    address: topics.session('{change}' as Change<'session'>),
    title: 'Sessions',
    description: `A session began, changed, ended, or was replaced by another. ${LATER}`,
    parameters: { change: { description: 'what became of it', enum: Object.keys(sessionChanges) } },
    actions: ['send'],
    retain: false,
    payload: activitySession,
  },
  question: {
    address: topics.question('{change}' as Change<'question'>),
    title: 'Questions',
    description: `A question to the person, asked or closed. ${LATER}`,
    parameters: { change: { description: 'what became of it', enum: Object.keys(questionChanges) } },
    actions: ['send'],
    retain: false,
  },
  answer: {
    address: topics.answer,
    title: 'Answers',
    description: `The answer to a question, from anyone who may publish here. ${LATER}`,
    actions: ['receive'],
    retain: false,
  },
  memory: {
    address: topics.memory('{change}' as Change<'memory'>),
    title: 'Memories',
    description: `A memory was proposed, confirmed, corrected, superseded or forgotten. ${LATER}`,
    parameters: { change: { description: 'what became of it', enum: Object.keys(memoryChanges) } },
    actions: ['send'],
    retain: false,
  },
  state: {
    address: topics.state('{name}'),
    title: 'State',
    description:
      'The last value of a few things, when changed. There is `pause` so far: bridges on other devices honour it within two seconds.',
    parameters: { name: { description: 'what it is the value of', examples: ['pause'] } },
    actions: ['send'],
    retain: true,
    payload: pauseState,
  },
  command: {
    address: topics.command('{name}'),
    title: 'Commands',
    description:
      'Things to do, for switches and buttons and for the surfaces; a retained one is passed over. There is `pause` so far: an object as here, or the bare text `30m`, `on` or `off`. Bridges are sent `resend`, which means to send again what has no receipt.',
    parameters: { name: { description: 'what to do', examples: ['pause'] } },
    actions: ['receive', 'send'],
    retain: false,
    payload: z.union([pauseRequest, resendRequest, z.string()]),
  },
  reply: {
    address: topics.reply('{id}'),
    title: 'Replies',
    description: 'What became of a command that gave a `requestId`.',
    parameters: { id: { description: 'the `requestId` that the command gave' } },
    actions: ['send'],
    retain: false,
    payload: commandReply,
  },
  discovery: {
    address: topics.discovery('{device}'),
    title: 'Discovery by Home Assistant',
    description: `One message that makes Daybook a device of Home Assistant, sent again on its birth message. ${LATER}`,
    parameters: { device: { description: 'the id of the device', examples: ['daybook'] } },
    actions: ['send'],
    retain: true,
  },
}
