// Users as everyone names them. Not for: their secrets, which nobody but the user has (users.ts at the root keeps hashes).
import { z } from 'zod'
import { CODE_PREFIX } from './enrolment-code.ts'

/** A name that fits into a file of passwords, a command line and a URL as it is, and that no code can be taken for. */
export const userName = z
  .string()
  .regex(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}$/, {
    error: 'must be letters, digits, _ . - (at most 64, no . - in front)',
  })
  .refine((name) => !name.startsWith(CODE_PREFIX), { error: `must not begin with ${CODE_PREFIX}, as codes do` })

export const user = z
  .object({
    name: z.string(),
    owner: z.boolean().describe('the first user: the only one that manages users and enrols devices'),
    createdAt: z.number().int().optional().describe('epoch ms; absent for the owner'),
  })
  .meta({ id: 'User', description: 'Who may use this house.' })

export type User = z.infer<typeof user>
