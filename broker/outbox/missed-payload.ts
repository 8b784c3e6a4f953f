// Reads which payload the pipeline misses, so that it is uploaded once more if it is still here. Pure. Not for: other
// reasons to reject.
import { missingPayload } from '../../schemas/delivery.ts'

/** Its id, from a message on the topic of what is rejected; undefined if that says something else. */
export function missedPayload(payload: Buffer): string | undefined {
  if (!payload.includes('object_missing')) return undefined
  try {
    return missingPayload.safeParse(JSON.parse(payload.toString())).data?.objectId
  } catch {
    // No JSON: not from the pipeline.
    return undefined
  }
}
