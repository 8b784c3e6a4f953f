// Where an S3 server is and as whom we go there: the section `objects.minio`. Not for: speaking to it.
import { z } from 'zod'

const flag = z.union([z.boolean(), z.enum(['true', 'false']).transform((text) => text === 'true')])
const KEYS = ['endpoint', 'accessKey', 'secretKey'] as const

/** The section; without endpoint and keys there is no such store, and what needs one says so. */
export const minioConfig = z
  .strictObject({
    endpoint: z
      .url({ protocol: /^https?$/, error: 'must be a URL such as https://s3.example.org:9000' })
      .optional()
      .describe('URL of the server: scheme, host, port'),
    accessKey: z.string().min(1).optional().describe('name of the key'),
    secretKey: z.string().min(1).optional().describe('the key itself; better not in this file, but in the environment'),
    bucket: z
      .string()
      .regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, { error: '3 to 63 lower-case letters, digits, dots, hyphens' })
      .default('daybook')
      .describe('the bucket that holds the payloads'),
    region: z.string().min(1).default('us-east-1').describe('as the server is configured; part of every signature'),
    pathStyle: flag.default(true).describe('false: the bucket is part of the host name, as some providers want it'),
    createBucket: flag.default(true).describe('make the bucket when it is not there'),
    prefix: z
      .string()
      .regex(/^[A-Za-z0-9_-]+(\/[A-Za-z0-9_-]+)*$/, { error: 'words of letters, digits, _ and -, with / between' })
      .optional()
      .describe('a folder inside the bucket, for a bucket that others use too'),
  })
  .superRefine((section, { addIssue }) => {
    const wrong = section.endpoint === undefined ? null : wrongEndpoint(section.endpoint)
    if (wrong) addIssue({ code: 'custom', path: ['endpoint'], message: wrong })
    const absent = KEYS.filter((key) => section[key] === undefined)
    if (absent.length === KEYS.length) return
    for (const key of absent) addIssue({ code: 'custom', path: [key], message: 'is needed too' })
  })

export type MinioConfig = z.infer<typeof minioConfig>

/** An endpoint in the parts that the client wants. */
export interface Endpoint {
  /** A name or an address; IPv6 without brackets. */
  host: string
  port: number
  tls: boolean
}

export function endpointOf(url: string): Endpoint {
  const { hostname, port, protocol } = new URL(url)
  const tls = protocol === 'https:'
  return { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port) || (tls ? 443 : 80), tls }
}

function wrongEndpoint(text: string): string | null {
  const url = URL.parse(text)
  if (!url) return null
  if (url.username || url.password) return 'takes no user and password: those are accessKey and secretKey'
  if (url.pathname !== '/') return 'takes no path: S3 signatures do not survive one; see prefix and bucket'
  if (url.search || url.hash) return 'takes scheme, host and port only'
  return null
}
