// A reference to a payload in an object store: what a message carries instead of the bytes. Not for: the stores, or for
// fetching anything.
import { z } from 'zod'

const SHA256 = /^[0-9a-f]{64}$/
const FRIGATE = /^[0-9]+\.[0-9]+-[a-z0-9]+:(snapshot|thumbnail|clip)$/
const LANGFUSE = /^[A-Za-z0-9_-]{1,128}(:[A-Za-z0-9_-]{1,128})?$/

/** The stores that are ours: everything in them is named by its hash. The others are resolved at their owner. */
export const ownStorages = ['fs', 'minio', 'postgres'] as const

export type OwnStorage = (typeof ownStorages)[number]

/** The form an id has in each store: content-addressed ones are named by the SHA-256 of their bytes. */
const idForm = { fs: SHA256, minio: SHA256, postgres: SHA256, frigate: FRIGATE, langfuse: LANGFUSE } as const

export const contentRef = z
  .object({
    storage: z.enum([...ownStorages, 'langfuse', 'frigate']).describe('the object store that holds it'),
    id: z.string().max(300).describe('64 lower-case hex digits of SHA-256, or the form of that store'),
    size: z.number().int().nonnegative().optional().describe('bytes'),
    mediaType: z.string().max(127).optional().describe('RFC 6838 media type'),
    name: z.string().max(255).optional().describe('a name for people'),
  })
  .refine((ref) => idForm[ref.storage].test(ref.id), { path: ['id'], error: 'does not have the form of this storage' })
  .meta({ id: 'ContentRef', description: 'A reference to a payload in an object store.' })

export type ContentRef = z.infer<typeof contentRef>

export type Storage = ContentRef['storage']

/** True for a store of ours. */
export function isOwn(storage: string): storage is OwnStorage {
  return ownStorages.some((own) => own === storage)
}

/** True if an id has the form of ids in this storage. */
export function isObjectId(storage: Storage, id: string): boolean {
  return idForm[storage].test(id)
}
