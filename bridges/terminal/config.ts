// The configuration of the terminal bridge, which `daybook connect terminal` fills. Not for: applying it.
import { isAbsolute } from 'node:path'
import { z } from 'zod'

const path = z.string().refine(isAbsolute, { error: 'an absolute path' })

export const terminalConfig = z.strictObject({
  spool: path
    .optional()
    .describe(
      'the folder that the hooks write into, `/home/ada/.local/state/daybook/terminal`; without it: imports only',
    ),
  ignore: z
    .strictObject({
      commands: z
        .array(z.string().min(1))
        .default([])
        .describe(
          'patterns as in a shell, of whole lines: `*--password*`; a line that begins with a space never enters',
        ),
      directories: z
        .array(z.string().min(1))
        .default([])
        .describe('folders, with all below them; patterns as in a shell, absolute'),
    })
    .prefault({}),
  histories: z
    .array(path)
    .default([])
    .describe('what `daybook import terminal` reads without `--from`: histories of shells, the database of Atuin'),
})

export type TerminalConfig = z.infer<typeof terminalConfig>
