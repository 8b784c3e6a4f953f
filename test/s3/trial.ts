// The contract's trial of the `minio` store on a server: a bucket for itself, a look inside by listing, a line that can
// be cut, keys that are wrong. Not for: any one server.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { resolve } from 'node:path'
import { Client } from 'minio'
import { pino } from 'pino'
import { wallClock } from '../../component.ts'
import { endpointOf, type MinioConfig, minioConfig } from '../../storage/objects/minio/config.ts'
import { type Limits, minioStore } from '../../storage/objects/minio.ts'
import type { StoreOnTrial } from '../../storage/objects/object-store.contract.ts'
import type { ObjectStore } from '../../storage/objects/object-store.ts'
import { proxyTo } from '../home-assistant/proxy.ts'
import type { S3Server } from './seaweedfs.ts'

/** Short of patience, long enough for a busy machine. */
export const hasty: Limits = {
  connectMs: 2_000,
  silenceMs: 10_000,
  wholeMs: 30_000,
  askMs: 1_000,
  tries: 3,
  triesMs: 30_000,
  pauseMs: 20,
  restMs: 20,
  longestRestMs: 50,
}

export function storeAt(config: MinioConfig, limits: Limits = hasty): ObjectStore {
  return minioStore(config, { clock: wallClock, log: pino({ level: 'silent' }) }, limits)
}

/** A bucket of its own at a server. */
export function sectionFor(server: S3Server, more: Partial<MinioConfig> = {}): MinioConfig {
  const bucket = `daybook-${process.pid}-${Math.random().toString(36).slice(2, 10)}`
  const { endpoint, accessKey, secretKey } = server
  return minioConfig.parse({ endpoint, accessKey, secretKey, bucket, ...more })
}

export async function storeOnTrial(server: S3Server): Promise<StoreOnTrial> {
  const config = sectionFor(server)
  const bucket = bucketOf(config)
  let store = storeAt(config)
  await store.open()

  const trial: StoreOnTrial = {
    store,
    async inside() {
      const names = await bucket.names()
      const isObject = (name: string) => /^[0-9a-f]{2}\/[0-9a-f]{64}$/.test(name)
      return {
        objects: names
          .filter(isObject)
          .map((name) => name.slice(3))
          .sort(), // prettier
        leftovers: [...names.filter((name) => !isObject(name)), ...(await bucket.unfinished())],
      }
    },
    async end() {
      await store.close()
      await bucket.remove()
    },
    async away() {
      const line = await proxyTo(endpointOf(server.endpoint).port)
      line.cut()
      const elsewhere = sectionFor({ ...server, endpoint: `http://127.0.0.1:${line.port}` })
      const cut = storeAt(elsewhere)
      return {
        store: cut,
        async back() {
          line.mend()
          await wallClock.sleep(hasty.longestRestMs)
        },
        async end() {
          await cut.close()
          await line.close()
          await bucketOf({ ...elsewhere, endpoint: server.endpoint }).remove()
        },
      }
    },
    async refused() {
      const section = sectionFor(server)
      const [wrong, right] = [storeAt({ ...section, secretKey: 'not-the-secret-key' }), storeAt(section)]
      let now = wrong
      return {
        store: facade(() => now),
        says: /objects\.minio\.(accessKey and )?secretKey/,
        async mend() {
          now = right
        },
        async end() {
          await Promise.all([wrong.close(), right.close()])
          await bucketOf(section).remove()
        },
      }
    },
    async killMidway() {
      const program = resolve(import.meta.dirname, 'slow-put.ts')
      const child = spawn(process.execPath, [program, JSON.stringify(config)], { stdio: ['ignore', 'pipe', 'inherit'] })
      await once(child.stdout, 'data')
      child.kill('SIGKILL')
      await once(child, 'exit')
      await store.close()
      store = storeAt(config)
      await store.open()
    },
  }
  return trial
}

/** A bucket as its server lists it. */
export function bucketOf(config: MinioConfig) {
  const { host, port, tls } = endpointOf(config.endpoint ?? '')
  const { accessKey = '', secretKey = '', bucket, region } = config
  const client = new Client({ endPoint: host, port, useSSL: tls, accessKey, secretKey, region })
  const exists = () => client.bucketExists(bucket)

  async function names(): Promise<string[]> {
    if (!(await exists())) return []
    const found: string[] = []
    for await (const { name } of client.listObjectsV2(bucket, '', true)) if (name) found.push(name)
    return found
  }
  return {
    client,
    names,
    async unfinished(): Promise<string[]> {
      if (!(await exists())) return []
      const found: string[] = []
      for await (const { key } of client.listIncompleteUploads(bucket, '', true)) found.push(`${key} (unfinished)`)
      return found
    },
    async remove(): Promise<void> {
      if (!(await exists())) return
      for (const name of await names()) await client.removeObject(bucket, name)
      await client.removeBucket(bucket)
    },
  }
}

/** A store that is another one later on, as after a restart with other settings. */
function facade(store: () => ObjectStore): ObjectStore {
  return {
    storage: 'minio',
    put: (payload) => store().put(payload),
    get: (id, range) => store().get(id, range),
    has: (id) => store().has(id),
    delete: (id) => store().delete(id),
    check: () => store().check(),
    open: () => store().open(),
    close: () => store().close(),
  }
}
