// The closed table of everything that can go wrong: a code, whose fault it is, what to do about it, one sentence.
// Not for: deciding when an error occurs, which each part does, or wording for one case, which goes into `detail`.

/** Who has to change something: the one who called or published, a system beside us, or Daybook itself. */
export type Blame = 'caller' | 'peer' | 'us'

/** `reject`: the same input will fail again; `retry`: trying again later helps; `stop`: a person must act first. */
export type Remedy = 'reject' | 'retry' | 'stop'

export interface ErrorEntry {
  fault: Blame
  remedy: Remedy
  /** HTTP status when the error leaves through an API. */
  status: number
  sentence: string
}

export const errors = {
  invalid: entry('caller', 'reject', 422, 'A field is missing or has the wrong form; the detail names it.'),
  not_json: entry('caller', 'reject', 400, 'The body is not JSON in UTF-8.'),
  topic_invalid: entry(
    'caller',
    'reject',
    422,
    'The topic is not <prefix>/activity/<source>/<type>/<producer> in lower case.',
  ),
  topic_mismatch: entry(
    'caller',
    'reject',
    422,
    'The body names another source, type or producer than the topic it came on.',
  ),
  clock: entry('caller', 'reject', 422, 'The timestamp is before 2000 (seconds instead of ms?) or over 24 h ahead.'),
  too_large: entry(
    'caller',
    'reject',
    413,
    'Too large: an activity may have 256 KB, a request 1,000 activities and 4 MiB; refer to heavy data.',
  ),
  unauthorized: entry(
    'caller',
    'stop',
    401,
    'No valid credential was given; it is in credentials.json of the data folder.',
  ),
  forbidden: entry('caller', 'stop', 403, 'This credential may not do that.'),
  host_refused: entry('caller', 'stop', 403, 'The Host or Origin header names another site; use the printed URL.'),
  not_found: entry('caller', 'reject', 404, 'There is nothing under this name.'),
  method_refused: entry('caller', 'reject', 405, 'This path does not take that method.'),
  usage: entry('caller', 'reject', 400, 'The command line is not understood; --help shows how.'),
  config_invalid: entry('caller', 'stop', 400, 'The configuration has mistakes; each is listed by its path.'),
  not_installed: entry('caller', 'stop', 404, 'The program whose activity is to be captured was not found here.'),
  not_running: entry('caller', 'stop', 503, 'No Daybook answers here; start one with `npm start`.'),
  already_running: entry('caller', 'stop', 409, 'Another Daybook uses this data folder.'),
  port_taken: entry(
    'caller',
    'stop',
    500,
    'A port is in use by another program; free it, choose another, or 0 for any.',
  ),
  file_unwritable: entry('caller', 'stop', 409, 'A file of yours cannot be read or changed, and was left as it is.'),
  data_unwritable: entry(
    'caller',
    'stop',
    500,
    'The data folder cannot be written; check its owner, rights and free space.',
  ),
  outbox_full: entry('us', 'retry', 507, 'The outbox has reached its quota; it empties when the bus is back.'),
  paused: entry('caller', 'stop', 409, 'Daybook is paused: nothing of the past is brought in meanwhile.'),
  shutting_down: entry('us', 'retry', 503, 'Daybook is stopping; try again in a moment.'),
  database_unavailable: entry(
    'peer',
    'retry',
    503,
    'Postgres cannot be reached; nothing is acknowledged until it is back.',
  ),
  database_conflict: entry('us', 'retry', 503, 'Two transactions met; the batch is tried again.'),
  database_refused: entry('caller', 'reject', 422, 'Postgres refuses this row for good; it is kept as rejected.'),
  database_version: entry('caller', 'stop', 500, 'The data folder belongs to another major version of Postgres.'),
  database_binaries: entry(
    'us',
    'stop',
    500,
    'The Postgres binaries are missing; run `npm install` here, or set database.url.',
  ),
  bus_unavailable: entry(
    'peer',
    'retry',
    503,
    'The broker cannot be reached; the outbox keeps everything until it is back.',
  ),
  broker_refused: entry('peer', 'stop', 502, 'The broker refuses us; check user, password and rights in broker.*.'),
  share_refused: entry(
    'peer',
    'stop',
    502,
    'This broker grants shared subscriptions and delivers nothing on them; set broker.share to false.',
  ),
  user_exists: entry('caller', 'reject', 409, 'There is a user of this name; remove it first, or choose another.'),
  code_invalid: entry(
    'caller',
    'stop',
    401,
    'This code was used, is too old, or is not ours; make a new one with `daybook enroll <name>`.',
  ),
  home_assistant_auth: entry(
    'peer',
    'stop',
    502,
    'Home Assistant refuses the token; make a long-lived one on its profile page.',
  ),
  home_assistant_unreachable: entry('peer', 'retry', 502, 'Home Assistant cannot be reached at the configured URL.'),
  object_missing: entry('peer', 'retry', 404, 'The payload that this reference names is not there (yet).'),
  version_refused: entry('caller', 'reject', 412, 'It is not the version that the If-Match header names.'),
  range_refused: entry('caller', 'reject', 416, 'None of the bytes that the Range header asks for is there.'),
  object_damaged: entry('caller', 'reject', 422, 'The bytes are not those that their name and size promise.'),
  objects_unavailable: entry(
    'peer',
    'retry',
    503,
    'The object store cannot be reached or has its hands full; payloads wait until it takes them.',
  ),
  objects_refused: entry(
    'peer',
    'stop',
    502,
    'The object store refuses us; check bucket, region, keys and rights in objects.*.',
  ),
  frigate_unreachable: entry('peer', 'retry', 502, 'Frigate cannot be reached at the configured URL.'),
  frigate_auth: entry(
    'peer',
    'stop',
    502,
    'Frigate refuses the login; set bridges.frigate.user and password of a viewer.',
  ),
  source_unreachable: entry(
    'peer',
    'retry',
    502,
    'The server that is to be read cannot be reached, or does not answer as one of its kind does.',
  ),
  internal: entry('us', 'retry', 500, 'Something unexpected happened inside Daybook; the log has the details.'),
} as const satisfies Record<string, ErrorEntry>

export type ErrorCode = keyof typeof errors

/** The one error type: a code of the table, a detail for this case, and for field errors the path. */
export class DaybookError extends Error {
  readonly code: ErrorCode
  readonly detail: string
  constructor(code: ErrorCode, detail = '', options?: ErrorOptions) {
    super(detail ? `${errors[code].sentence} ${detail}` : errors[code].sentence, options)
    this.name = 'DaybookError'
    this.code = code
    this.detail = detail
  }
  get remedy(): Remedy {
    return errors[this.code].remedy
  }
}

/** Anything thrown, as one of ours: foreign errors become `internal` and stay attached as the cause. */
export function asDaybookError(thrown: unknown): DaybookError {
  if (thrown instanceof DaybookError) return thrown
  return new DaybookError('internal', thrown instanceof Error ? thrown.message : String(thrown), { cause: thrown })
}

function entry(fault: Blame, remedy: Remedy, status: number, sentence: string): ErrorEntry {
  return { fault, remedy, status, sentence }
}
