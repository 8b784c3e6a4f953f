// Heartbeats in a file, read piece by piece whatever its size: WakaTime's data dump ({days: [{heartbeats: [...]}]}), an
// answer of its API ({data: [...]}), a bare list, or a CSV with a line of names as Wakapi's script writes it
// (scripts/download_heartbeats.py). Not for: what a heartbeat holds (heartbeat.ts).
import { createReadStream, type ReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import { JSONParser } from '@streamparser/json'
import { parse } from 'csv-parse'
import { DaybookError } from '../../schemas/errors.ts'

/** Rejects with `not_found` or `invalid`. */
export async function* heartbeatsInFile(path: string, most: number, signal: AbortSignal): AsyncGenerator<unknown[]> {
  const head = (await headOf(path)).trimStart()
  const stream = createReadStream(path, { signal })
  const rows = head.startsWith('{') || head.startsWith('[') ? inJson(stream, head.startsWith('[')) : inCsv(stream)
  let batch: unknown[] = []
  try {
    for await (const some of rows) {
      batch.push(...some)
      if (batch.length < most) continue
      yield batch
      batch = []
    }
  } catch (error) {
    if (signal.aborted) return
    if (batch.length > 0) yield batch
    throw new DaybookError('invalid', `from: ${path} is no export of heartbeats: ${(error as Error).message}`)
  } finally {
    stream.destroy()
  }
  if (batch.length > 0) yield batch
}

async function headOf(path: string): Promise<string> {
  try {
    await using file = await open(path)
    const { buffer, bytesRead } = await file.read(Buffer.alloc(64), 0, 64, 0)
    return buffer
      .subarray(0, bytesRead)
      .toString('utf8')
      .replace(/^\uFEFF/, '')
  } catch (error) {
    throw new DaybookError('not_found', `from: ${(error as Error).message}`)
  }
}

async function* inJson(stream: ReadStream, isList: boolean): AsyncGenerator<unknown[]> {
  const paths = isList ? ['$.*'] : ['$.days.*.heartbeats.*', '$.data.*', '$.heartbeats.*']
  const parser = new JSONParser({ paths, keepStack: false })
  let found: unknown[] = []
  parser.onValue = ({ value }) => {
    found.push(value)
  }
  for await (const chunk of stream) {
    parser.write(chunk as Buffer)
    yield found
    found = []
  }
  if (!parser.isEnded) throw new Error('it ends in the middle')
}

async function* inCsv(stream: ReadStream): AsyncGenerator<unknown[]> {
  const rows = stream.pipe(parse({ columns: true, bom: true, skip_empty_lines: true, relax_column_count: true }))
  stream.on('error', (error) => rows.destroy(error))
  for await (const row of rows) {
    if (!('entity' in row && 'time' in row)) throw new Error('its first line names no entity and time')
    yield [withNumbers(row)]
  }
}

/** A CSV has texts only. */
function withNumbers(row: Record<string, string>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(row).map(([key, value]) => [
      key,
      /^\d{1,15}$/.test(value) && key !== 'entity' ? Number(value) : value,
    ]),
  )
}
