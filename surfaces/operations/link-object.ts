// Operation: a link that shows one object for a while without a token, for an <img> or a notification. Not for: serving
// the object (http/objects/).
import { z } from 'zod'
import { contentRef, isObjectId } from '../../schemas/content-ref.ts'
import { LINK_MOST } from '../http/links.ts'
import { servedType } from '../http/objects/disposition.ts'
import { ID_FORM } from '../http/objects/key.ts'
import { defineOperation } from './operation.ts'

const LINK_USUAL = 600

export const linkObject = defineOperation({
  name: 'linkObject',
  summary: 'Make a link to a payload that opens without the token, for a while',
  description:
    'For what cannot send a header: an `<img>`, a notification. The link names the object, the media type it is served as and its end, ' +
    'opens nothing else, and ends earlier with a restart or when no activity refers to the object any more.',
  method: 'POST',
  path: '/api/v1/objects/link',
  access: 'read',
  input: z
    .strictObject({
      storage: contentRef.shape.storage,
      id: contentRef.shape.id.describe(ID_FORM),
      seconds: z
        .number()
        .int()
        .min(1)
        .max(LINK_MOST)
        .default(LINK_USUAL)
        .describe(`how long it opens, at most ${LINK_MOST}`),
    })
    .refine(({ storage, id }) => isObjectId(storage, id), {
      path: ['id'],
      error: 'does not have the form of this storage',
    }),
  output: z.object({
    url: z.string().describe('with the host that this request went to'),
    path: z.string().describe('the same without the host, for whoever knows another name of it'),
    expiresAt: z.number().int().describe('epoch ms'),
  }),
  errors: ['not_found', 'object_missing', 'objects_unavailable', 'database_unavailable'],
  async run({ objects, links, clock }, { storage, id, seconds }, origin) {
    const { mediaType } = await objects.open({ storage, id })
    const expiresAt = clock.now() + seconds * 1_000
    const path = links.sign({ storage, id }, servedType(mediaType), expiresAt)
    return { url: origin + path, path, expiresAt }
  },
})
