// What the refusals of an S3 server and of the way to it mean, in words that name the setting to change. Not for:
// deciding how often something is tried (tries.ts).
import { asDaybookError, DaybookError } from '../../../schemas/errors.ts'

/** What one try failed with, which is the cause, and the status of the last answer, if there was one. */
export class TryFailed extends Error {
  readonly status: number | undefined
  constructor(cause: unknown, status: number | undefined) {
    super('one try at the S3 server failed', { cause })
    this.status = status
  }
}

/** The payload itself could not be read; the cause is what it threw. No fault of the server. */
export class UnreadablePayload extends Error {
  constructor(cause: unknown) {
    super('the payload cannot be read', { cause })
  }
}

/** What one failed try means; `error` is for the caller. */
export interface Verdict {
  error: unknown
  /** True if trying again soon may help. */
  again: boolean
  /** True if the next caller would fare no better: nobody answers, or wants to be left alone. */
  away: boolean
}

/** S3 error codes that no waiting mends, and what does. */
const remedies: Record<string, string> = {
  SignatureDoesNotMatch: 'check objects.minio.secretKey',
  InvalidAccessKeyId: 'check objects.minio.accessKey',
  XAdminUserNotFound: 'check objects.minio.accessKey',
  AccessDenied: 'check objects.minio.accessKey and secretKey, and their rights in objects.minio.bucket',
  AllAccessDisabled: 'check the rights in objects.minio.bucket',
  AccountProblem: 'the provider has closed the account',
  RequestTimeTooSkewed: 'set the clock of this machine or of the server',
  AuthorizationHeaderMalformed: 'check objects.minio.region',
  IllegalLocationConstraintException: 'check objects.minio.region',
  InvalidLocationConstraint: 'check objects.minio.region',
  PermanentRedirect: 'check objects.minio.region and endpoint: the bucket is elsewhere',
  MovedPermanently: 'check objects.minio.region and endpoint: the bucket is elsewhere',
  TemporaryRedirect: 'check objects.minio.region and endpoint: the bucket is elsewhere',
  NoSuchBucket: 'check objects.minio.bucket, or allow objects.minio.createBucket',
  InvalidBucketName: 'check objects.minio.bucket',
  TooManyBuckets: 'make objects.minio.bucket yourself',
  EntityTooLarge: 'raise the size limit of the server or of a proxy before it',
  MethodNotAllowed: 'check objects.minio.endpoint: is it the S3 API?',
  NotImplemented: 'check objects.minio.endpoint: is it the S3 API?',
}
/** S3 error codes of a moment, whatever the status. The hashes are checked before a body's end: it broke on its way. */
const momentary = new Set([
  ...['SlowDown', 'InternalError', 'ServiceUnavailable', 'RequestTimeout', 'OperationAborted', 'IncompleteBody'],
  ...['XAmzContentSHA256Mismatch', 'BadDigest', 'XMinioServerNotInitialized'],
])
const missingCodes = new Set(['NoSuchKey', 'NotFound'])
/** Error codes of Node and OpenSSL for a way that leads to the wrong place. */
const untrusted = /^(EPROTO|ERR_TLS_|ERR_SSL_|CERT_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_)/
const trust = 'check http or https in objects.minio.endpoint, or name its authority in NODE_EXTRA_CA_CERTS'
const network = /^(E[A-Z_]+|HPE_[A-Z_]+|ERR_STREAM_PREMATURE_CLOSE|ABORT_ERR)$/

/** `failure`: what Wire.attempt rejects with; `place`: the endpoint, for people. */
export function verdictOf(failure: unknown, place: string): Verdict {
  const { cause: thrown, status } = failure instanceof TryFailed ? failure : { cause: failure, status: undefined }
  if (thrown instanceof UnreadablePayload) return final(thrown.cause)
  if (thrown instanceof DaybookError)
    return { error: thrown, again: thrown.code === 'objects_unavailable', away: status === undefined }
  const code = codeOf(thrown)
  const answer = `${place} answers ${[status, code].filter(Boolean).join(' ')}`
  const missing = () => new DaybookError('object_missing', `${answer}.`, { cause: thrown })
  const refused = (why: string) => new DaybookError('objects_refused', why, { cause: thrown })
  const unavailable = (why: string) => new DaybookError('objects_unavailable', why, { cause: thrown })

  if (missingCodes.has(code)) return final(missing())
  const remedy = remedies[code]
  if (remedy) return final(refused(`${answer}: ${remedy}.`))
  if (untrusted.test(code)) return final(refused(`${place} is not trusted (${code}): ${trust}.`))
  if (status !== undefined && (momentary.has(code) || isMomentary(status)))
    return { error: unavailable(`${answer}.`), again: true, away: [429, 502, 503, 504].includes(status) }
  if (network.test(code)) return { error: unavailable(`${place}: ${code}.`), again: true, away: true }
  // Without a code of S3 it may be a web server that knows nothing of it, or a port that wants TLS.
  if (status !== undefined && status >= 300) return final(refused(`${answer}: check objects.minio.endpoint.`))
  // Such as "200 OK" with an error or something unreadable in its body.
  if (status !== undefined) return { error: unavailable(`${answer}, unreadable.`), again: true, away: false }
  return final(asDaybookError(thrown))
}

/** True if it says that the bucket is not there. */
export function isNoBucket(error: unknown): boolean {
  return error instanceof DaybookError && codeOf(error.cause) === 'NoSuchBucket'
}

/** The code of an error of S3 or Node, or ''. The client throws some answers as they came, in S3's own spelling. */
export function codeOf(thrown: unknown): string {
  if (typeof thrown !== 'object' || thrown === null) return ''
  const { code, Code } = thrown as { code?: unknown; Code?: unknown }
  return [code, Code].flat().find((text) => typeof text === 'string') ?? ''
}

function isMomentary(status: number): boolean {
  return [408, 429, 499].includes(status) || (status >= 500 && status !== 501)
}

/** Nothing to try again, and the server is there. */
function final(error: unknown): Verdict {
  return { error, again: false, away: false }
}
