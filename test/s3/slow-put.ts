// A process that is in the middle of a put, and says so: `node slow-put.ts <section of objects.minio as JSON>`. Not for:
// coming to an end; its test kills it.
import { hash, randomBytes } from 'node:crypto'
import { pino } from 'pino'
import { wallClock } from '../../component.ts'
import { minioConfig } from '../../storage/objects/minio/config.ts'
import { minioStore } from '../../storage/objects/minio.ts'

const bytes = randomBytes(8 * 1024 * 1024)
const store = minioStore(minioConfig.parse(JSON.parse(process.argv[2] ?? '{}')), {
  clock: wallClock,
  log: pino({ level: 'silent' }),
})
await store.put({
  id: hash('sha256', bytes),
  size: bytes.length,
  async *open() {
    yield bytes.subarray(0, bytes.length / 2)
    yield bytes.subarray(bytes.length / 2, -1)
    console.log('midway')
    await new Promise((resolve) => setTimeout(resolve, 600_000))
  },
})
