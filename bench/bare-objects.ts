// The barest ways to keep and read bytes with the promise that a store gives: still there after a power cut once it has
// answered. What stores are measured against. Not for: hashing, checking, trying again, which are what stores do.
import { mkdir, open, readFile, rename } from 'node:fs/promises'
import { join } from 'node:path'
import type pg from 'pg'

export interface Bare {
  put(name: string, bytes: Buffer): Promise<void>
  get(name: string): Promise<Buffer>
}

/** A file written under another name, synced, renamed into a folder that is there, and that synced. */
export async function bareFolder(within: string): Promise<Bare> {
  const folder = join(within, 'bare')
  const unfinished = join(within, 'bare-unfinished')
  await mkdir(folder)
  await mkdir(unfinished)
  return {
    async put(name, bytes) {
      const half = join(unfinished, name)
      const file = await open(half, 'wx', 0o600)
      await file.write(bytes)
      await file.datasync()
      await file.close()
      await rename(half, join(folder, name))
      const entries = await open(folder, 'r')
      await entries.sync()
      await entries.close()
    },
    get: (name) => readFile(join(folder, name)),
  }
}

/** A row in a transaction of its own. */
export async function bareTable(pool: pg.Pool): Promise<Bare> {
  await pool.query('create table bare_objects (name text primary key, bytes bytea not null)')
  await pool.query('alter table bare_objects alter bytes set storage external')
  return {
    async put(name, bytes) {
      await pool.query({ name: 'bare-put', text: 'insert into bare_objects values ($1, $2)', values: [name, bytes] })
    },
    async get(name) {
      const text = 'select bytes from bare_objects where name = $1'
      const { rows } = await pool.query({ name: 'bare-get', text, values: [name] })
      return rows[0].bytes
    },
  }
}

/** The npm client's own putObject and getObject. */
export async function bareServer(server: {
  endpoint: string
  accessKey: string
  secretKey: string
  bucket: string
}): Promise<Bare> {
  const { Client } = await import('minio')
  const { hostname, port, protocol } = new URL(server.endpoint)
  const { accessKey, secretKey, bucket } = server
  const useSSL = protocol === 'https:'
  const client = new Client({
    endPoint: hostname,
    port: Number(port) || (useSSL ? 443 : 80),
    useSSL,
    accessKey,
    secretKey,
    region: 'us-east-1',
  })
  if (!(await client.bucketExists(bucket))) await client.makeBucket(bucket)
  return {
    async put(name, bytes) {
      await client.putObject(bucket, name, bytes, bytes.length)
    },
    async get(name) {
      return Buffer.concat(await (await client.getObject(bucket, name)).toArray())
    },
  }
}
