// Opens the bucket store: buckets.ts says what it promises. Not for: the SQL (file.ts), events (writes.ts, reads.ts), or
// how many writes share a sync (group.ts).
import { DaybookError } from '../../../schemas/errors.ts'
import type { Bucket, Buckets, BucketsOptions, NewBucket } from './buckets.ts'
import { openBucketsFile } from './file.ts'
import { createLedger } from './ledger.ts'
import * as limits from './limits.ts'
import { readsOf } from './reads.ts'
import { bucketOf, writesOf } from './writes.ts'

/** Opens the file or makes it. Throws `already_running` or `data_unwritable`. */
export function openBuckets(file: string, options: BucketsOptions): Buckets {
  const { clock } = options
  const opened = openBucketsFile(file, clock)
  const ledger = createLedger(opened, options)
  const { statements, known, knownOf, run } = ledger

  function ensure(given: NewBucket) {
    const bucket = bucketOf(given, clock.now() * 1000)
    const data = checked(bucket)
    return () => {
      if (!known().has(bucket.id)) {
        if (known().size >= limits.MOST_BUCKETS) {
          throw new DaybookError('too_large', `There are ${known().size} buckets; delete some.`)
        }
        ledger.addBucket(bucket, data)
      }
      return knownOf(bucket.id)
    }
  }

  return {
    setAside: opened.setAside,
    observe: ledger.observe,
    ...readsOf(ledger),
    ...writesOf(ledger, ensure),

    async create(given) {
      const bucket = ensure(given)
      return run(() => {
        if (known().has(given.id)) return false
        bucket()
        return true
      })
    },
    async update(id, changed) {
      checked({ ...knownOf(id).bucket, ...changed })
      return run(() => {
        const found = knownOf(id)
        const bucket = { ...found.bucket, ...changed }
        const { type, client, hostname, name, data } = bucket
        statements.keepBucket.run(type, client, hostname, name, JSON.stringify(data), found.key)
        found.bucket = bucket
        return bucket
      })
    },
    delete: (id) =>
      run(() => {
        ledger.writeLonger()
        ledger.dropBucket(knownOf(id))
      }),
    async setSetting(key, value) {
      limits.checkKey(key)
      const text = limits.textOf(value)
      await run(() => {
        const { n } = statements.countSettings.get() as { n: number }
        if (value !== null && n >= limits.MOST_SETTINGS && !statements.setting.get(key)) {
          throw new DaybookError('too_large', `There are ${n} settings.`)
        }
        if (value === null) statements.removeSetting.run(key)
        else statements.setSetting.run(key, text)
      })
    },
    async close() {
      ledger.close()
    },
  }
}

/** JSON of its data. Throws for what no bucket may be. */
function checked({ id, type, client, hostname, name, data }: Bucket): string {
  limits.checkId(id)
  for (const [field, text] of Object.entries({ type, client, hostname, name })) limits.checkField(field, text)
  return limits.textOf(data)
}
