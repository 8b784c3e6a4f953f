// The operations as an OpenAPI 3.1 document. Pure: the same list and version give the same document. Not for: serving
// it (http/) or writing it into the reference (docs/).
import { z } from 'zod'
import { type ErrorCode, errors } from '../schemas/errors.ts'
import { type Field, fieldsOf, jsonSchema } from './operations/fields.ts'
import type { Operation } from './operations/operation.ts'
import { type PlainPath, plainPaths } from './plain-paths.ts'

type Json = Record<string, unknown>

const everyError = ['unauthorized', 'host_refused', 'internal'] as const

const problem = z
  .object({
    type: z.string().describe('urn:daybook:error:<code>'),
    title: z.string(),
    status: z.number().int(),
    detail: z.string().describe('names the field and the fix'),
    code: z.enum(Object.keys(errors) as [string, ...string[]]),
  })
  .meta({ id: 'Problem', description: 'An error (RFC 9457).' })

export function openApi(operations: readonly Operation[], version: string): Json {
  const schemas: Record<string, unknown> = {}
  const schemaOf = (schema: z.ZodType): unknown => {
    const { $defs, ...root } = jsonSchema(schema)
    for (const [name, definition] of Object.entries($defs ?? {})) schemas[name] = lifted(definition)
    return lifted(root)
  }
  const problemSchema = schemaOf(problem)
  const paths: Record<string, Json> = {}
  for (const operation of operations) {
    paths[operation.path] = {
      ...paths[operation.path],
      [operation.method.toLowerCase()]: describe(operation, schemaOf, problemSchema),
    }
  }
  for (const plain of plainPaths) {
    paths[plain.path] = { ...paths[plain.path], [plain.method]: describePlain(plain, schemaOf, problemSchema) }
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Daybook',
      version,
      description:
        "A self-hosted event bus and memory for a person's day. Times are epoch ms; the token is in credentials.json.",
    },
    security: [{ bearer: [] }],
    paths,
    components: {
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer' },
        signedLink: {
          type: 'apiKey',
          in: 'query',
          name: 'signature',
          description: 'With `expires` and `type`, as POST /api/v1/objects/link gave them.',
        },
      },
      schemas: Object.fromEntries(Object.entries(schemas).sort(([a], [b]) => (a < b ? -1 : 1))),
    },
  }
}

function describe(operation: Operation, schemaOf: (schema: z.ZodType) => unknown, problemSchema: unknown): Json {
  const { name, summary, description, method, input, output } = operation
  return {
    operationId: name,
    summary,
    ...(description && { description }),
    'x-access': operation.access,
    ...(operation.access === 'anyone' && { security: security.anyone }),
    ...(method === 'POST'
      ? { requestBody: { required: true, content: { 'application/json': { schema: schemaOf(input) } } } }
      : { parameters: fieldsOf(operation).map((field) => parameter(operation, field)) }),
    responses: {
      '200': { description: 'Done', content: { 'application/json': { schema: schemaOf(output) } } },
      ...failures(codesOf(operation), problemSchema),
    },
  }
}

function parameter({ path }: Operation, { name, required, description, schema }: Field): Json {
  const inPath = path.includes(`{${name}}`)
  return {
    name,
    in: inPath ? 'path' : 'query',
    required: inPath || required,
    ...(description && { description }),
    schema,
  }
}

const security = { anyone: [], 'token or signed link': [{ bearer: [] }, { signedLink: [] }] }

function describePlain(plain: PlainPath, schemaOf: (schema: z.ZodType) => unknown, problemSchema: unknown): Json {
  const { operationId, summary, description, opens, parameters, takes, answers, errors: codes = [] } = plain
  const responses = answers.map(({ status, description, mediaType, schema }) => [
    String(status),
    { description, ...(mediaType && { content: { [mediaType]: schema ? { schema: schemaOf(schema) } : {} } }) },
  ])
  return {
    operationId,
    summary,
    ...(description && { description }),
    ...(opens && { security: security[opens] }),
    ...(parameters && {
      parameters: parameters.map(({ schema, ...rest }) => ({
        ...rest,
        required: rest.in === 'path',
        schema: schemaOf(schema),
      })),
    }),
    ...(takes && { requestBody: { required: true, content: { [takes]: {} } } }),
    responses: {
      ...Object.fromEntries(responses),
      ...(opens !== 'anyone' && failures([...everyError, ...codes], problemSchema)),
    },
  }
}

function codesOf({ method, access, judgedLater, errors = [] }: Operation): ErrorCode[] {
  const body = method === 'POST' ? (['not_json', 'too_large'] as const) : []
  const always = everyError.filter((code) => access !== 'anyone' || code !== 'unauthorized')
  const forbidden = access === 'owner' ? (['forbidden'] as const) : []
  return [...always, ...forbidden, ...body, ...(judgedLater ? [] : ['invalid' as const]), ...errors]
}

/** One response a status, with the codes that it may carry. */
function failures(codes: readonly ErrorCode[], schema: unknown): Json {
  const byStatus = Map.groupBy(new Set(codes), (code) => errors[code].status)
  return Object.fromEntries(
    [...byStatus].map(([status, same]) => [
      String(status),
      {
        description: same.map((code) => `${code}: ${errors[code].sentence}`).join('\n\n'),
        content: { 'application/problem+json': { schema } },
      },
    ]),
  )
}

/** References to `$defs` point to the components of the document. */
function lifted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(lifted)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) =>
      key === '$ref' && typeof inner === 'string'
        ? [key, inner.replace('#/$defs/', '#/components/schemas/')]
        : [key, lifted(inner)],
    ),
  )
}
