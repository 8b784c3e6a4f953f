// Where payloads are kept: is there room in the folder, does the S3 server answer and let us write. Not for: what is in
// it, or for Postgres, which is looked at anyway.
import { join, resolve } from 'node:path'
import pino from 'pino'
import { wallClock } from '../../component.ts'
import { asDaybookError, errors } from '../../schemas/errors.ts'
import { stores } from '../../storage/objects/registry.ts'
import type { CliConfig } from '../cli/verb.ts'
import { checkEndpoint } from './endpoint.ts'
import { type Finding, fail, ok, type Verdict } from './finding.ts'
import { checkHttp } from './http.ts'
import { checkFolder } from './machine.ts'

const about = 'objects'

export async function checkObjects(config: CliConfig, now: number): Promise<Finding[]> {
  const { driver } = config.objects
  const section = (config.objects[driver] ?? {}) as { folder?: string; endpoint?: string }
  if (driver === 'fs') {
    const folder = section.folder ? resolve(section.folder) : join(config.data, 'objects')
    return [{ about, layer: 'disk', ...(await checkFolder(folder)) }]
  }
  const { endpoint } = section
  if (driver === 'postgres' || endpoint === undefined) return []
  return checkEndpoint(about, new URL(endpoint), now, [
    ['http', async () => (await checkHttp(endpoint)).verdict],
    ['auth', () => checkStore(config)],
  ])
}

/** Has the store write and remove something of no meaning, as the house would. */
async function checkStore({ data, space, objects: { driver, ...sections } }: CliConfig): Promise<Verdict> {
  const kind = stores.find(({ storage }) => storage === driver)
  if (!kind)
    return fail(`there is no ${driver}`, `Set objects.driver to one of ${stores.map(({ storage }) => storage)}.`)
  const log = pino({ level: 'silent' })
  const pool = () => {
    throw new Error('not used')
  }
  try {
    const store = kind.create(kind.config.parse(sections[driver] ?? {}), { data, space, log, clock: wallClock, pool })
    try {
      await store.check()
      return ok('it keeps what we write, and lets us remove it')
    } finally {
      await store.close()
    }
  } catch (error) {
    const { code, detail } = asDaybookError(error)
    return fail(detail, errors[code].sentence)
  }
}
