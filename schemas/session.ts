// ActivitySession: a stretch of activities that belong together, with a guessed intent. Not for: how one is found,
// which the pipeline does.
import { z } from 'zod'

export const sessionStatuses = ['active', 'paused', 'completed', 'abandoned'] as const

export const activitySession = z
  .object({
    id: z.string(),
    startTime: z.number().int().describe('epoch ms'),
    endTime: z.number().int().optional().describe('epoch ms'),
    activityIds: z.array(z.string()),
    guessedIntent: z.string(),
    confidence: z.number().min(0).max(1),
    validatedIntent: z.string().optional(),
    relatedGoal: z.string().optional(),
    tags: z.array(z.string()),
    status: z.enum(sessionStatuses),
    needsValidation: z.boolean(),
    validatedAt: z.number().int().optional().describe('epoch ms'),
  })
  .meta({ id: 'ActivitySession', description: 'Activities that belong together, and what they were probably for.' })

export type ActivitySession = z.infer<typeof activitySession>
