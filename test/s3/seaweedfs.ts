// A SeaweedFS that a test has for itself, as an S3 server on loopback: it can be killed and started again on its data.
// Not for: installing it, or what is put there.
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { freePort } from '../home-assistant/proxy.ts'

export interface S3Server {
  endpoint: string
  accessKey: string
  secretKey: string
}

export interface SeaweedFs extends S3Server, AsyncDisposable {
  /** Of the running process. */
  readonly pid: number | undefined
  /** SIGKILL. */
  kill(): Promise<void>
  start(): Promise<void>
}

export interface SeaweedFsOptions {
  /** The text of an s3.json; the first of its identities is the one that is told. */
  identities?: string
  /** Instead of the usual ones. What names a place or a port is left out: the test decides that. */
  flags?: readonly string[]
}

const READY_MS = 60_000
const PARTS = ['s3', 'master', 'volume', 'filer'] as const

const ACTIONS = ['Admin', 'Read', 'Write', 'List', 'Tagging']
const CREDENTIALS = [{ accessKey: 'daybookaccess', secretKey: 'daybooksecret123' }]
const IDENTITIES = JSON.stringify({ identities: [{ name: 'daybook', credentials: CREDENTIALS, actions: ACTIONS }] })
/** A bucket that is not there must be refused; small volumes, as many as fit on the disk; quick to start and to stop. */
const FLAGS = [
  ...['-filer', '-s3', '-s3.port.iceberg=0', '-s3.port.lance=0', '-s3.autoCreateBucket=false', '-s3.iam=false'],
  ...['-master.electionTimeout=1s', '-volume.preStopSeconds=0', '-master.telemetry=false'],
  ...['-master.volumeSizeLimitMB=256', '-volume.max=0'],
]
const OURS = /^-(dir|ip|ip\.bind|s3\.ip\.bind|s3\.port|s3\.config|logtostderr)=/

export async function newSeaweedFs(
  weed: string,
  { identities = IDENTITIES, flags = FLAGS }: SeaweedFsOptions = {},
): Promise<SeaweedFs> {
  const folder = await mkdtemp(join(tmpdir(), 'daybook-s3-'))
  const ports = Object.fromEntries(await Promise.all(PARTS.map(async (part) => [part, await freePair()] as const)))
  await writeFile(join(folder, 's3.json'), identities)
  const { accessKey, secretKey } = JSON.parse(identities).identities[0].credentials[0] as (typeof CREDENTIALS)[0]
  const endpoint = `http://127.0.0.1:${ports.s3}`
  let child: ChildProcess | undefined
  let said = ''

  async function start(): Promise<void> {
    // Names relative to its folder: the path of a socket may have 107 characters.
    child = spawn(weed, words(folder, ports, flags), { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] })
    child.stderr?.on('data', (text: Buffer) => {
      said = (said + text).slice(-4000)
    })
    const until = Date.now() + READY_MS
    // Ready is an S3 answer to somebody unknown, not an open port.
    while ((await fetch(endpoint).catch(() => null))?.status !== 403) {
      if (Date.now() > until || child.exitCode !== null) throw new Error(`SeaweedFS does not start:\n${said}`)
      await setTimeout(50)
    }
  }

  async function kill(): Promise<void> {
    if (!child || child.exitCode !== null || child.signalCode !== null) return
    const gone = new Promise((resolve) => child?.once('exit', resolve))
    child.kill('SIGKILL')
    await gone
  }

  const server: SeaweedFs = {
    endpoint,
    accessKey,
    secretKey,
    get pid() {
      return child?.pid
    },
    kill,
    start,
    async [Symbol.asyncDispose]() {
      await kill()
      // It leaves these, named by its internal ports, in the folder for temporary files.
      for (const part of PARTS) {
        const name = `seaweedfs-${part}-grpc-${Number(ports[part]) + 10_000}.sock`
        await rm(join('/tmp', name), { force: true })
      }
      await rm(folder, { recursive: true, force: true })
    },
  }
  try {
    await start()
  } catch (error) {
    await server[Symbol.asyncDispose]()
    throw error
  }
  return server
}

function words(folder: string, ports: Record<string, number | undefined>, flags: readonly string[]): string[] {
  const places = [`-dir=${folder}`, '-ip=127.0.0.1', '-ip.bind=127.0.0.1', '-s3.config=s3.json']
  const sockets = ['-filer.localSocket=filer.sock', '-s3.localSocket=s3.sock']
  const parts = PARTS.map((part) => `-${part}.port=${ports[part]}`)
  const given = flags.filter((flag) => !OURS.test(flag))
  return ['-logtostderr=true', 'server', ...given, ...places, ...sockets, ...parts]
}

/** A free port whose neighbour 10,000 above, which SeaweedFS takes for itself, is a port at all. */
async function freePair(): Promise<number> {
  for (;;) {
    const port = await freePort()
    if (port + 10_000 <= 65_535) return port
  }
}
