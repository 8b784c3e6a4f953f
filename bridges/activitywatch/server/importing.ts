// POST /api/0/import: an export becomes buckets and events, as it arrives. Not for: what an export looks like
// (export-file.ts), or which events are known already (../store/).
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import Busboy from '@fastify/busboy'
import { DaybookError } from '../../../schemas/errors.ts'
import type { Bucket, Draft } from '../store/buckets.ts'
import { type Answer, isAnswer, json, message, page } from './answers.ts'
import { isForm, isJson, readPieces } from './bodies.ts'
import { NO_BUCKETS, readExport } from './export-file.ts'
import type { AwAppOptions } from './serving.ts'
import { importedBucketOf, importedOf } from './wire.ts'

interface Tally {
  inserted: number
  known: number
  refused: number
  /** Why, for the first one. */
  reason?: string
}

/** Imports the body, JSON or a form with files of it. What was read before it turned out to be broken stays. */
export async function importBody(request: Request, options: AwAppOptions): Promise<Answer> {
  const tally: Tally = { inserted: 0, known: 0, refused: 0 }
  const take = (pieces: AsyncIterable<Uint8Array>) => importPieces(pieces, options, tally)
  if (isForm(request)) await eachFile(request, take)
  else if (isJson(request)) await take(readPieces(request))
  else throw message(415, 'An import is application/json, or multipart/form-data with a file.')
  options.log.info({ ...tally }, 'ActivityWatch buckets were imported')
  if (tally.refused === 0) return json(null)
  const { inserted, known, refused, reason } = tally
  return message(400, `${inserted} events were imported, ${known} were known, ${refused} are none: ${reason}`)
}

async function importPieces(pieces: AsyncIterable<Uint8Array>, options: AwAppOptions, tally: Tally): Promise<void> {
  const { buckets, admit, clock } = options
  const asOf = buckets.cursor()
  try {
    for await (const { key, bucket, events } of readExport(pieces)) {
      const given = importedBucketOf(key, bucket)
      const about: Bucket = { name: null, data: {}, created: clock.now() * 1000, ...given }
      const drafts: Draft[] = []
      for (const event of events) {
        try {
          const draft = admit(about, importedOf(event, clock.now() * 1000))
          if (draft) drafts.push(draft)
        } catch (error) {
          if (!isAnswer(error)) throw error
          tally.refused += 1
          tally.reason ??= JSON.stringify(event).slice(0, 200)
        }
      }
      const { inserted, known } = await buckets.import(given, drafts, asOf)
      tally.inserted += inserted
      tally.known += known
    }
  } catch (error) {
    if (!(error instanceof DaybookError) || !['not_json', 'invalid'].includes(error.code)) throw error
    // As aw-server fails on it.
    throw error.detail === NO_BUCKETS ? page(500, error.message) : message(400, error.message)
  }
}

/** Each file of a form, one after the other, whatever its field is called. */
async function eachFile(request: Request, take: (pieces: AsyncIterable<Uint8Array>) => Promise<void>): Promise<void> {
  const form = formOf(request)
  let files = Promise.resolve()
  let count = 0
  form.on('file', (_field, file) => {
    count += 1
    files = files
      .then(() => take(file))
      .catch((error) => {
        file.resume()
        throw error
      })
    // Whoever awaits it hears of it, though that may be later.
    files.catch(() => {})
  })
  try {
    await pipeline(Readable.from(readPieces(request)), form)
  } catch (error) {
    await files
    if (isAnswer(error)) throw error
    throw message(400, `This is no form: ${(error as Error).message}`)
  }
  await files
  if (count === 0) throw page(500, 'There is no file in the form.')
}

function formOf(request: Request) {
  const headers = { 'content-type': request.headers.get('content-type') ?? '' }
  try {
    return new Busboy.Busboy({ headers, limits: { fileSize: Number.POSITIVE_INFINITY } })
  } catch (error) {
    throw message(400, `This is no form: ${(error as Error).message}`)
  }
}
