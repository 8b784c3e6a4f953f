// The baseline of ingest: the rows that a round of ingest has stored, COPYed by one connection into the same tables, with
// the same indexes and the same trigger, in a second database on the same server. Not for: how ingest itself copies.
import { pipeline } from 'node:stream/promises'
import pg from 'pg'
import { from, to } from 'pg-copy-streams'
import pino from 'pino'
import { wallClock } from '../component.ts'
import { postgresStorage } from '../storage/postgres/postgres.ts'
import type { House } from '../test/house.ts'
import { connection } from './house.ts'

const NAME = 'copy_baseline'

/** A database beside that of the house with the same schema; its URL. */
export async function secondDatabase(cleanup: AsyncDisposableStack, house: House): Promise<string> {
  const { url } = house.credentials.database
  const client = await connection(cleanup, url)
  await client.query(`create database ${NAME}`)
  const second = new URL(url)
  second.pathname = `/${NAME}`
  const storage = postgresStorage({
    url: () => second.href,
    // The account of readers belongs to the server: its password stays what it is.
    readerPassword: house.credentials.secrets.reader,
    space: 'home',
    log: pino({ level: 'silent' }),
    clock: wallClock,
    signal: new AbortController().signal,
  })
  await storage.start()
  await storage.stop()
  return second.href
}

/** The rows of an epoch as COPY text, so many in a piece. */
export async function rowsOf(client: pg.Client, epoch: string, batch: number): Promise<Buffer[]> {
  const source = client.query(
    to(`copy (select * from activities where epoch = ${pg.escapeLiteral(epoch)} order by id) to stdout`),
  )
  const chunks: Buffer[] = []
  for await (const chunk of source) chunks.push(chunk)
  const bytes = Buffer.concat(chunks)
  const pieces: Buffer[] = []
  let begin = 0
  let rows = 0
  for (let at = bytes.indexOf(10); at !== -1; at = bytes.indexOf(10, at + 1)) {
    rows++
    if (rows % batch !== 0 && at + 1 < bytes.length) continue
    pieces.push(bytes.subarray(begin, at + 1))
    begin = at + 1
  }
  return pieces
}

/** Copies the pieces, a transaction each; returns the seconds it took. */
export async function copyAll(client: pg.Client, pieces: readonly Buffer[]): Promise<number> {
  const begin = performance.now()
  for (const piece of pieces) await pipeline([piece], client.query(from('copy activities from stdin')))
  return (performance.now() - begin) / 1_000
}
