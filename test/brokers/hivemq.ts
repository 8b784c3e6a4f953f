// HiveMQ Community Edition, the broker of MQTT 5 among those that can be had anywhere: its libraries come from Maven, once.
// Not for: testing anything.
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { freePort } from '../home-assistant/proxy.ts'
import { newServer, type TestBroker } from './server.ts'

const VERSION = '2025.5'
const FETCH_MS = 600_000
const SOURCES = join(import.meta.dirname, 'hivemq')
/** What its libraries reach for in Java itself. */
const OPENED = ['java.base/java.lang', 'java.base/java.nio', 'java.base/sun.nio.ch']

export interface HiveMqOptions {
  /** What stands in the `mqtt` element of config.xml. */
  mqtt?: string
}

export type Installed = { libraries: string } | { missing: string }

/** Where its libraries are, or why there are none. */
export async function installHiveMq(): Promise<Installed> {
  const libraries = resolve(import.meta.dirname, '../../node_modules/.cache', `hivemq-${VERSION}`)
  if (existsSync(libraries)) return { libraries }
  const fetching = `${libraries}.${process.pid}`
  try {
    await mkdir(fetching, { recursive: true })
    const pom = ['-f', join(SOURCES, 'pom.xml'), `-DoutputDirectory=${fetching}`]
    await promisify(execFile)('mvn', ['-q', '-B', ...pom, 'dependency:copy-dependencies'], { timeout: FETCH_MS })
    if (!existsSync(libraries)) await rename(fetching, libraries)
    return { libraries }
  } catch (error) {
    if (existsSync(libraries)) return { libraries }
    const absent = (error as NodeJS.ErrnoException).code === 'ENOENT'
    const why = absent ? 'it needs Maven and a JDK of 17 or later' : (error as Error).message.slice(0, 500)
    return { missing: `HiveMQ ${VERSION} could not be fetched: ${why}` }
  } finally {
    await rm(fetching, { recursive: true, force: true })
  }
}

/** Started: MQTT 3.1.1 and 5, for everybody. */
export async function startHiveMq(libraries: string, { mqtt = '' }: HiveMqOptions = {}): Promise<TestBroker> {
  const folder = await mkdtemp(join(tmpdir(), 'daybook-hivemq-'))
  const port = await freePort()
  const listener = `<tcp-listener><port>${port}</port><bind-address>127.0.0.1</bind-address></tcp-listener>`
  const settings = `<?xml version="1.0"?>
    <hivemq>
      <listeners>${listener}</listeners>
      <persistence><mode>file</mode></persistence>
      <mqtt>${mqtt}</mqtt>
      <anonymous-usage-statistics><enabled>false</enabled></anonymous-usage-statistics>
    </hivemq>`
  await mkdir(join(folder, 'conf'))
  await mkdir(join(folder, 'tmp'))
  await writeFile(join(folder, 'conf', 'config.xml'), settings)
  const java = ['-Xmx512m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', `-Djava.io.tmpdir=${join(folder, 'tmp')}`]
  const opened = [
    ...OPENED.map((name) => `--add-opens=${name}=ALL-UNNAMED`),
    '--add-exports=java.base/jdk.internal.misc=ALL-UNNAMED',
  ]
  const program = ['-cp', join(libraries, '*'), join(SOURCES, 'Main.java'), folder]
  const command: [string, ...string[]] = ['java', ...java, ...opened, ...program]
  const server = newServer({ name: 'HiveMQ', command, cwd: folder, port })
  const broker: TestBroker = {
    url: `mqtt://127.0.0.1:${port}`,
    port,
    user: undefined,
    password: undefined,
    folder,
    get pid() {
      return server.pid
    },
    start: server.start,
    stop: server.stop,
    kill: server.kill,
    async [Symbol.asyncDispose]() {
      await server.kill()
      await rm(folder, { recursive: true, force: true })
    },
  }
  try {
    await broker.start()
    return broker
  } catch (error) {
    await broker[Symbol.asyncDispose]()
    throw error
  }
}
