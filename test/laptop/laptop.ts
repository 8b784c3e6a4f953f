// A laptop for a journey: a data folder that is enrolled, the manual bridge as the product starts it, and a terminal whose
// clock and network the journey has in its hand. Not for: what a journey expects of it.
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, statSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import type { Enrolment } from '../../schemas/enrolment.ts'
import type { Command } from './terminal.ts'

const root = resolve(import.meta.dirname, '../..')

/** As `DAYBOOK__...` says it. */
type Settings = Record<string, string>

export class Laptop implements AsyncDisposable {
  readonly data: string
  readonly #settings: Settings
  #terminal: ChildProcess | undefined
  #log = ''
  /** Commands that are in the outbox, in this life of the terminal or a former one. */
  readonly kept = new Set<number>()

  constructor(data: string, settings: Settings = {}) {
    this.data = data
    this.#settings = settings
  }

  /** What the terminal wrote to stderr, in all its lives. */
  get log(): string {
    return this.#log
  }

  /** Runs a verb to its end, with this on standard input. */
  run(words: readonly string[], stdin = ''): Promise<{ code: number; out: string; err: string }> {
    return new Promise((done) => {
      const child = execFile(
        process.execPath,
        ['main.ts', ...words],
        { cwd: root, env: this.#env },
        (error, out, err) => done({ code: error ? Number(error.code) : 0, out, err }),
      )
      child.stdin?.end(stdin)
    })
  }

  /** Resolves with the first line that it says. */
  async startTerminal(offset: number): Promise<{ producer: string }> {
    const child = spawn(process.execPath, ['test/laptop/run.ts', 'bridge', 'manual', '--json', '--data', this.data], {
      cwd: root,
      env: { ...this.#env, LAPTOP_CLOCK_OFFSET_MS: String(offset) },
      stdio: ['pipe', 'pipe', 'pipe', 'ipc'],
    })
    this.#terminal = child
    child.stdin?.on('error', () => {})
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#log += text
    })
    child.on('message', (n: number) => this.kept.add(n))
    const ended = once(child, 'exit').then(() => Promise.reject(new Error(`the terminal ended:\n${this.#log}`)))
    ended.catch(() => {})
    const first = once(createInterface({ input: child.stdout as NonNullable<typeof child.stdout> }), 'line')
    const [line] = (await Promise.race([first, ended])) as [string]
    return JSON.parse(line) as { producer: string }
  }

  /** The terminal takes them as far as it has room. */
  type(commands: readonly Command[]): void {
    this.#terminal?.stdin?.write(commands.map((command) => `${JSON.stringify(command)}\n`).join(''))
  }

  setClock(offset: number): void {
    this.#terminal?.send({ offset })
  }

  /** SIGTERM; the exit code, and how long it took, ms. */
  async stopTerminal(): Promise<{ code: number | null; ms: number }> {
    const child = this.#terminal
    if (!child || child.exitCode !== null) throw new Error('the terminal does not run')
    const since = performance.now()
    const gone = once(child, 'exit')
    child.kill('SIGTERM')
    const [code] = (await gone) as [number | null]
    return { code, ms: performance.now() - since }
  }

  async enrolment(): Promise<Enrolment> {
    return JSON.parse(await readFile(join(this.data, 'enrolment.json'), 'utf8')) as Enrolment
  }

  /** Bytes on disk of the outbox of a producer, and of the payloads beside it. */
  sizes(producer: string): { outbox: number; payloads: number } {
    const folder = join(this.data, 'outbox')
    const names = readdirSync(folder).filter((name) => name.startsWith(`${producer}.sqlite`))
    const beside = join(folder, `${producer}.sqlite.payloads`)
    const sum = (files: string[]) => files.reduce((all, file) => all + statSync(file).size, 0)
    const files = names.map((name) => join(folder, name)).filter((file) => statSync(file).isFile())
    return { outbox: sum(files), payloads: sum(readdirSync(beside).map((name) => join(beside, name))) }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const child = this.#terminal
    if (!child || child.exitCode !== null || child.signalCode !== null) return
    const gone = once(child, 'exit')
    child.kill('SIGKILL')
    await gone
  }

  get #env(): NodeJS.ProcessEnv {
    return { ...process.env, ...this.#settings, DAYBOOK__DATA: this.data }
  }
}
