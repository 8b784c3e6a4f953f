// Takes commands from the bus, has them done, and replies. One after the other for each name, so that the last word
// counts; one that comes twice over two lines is done once. Not for: what a command does, which its handler says.
import type { Bus, Message } from '../broker/bus.ts'
import type { Component, Logger } from '../component.ts'
import { type CommandReply, readCommand, replyIdOf } from '../schemas/command.ts'
import { asDaybookError } from '../schemas/errors.ts'
import type { Topics } from '../schemas/topics.ts'

/** Does what a command says, and tells what came of it; throws DaybookError. */
export type CommandHandler = (command: unknown) => Promise<Record<string, unknown>>

export interface CommandsOptions {
  bus: Bus
  topics: Topics
  /** By name, as in the topic. */
  handlers: Readonly<Record<string, CommandHandler>>
  log: Logger
}

/** Ids that are remembered, so that what comes again is known. */
const KNOWN = 1_000
/** A command is a few words; what is larger is none. */
const MOST_BYTES = 64 * 1024
/** Commands of one name that wait at most. */
const WAITING = 1_000

export function createCommands({ bus, topics, handlers, log }: CommandsOptions): Component {
  const known = new Set<string>()
  const counts = { done: 0, refused: 0 }
  let unsubscribe: (() => void)[] = []
  /** The last of each name. */
  const lasts = new Map<string, Promise<void>>()

  async function handle(name: string, handler: CommandHandler, command: unknown): Promise<void> {
    const id = replyIdOf(command)
    const reply = await outcomeOf(name, handler, command)
    if (id === undefined) return
    await bus
      .publish(topics.reply(id), JSON.stringify(reply))
      .catch((error) => log.debug({ name, reason: error.message }, 'a reply was not sent'))
  }

  async function outcomeOf(name: string, handler: CommandHandler, command: unknown): Promise<CommandReply> {
    try {
      const result = await handler(command)
      counts.done++
      return { ok: true, result }
    } catch (thrown) {
      const { code, message } = asDaybookError(thrown)
      counts.refused++
      log.warn({ command: name, code, reason: message }, 'a command was refused')
      return { ok: false, code, message }
    }
  }

  function isNew(command: unknown): boolean {
    const id = replyIdOf(command)
    if (id === undefined) return true
    if (known.has(id)) return false
    known.add(id)
    for (const oldest of known) {
      if (known.size <= KNOWN) break
      known.delete(oldest)
    }
    return true
  }

  async function listen(name: string, handler: CommandHandler): Promise<void> {
    let waiting = 0
    const hear = ({ payload, retain }: Message) => {
      // A retained command would be done again at each start.
      if (retain || payload.length === 0 || payload.length > MOST_BYTES || waiting >= WAITING) return
      const command = readCommand(payload)
      if (!isNew(command)) return
      waiting++
      const before = lasts.get(name) ?? Promise.resolve()
      const done = before.then(() => handle(name, handler, command)).finally(() => waiting--)
      lasts.set(name, done)
    }
    unsubscribe.push(await bus.subscribe(topics.command(name), hear))
  }

  return {
    name: 'commands',
    async start() {
      for (const [name, handler] of Object.entries(handlers)) await listen(name, handler)
    },
    async stop() {
      for (const end of unsubscribe) end()
      unsubscribe = []
      await Promise.all(lasts.values())
    },
    health: () => ({ state: 'ok', figures: { ...counts } }),
  }
}
