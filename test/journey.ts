// What a journey starts and must not leave behind: houses in one data folder, on ports that stay theirs over restarts.
// Not for: what a journey does with them.
import { execFile } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { delimiter, join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { makeFolder } from './embedded-postgres.ts'
import { type House, type HouseOptions, startHouse } from './house.ts'

export interface Journey extends AsyncDisposable {
  /** Temporary; its end takes along whatever Postgres still runs in it. */
  folder: string
  data: string
  /** The first start takes any free ports, later ones those of the first. */
  start(options?: HouseOptions): Promise<House>
}

export async function journey(): Promise<Journey> {
  const folder = await makeFolder()
  const data = join(folder.path, 'data')
  const houses: House[] = []
  return {
    folder: folder.path,
    data,
    async start(options) {
      const house = await startHouse({ data, ports: houses[0] ? portsOf(houses[0]) : {}, ...options })
      houses.push(house)
      house.child.once('exit', (code, signal) => {
        if (code !== 0 && signal !== 'SIGKILL') console.error(`daybook ended with ${code ?? signal}:\n${house.log()}`)
      })
      return house
    },
    async [Symbol.asyncDispose]() {
      for (const { child, kill } of houses) if (child.exitCode === null && child.signalCode === null) await kill()
      await folder[Symbol.asyncDispose]()
    },
  }
}

function portsOf({ ready }: House): { mqtt: number; http: number; database: number } {
  const port = (url: string) => Number(new URL(url).port)
  return { mqtt: port(ready.mqtt.url), http: port(ready.http.url), database: port(ready.database.url) }
}

/** Why a journey cannot be made here, or null: names the first program that is not on PATH, and its Debian package. */
export function missing(...programs: [name: string, debianPackage: string][]): string | null {
  const folders = (process.env.PATH ?? '').split(delimiter)
  const absent = programs.find(([name]) => !folders.some((folder) => existsSync(join(folder, name))))
  return absent ? `${absent[0]} is not here: apt-get install ${absent[1]}` : null
}

/** The folder of the newest PostgreSQL that Debian has installed, or null. */
export function debianPostgresBinaries(): string | null {
  const root = '/usr/lib/postgresql'
  const majors = existsSync(root) ? readdirSync(root).map(Number).filter(Number.isInteger) : []
  const newest = majors.sort((a, b) => b - a)[0]
  return newest === undefined ? null : join(root, String(newest), 'bin')
}

/** The CLI as a user has it, talking to the house in this data folder; its stdout. Rejects on an exit code but 0. */
export async function daybook(data: string, ...words: string[]): Promise<string> {
  const launcher = resolve(import.meta.dirname, '../bin/daybook.js')
  const env = { ...process.env, DAYBOOK__DATA: data }
  const { stdout } = await promisify(execFile)(process.execPath, [launcher, ...words], { env })
  return stdout
}
