// The secrets of a first start, made once and kept in the data folder for its owner's eyes only. Not for: users and
// tokens beyond the first, or secrets of other systems, which the configuration names.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import type { Ids } from './component.ts'
import { writePrivately } from './private-file.ts'
import { DaybookError } from './schemas/errors.ts'

const schema = z.object({
  http: z.object({ token: z.string().min(16) }),
  mqtt: z.object({ username: z.string(), password: z.string().min(8) }),
  database: z.object({ url: z.string(), readonlyUrl: z.string().nullable() }),
  /** Of the embedded Postgres, its reader, and the keyed hashes of forgotten ids. */
  secrets: z.object({ database: z.string(), reader: z.string(), hash: z.string() }),
})

export type Credentials = z.infer<typeof schema>

/** Where they are: printed at the first start, read by the CLI. */
export function credentialsFile(data: string): string {
  return join(data, 'credentials.json')
}

/** Reads them, or makes and keeps them; the database's URL is empty until the first start has gone through. Throws `data_unwritable` and `config_invalid`. */
export function loadCredentials(data: string, ids: Ids): Credentials {
  const file = credentialsFile(data)
  if (existsSync(file)) {
    try {
      return schema.parse(JSON.parse(readFileSync(file, 'utf8')))
    } catch (error) {
      const remedy = 'Restore it from a backup, or move it away and the next start makes new ones.'
      throw new DaybookError('config_invalid', `${file} cannot be read. ${remedy}`, { cause: error })
    }
  }
  const credentials: Credentials = {
    http: { token: ids.random() },
    mqtt: { username: 'daybook', password: ids.random() },
    database: { url: '', readonlyUrl: null },
    secrets: { database: ids.random(), reader: ids.random(), hash: ids.random() },
  }
  saveCredentials(data, credentials)
  return credentials
}

/** Replaces the file as a whole, 0600 from its first byte. */
export function saveCredentials(data: string, credentials: Credentials): void {
  writePrivately(credentialsFile(data), credentials)
}
