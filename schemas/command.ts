// A command on the bus and its reply: what anyone may ask of the pipeline, on `command/<name>`, answered on `reply/<id>`
// where the command gives an id. Not for: what a command says besides, which its own schema does.
import { z } from 'zod'

/** What may be in a topic, and is no path in it. */
export const requestId = z.string().regex(/^[A-Za-z0-9_.:-]{1,64}$/)

export const commandReply = z
  .discriminatedUnion('ok', [
    z.object({ ok: z.literal(true), result: z.record(z.string(), z.unknown()) }),
    z.object({
      ok: z.literal(false),
      code: z.string().describe('as in the table of errors'),
      message: z.string(),
    }),
  ])
  .meta({ id: 'CommandReply', description: 'What became of a command.' })

export type CommandReply = z.infer<typeof commandReply>

/** What a command's payload says: JSON, or a bare text as people and switches send it. */
export function readCommand(payload: Buffer): unknown {
  const text = payload.toString('utf8')
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

/** Where the reply is wanted; undefined: nobody waits for one. */
export function replyIdOf(command: unknown): string | undefined {
  return requestId.safeParse(Object(command).requestId).data
}
