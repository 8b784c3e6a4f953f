// The storage over a test's database, silent and with the true clock. Not for: the database (postgres.ts).
import pino from 'pino'
import { wallClock } from '../component.ts'
import { postgresStorage } from '../storage/postgres/postgres.ts'
import type { Storage } from '../storage/storage.ts'

/** Started; its test stops it. */
export async function storageOn(url: string): Promise<Storage> {
  const storage = postgresStorage({
    url: () => url,
    readerPassword: 'reader-password',
    space: 'home',
    log: pino({ level: 'silent' }),
    clock: wallClock,
    signal: new AbortController().signal,
  })
  await storage.start()
  return storage
}
