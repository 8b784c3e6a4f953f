// Every object store of ours: the contents page of this folder. Not for: anything else; app.ts makes them, and
// registry.test.ts holds the list against schemas/content-ref.ts.
import type { StoreDriver } from './driver.ts'
import { fs } from './fs.ts'
import { minio } from './minio.ts'
import { postgres } from './postgres.ts'

export const stores: readonly StoreDriver[] = [fs, minio, postgres]
