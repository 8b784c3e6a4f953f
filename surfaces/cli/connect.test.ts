// Connecting and disconnecting at the command line, in a home of its own: what is said, what changes, and who remembers it.
// Not for: what each connector finds (surfaces/connect), or real events, which the journeys wait for.
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { PassThrough, Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type InProcess, startInProcess } from '../../test/in-process.ts'
import { runCli } from '../cli.ts'
import type { SourceDetails } from '../operations/sources.ts'
import type { Remembered } from './verb.ts'

const product = resolve(import.meta.dirname, '../..')
let house: InProcess
let home: string
let remembered: Remembered

beforeAll(async () => {
  house = await startInProcess()
})
afterAll(() => house.stop())
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'daybook-home-'))
  remembered = {}
  // A shell that is found, and never run: no event is waited for here.
  mkdirSync(join(home, 'bin'))
  writeFileSync(join(home, 'bin/bash'), '#!/bin/sh\n')
  chmodSync(join(home, 'bin/bash'), 0o755)
  writeFileSync(join(home, '.bashrc'), 'alias ll=ls')
})
afterEach(() => rmSync(home, { recursive: true }))

async function daybook(args: string[], config: unknown = house.config) {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()]
  const [out, err] = [text(stdout), text(stderr)]
  const never = () => {
    throw new Error('not asked for')
  }
  const code = await runCli(args, {
    stdin: Readable.from(['']),
    stdout,
    stderr,
    version: '1.2.3',
    ambient: { color: false, language: 'C' },
    desk: { home, env: { PATH: join(home, 'bin'), SHELL: '/bin/bash' }, product },
    deviceSources: {
      load: () => remembered,
      save(_, sources) {
        remembered = sources
      },
    },
    config: () => config as never,
    enrolments: {
      ...house.enrolments,
      load: (data) =>
        data === 'elsewhere' ? ({ house: { url: 'http://house.example:8420', token: 'x' } } as never) : null,
    },
    start: never,
    bridge: never,
    spawn: never,
  })
  stdout.end()
  stderr.end()
  return { code, out: await out, err: await err }
}

/** Every file of the home with its content, but for what Daybook keeps of its own in between. */
function files(): Record<string, string> {
  const all = readdirSync(home, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  return Object.fromEntries(
    all.map((entry) => join(entry.parentPath, entry.name)).map((path) => [path, readFileSync(path, 'latin1')]),
  )
}

const source = async () => (await (await house.api('/api/v1/sources/terminal')).json()) as SourceDetails

describe('a house that runs here', () => {
  test('shows, changes, is told, and puts everything back', async () => {
    const before = files()
    const shown = await daybook(['connect', 'terminal', '--dry-run'])
    expect(shown).toMatchObject({ code: 0, out: expect.stringContaining('.bashrc') })
    expect([files(), await source()]).toMatchObject([before, { on: false }])

    const { code, out } = await daybook(['connect', 'terminal', '--no-verify'])
    expect([code, out]).toEqual([0, expect.stringContaining('Open a new terminal')])
    expect(readFileSync(join(home, '.bashrc'), 'utf8')).toMatch(/^alias ll=ls\n.*daybook\.bash.*\n$/)
    expect(await source()).toMatchObject({ on: true, settings: { spool: join(home, '.local/state/daybook/terminal') } })
    expect((await daybook(['connect'])).out).toMatch(/^terminal +ok/m)

    expect(await daybook(['disconnect', 'terminal'])).toMatchObject({
      code: 0,
      out: expect.stringContaining('restored'),
    })
    expect([files(), await source()]).toMatchObject([before, { on: false, connected: false }])
    expect((await daybook(['disconnect', 'terminal'])).out).toContain('has changed no file here')
  })

  test('what the house refuses changes no file', async () => {
    const before = files()
    writeFileSync(join(home, 'token'), house.credentials.http.token)
    const refused = await daybook([
      'connect',
      'terminal',
      '--url',
      'http://127.0.0.1:1',
      '--token-file',
      join(home, 'token'),
    ])
    expect(refused).toMatchObject({ code: 3 })
    rmSync(join(home, 'token'))
    expect(files()).toEqual(before)
  })

  test('a wrong word, or two, is a mistake that names what there is', async () => {
    expect((await daybook(['connect', 'terminl'])).err).toContain('terminal')
    expect(await daybook(['connect', 'terminal', 'browser'])).toMatchObject({ code: 2 })
    expect(await daybook(['disconnect'])).toMatchObject({ code: 2 })
    expect((await daybook(['connect', 'terminal', '--shell', 'csh'])).err).toContain('bash, zsh, fish')
  })
})

describe('a device whose house is elsewhere', () => {
  const device = { data: 'elsewhere', timezone: 'UTC' }

  test('remembers the source for the bridge that runs alone, and forgets it', async () => {
    const before = files()
    const { code, out } = await daybook(['connect', 'terminal'], device)
    expect([code, out]).toEqual([0, expect.stringContaining('daybook bridge terminal')])
    expect(remembered).toMatchObject({ terminal: { spool: join(home, '.local/state/daybook/terminal') } })
    expect(existsSync(join(home, '.local/share/daybook/terminal/daybook.bash'))).toBe(true)
    expect(await daybook(['disconnect', 'terminal'], device)).toMatchObject({ code: 0 })
    expect([files(), remembered]).toEqual([before, {}])
  })

  test('is told where the clients go that only know a URL', async () => {
    expect((await daybook(['connect', 'wakatime'], device)).err).toContain('--url http://house.example:8420')
  })
})
