// Has a command done: it goes over the bus like anyone's, and the reply comes back there. Not for: doing it (pipeline/).
import { commandReply, readCommand } from '../../schemas/command.ts'
import { DaybookError, type ErrorCode, errors } from '../../schemas/errors.ts'
import type { House } from './operation.ts'

const WAIT_MS = 15_000

/** What came of it; throws what the command was refused with, and `bus_unavailable` when nobody replies in time. */
export async function command(
  { bus, topics, ids, clock }: House,
  name: string,
  body: Record<string, unknown>,
  waitMs = WAIT_MS,
): Promise<Record<string, unknown>> {
  const requestId = ids.random()
  const late = new AbortController()
  const answered = Promise.withResolvers<unknown>()
  const unsubscribe = await bus.subscribe(topics.reply(requestId), ({ payload }) =>
    answered.resolve(readCommand(payload)),
  )
  try {
    await bus.publish(topics.command(name), JSON.stringify({ ...body, requestId }))
    const silence = clock.sleep(waitMs, late.signal).then(() => undefined)
    const reply = commandReply.safeParse(await Promise.race([answered.promise, silence])).data
    if (!reply) throw new DaybookError('bus_unavailable', `Nobody replied to the command ${name}.`)
    if (reply.ok) return reply.result
    const code = reply.code in errors ? (reply.code as ErrorCode) : 'internal'
    throw new DaybookError(code, reply.message.replace(errors[code].sentence, '').trim())
  } finally {
    late.abort()
    unsubscribe()
  }
}
