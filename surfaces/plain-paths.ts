// What is served besides operations, because it is no JSON or needs no token: one row a method and path, for the OpenAPI
// document. Not for: serving it (http/).
import { z } from 'zod'
import { contentRef } from '../schemas/content-ref.ts'
import type { ErrorCode } from '../schemas/errors.ts'
import { ID_FORM } from './http/objects/key.ts'

export interface PlainPath {
  method: 'get' | 'head' | 'put'
  path: string
  operationId: string
  summary: string
  description?: string
  /** What opens it; default: the token. */
  opens?: 'anyone' | 'token or signed link'
  parameters?: readonly { name: string; in: 'path' | 'query' | 'header'; description?: string; schema: z.ZodType }[]
  /** The media type of the body that it takes. */
  takes?: string
  answers: readonly { status: number; description: string; mediaType?: string; schema?: z.ZodType }[]
  /** Besides what every request may answer with. */
  errors?: readonly ErrorCode[]
}

const done = (mediaType: string) => [{ status: 200, description: 'Done', mediaType }]
const sha256 = z.string().regex(/^[0-9a-f]{64}$/)
const anyBytes = '*/*'

const object = {
  path: '/objects/{storage}/{id}',
  opens: 'token or signed link',
  parameters: [
    { name: 'storage', in: 'path', schema: contentRef.shape.storage },
    { name: 'id', in: 'path', description: `${ID_FORM}; percent-encoded`, schema: z.string() },
    { name: 'Range', in: 'header', description: 'one range of bytes; of GET only', schema: z.string() },
    { name: 'If-Match', in: 'header', description: 'an ETag', schema: z.string() },
    { name: 'If-None-Match', in: 'header', schema: z.string() },
    { name: 'If-Range', in: 'header', description: 'an ETag', schema: z.string() },
  ],
  errors: [
    'invalid',
    'forbidden',
    'not_found',
    'object_missing',
    'version_refused',
    'objects_unavailable',
    'database_unavailable',
  ],
} as const satisfies Partial<PlainPath>

export const plainPaths: readonly PlainPath[] = [
  {
    method: 'get',
    path: '/livez',
    operationId: 'livez',
    summary: 'The process lives',
    opens: 'anyone',
    answers: done('application/json'),
  },
  {
    method: 'get',
    path: '/readyz',
    operationId: 'readyz',
    summary: 'Everything that is needed works; 503 says what does not',
    opens: 'anyone',
    answers: [...done('application/json'), { status: 503, description: 'Not ready', mediaType: 'application/json' }],
  },
  {
    method: 'get',
    path: '/metrics',
    operationId: 'metrics',
    summary: 'Figures for Prometheus',
    answers: done('text/plain'),
  },
  {
    method: 'get',
    path: '/stream',
    operationId: 'stream',
    summary:
      'Activities as they arrive, as server-sent events; resumes after Last-Event-ID; filters: source, type, producer. ' +
      'With topic=<MQTT filter> every message of the bus that it meets instead, from now on',
    answers: done('text/event-stream'),
  },
  {
    method: 'get',
    path: '/openapi.json',
    operationId: 'openapijson',
    summary: 'This document',
    answers: done('application/json'),
  },
  {
    ...object,
    method: 'get',
    operationId: 'getObject',
    summary: 'Get the bytes of a payload that an activity refers to',
    description:
      'Only a few media types that run nothing (pictures, video, audio, plain text, JSON) are shown in a browser; all others ' +
      'come as `application/octet-stream` to be saved. `ETag` is the hash of the bytes. Several ranges are ignored. Without a ' +
      'token: the link that `POST /api/v1/objects/link` gives.',
    answers: [
      { status: 200, description: 'The bytes', mediaType: anyBytes },
      { status: 206, description: 'The range that was asked for', mediaType: anyBytes },
      { status: 304, description: 'The caller has it already' },
    ],
    errors: [...object.errors, 'range_refused'],
  },
  {
    ...object,
    method: 'head',
    operationId: 'headObject',
    summary: 'The same without the bytes',
    answers: [
      { status: 200, description: 'What GET would answer' },
      { status: 304, description: 'The caller has it already' },
    ],
  },
  {
    method: 'put',
    path: '/api/v1/objects',
    operationId: 'putObject',
    summary: 'Keep the bytes of a payload and get the reference for an activity',
    description:
      'The body is the payload as it is, with its own Content-Type; its length need not be known. Text loses its secrets ' +
      'before it is kept, so its `id` may differ from the one promised. Sending the same again changes nothing. What no ' +
      'activity refers to is removed after a while.',
    parameters: [
      {
        name: 'name',
        in: 'query',
        description: 'a name for people; or Content-Disposition',
        schema: contentRef.shape.name,
      },
      { name: 'id', in: 'query', description: 'the SHA-256 of the bytes as sent: others are refused', schema: sha256 },
      {
        name: 'Repr-Digest',
        in: 'header',
        description: 'the same as in RFC 9530, or Content-Digest',
        schema: z.string(),
      },
    ],
    takes: anyBytes,
    answers: [{ status: 201, description: 'Kept', mediaType: 'application/json', schema: contentRef }],
    errors: [
      'invalid',
      'too_large',
      'object_damaged',
      'objects_unavailable',
      'objects_refused',
      'database_unavailable',
    ],
  },
]
