// The command line as a person meets it, against the whole product in this process.
import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough, Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { encodeCode } from '../schemas/enrolment-code.ts'
import { DaybookError } from '../schemas/errors.ts'
import { type InProcess, startInProcess } from '../test/in-process.ts'
import type { CliConfig } from './cli/verb.ts'
import { runCli } from './cli.ts'

let house: InProcess
let empty: string
beforeAll(async () => {
  house = await startInProcess()
  empty = await mkdtemp(join(tmpdir(), 'daybook-'))
})
afterAll(async () => {
  await house.stop()
  await rm(empty, { recursive: true })
})

interface Run {
  config?: () => CliConfig
  stdin?: string
}

async function daybook(args: string[], { config = () => house.config, stdin = '' }: Run = {}) {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()]
  const [out, err] = [text(stdout), text(stderr)]
  const code = await runCli(args, {
    stdin: Readable.from([stdin]),
    stdout,
    stderr,
    version: '1.2.3',
    ambient: { color: false, language: 'C' },
    desk: { home: '/nonexistent', env: {}, product: '/nonexistent' },
    deviceSources: { load: () => ({}), save: () => {} },
    config,
    enrolments: house.enrolments,
    start: async (given, options) => {
      stdout.write(`started ${given.data === config().data} ${options.json}\n`)
      return 0
    },
    bridge: () => {
      throw new Error('no bridge is started here')
    },
    spawn: () => {
      throw new Error('no house is started here')
    },
  })
  stdout.end()
  stderr.end()
  return { code, out: await out, err: await err }
}

const elsewhere = (fields: Partial<CliConfig>) => () => ({ ...house.config, data: empty, ...fields })

describe('without a running Daybook', () => {
  test.each(['status', 'query', 'tail', 'rejected'])('%s says so and exits with 3', async (verb) => {
    const { code, err } = await daybook([verb], { config: elsewhere({}) })
    expect(code).toBe(3)
    expect(err).toContain('npm start')
    expect(err).toContain(empty)
  })

  test('with --json the error is JSON on stderr', async () => {
    const { code, out, err } = await daybook(['status', '--json'], { config: elsewhere({}) })
    expect([code, out]).toEqual([3, ''])
    expect(JSON.parse(err)).toMatchObject({ error: { code: 'not_running' } })
  })

  test('a configuration with mistakes is exit code 2', async () => {
    const broken = () => {
      throw new DaybookError('config_invalid', '\n  http.port: too big')
    }
    expect(await daybook(['status'], { config: broken })).toMatchObject({
      code: 2,
      err: expect.stringContaining('http.port'),
    })
    const doctor = await daybook(['doctor'], { config: broken })
    expect(doctor).toMatchObject({ code: 1, out: expect.stringContaining('http.port: too big') })
  })
})

describe('help', () => {
  test('no verb shows the overview and is a mistake', async () => {
    expect(await daybook([])).toMatchObject({ code: 2, out: '', err: expect.stringContaining('Usage: daybook') })
  })

  test.each([['help'], ['--help'], ['-h']])('%s shows the overview', async (word) => {
    expect(await daybook([word])).toMatchObject({ code: 0, out: expect.stringContaining('doctor') })
  })

  test('a verb explains itself in two ways', async () => {
    const { out } = await daybook(['note', '--help'])
    expect(out).toContain('Usage: daybook note <text>')
    expect((await daybook(['help', 'note'])).out).toBe(out)
    expect((await daybook(['help', 'exit-codes'])).out).toContain('rejected')
  })

  test('version', async () => {
    expect(await daybook(['version'])).toMatchObject({ code: 0, out: 'daybook 1.2.3\n' })
    expect(JSON.parse((await daybook(['version', '--json'])).out)).toMatchObject({ version: '1.2.3' })
  })
})

describe('with one', () => {
  test('start hands the configuration over', async () => {
    expect(await daybook(['start', '--json'])).toMatchObject({ code: 0, out: 'started true true\n' })
  })

  test('a note is written, found and shown', async () => {
    const { code, out } = await daybook([
      'note',
      'took the bike',
      '--at',
      '08:15',
      '--tag',
      'commute',
      '--tag',
      'sport',
    ])
    expect(code).toBe(0)
    const found = JSON.parse((await daybook(['query', 'bike', '--json'])).out)
    expect(found).toMatchObject({ next: null, items: [{ id: out.trim(), details: { tags: ['commute', 'sport'] } }] })
    const shown = await daybook(['query', '--source', 'manual', 'bike'])
    expect(shown.out).toMatch(/^\w+day, .*\n {2}08:15:00 {2}manual {2}note {2}took the bike\n$/)
  })

  test('a note comes from standard input when its text is a dash', async () => {
    const { code, out } = await daybook(['note', '-', '--json'], { stdin: 'from a pipe\n' })
    expect([code, JSON.parse(out)]).toEqual([0, { id: expect.any(String), status: 'stored' }])
  })

  test('a note without text, and one of the far future', async () => {
    expect(await daybook(['note', ' '])).toMatchObject({ code: 2, err: expect.stringContaining('text is missing') })
    expect(await daybook(['note', 'x', '--at', '2099-01-01'])).toMatchObject({
      code: 4,
      err: expect.stringContaining('24 h'),
    })
    expect(await daybook(['rejected'])).toMatchObject({ code: 0, out: expect.stringContaining('clock') })
  })

  test('query pages on its own with --all, and says when there is more', async () => {
    for (let n = 0; n < 3; n++) await daybook(['note', `page ${n}`, '--producer', 'pager'])
    const all = await daybook(['query', '--producer', 'pager', '--all', '--limit', '1', '--json'])
    expect(JSON.parse(all.out)).toMatchObject({ items: [{}, {}, {}], next: null })
    const one = await daybook(['query', '--producer', 'pager', '--limit', '1'])
    expect(one.err).toContain('--cursor')
  })

  test('what the server refuses is told as it was', async () => {
    expect(await daybook(['query', '--limit', '0'])).toMatchObject({ code: 2, err: expect.stringContaining('limit') })
    expect(await daybook(['query', '--since', 'soon'])).toMatchObject({
      code: 2,
      err: expect.stringContaining('--since'),
    })
  })

  test('status shows producers and what they lost', async () => {
    const { code, out } = await daybook(['status'])
    expect(code).toBe(0)
    expect(out).toMatch(/pager +0 lost of 3 +last seen (just now|\d+ s ago)/)
    expect(JSON.parse((await daybook(['status', '--json'])).out)).toMatchObject({ ready: true })
  })

  test('--url and --token-file reach one whose folder is not here', async () => {
    const file = join(empty, 'token')
    await writeFile(file, `${house.credentials.http.token}\n`)
    const remote = ['--url', house.ready.http.url, '--token-file', file]
    expect(await daybook(['status', ...remote], { config: elsewhere({}) })).toMatchObject({ code: 0 })
    await writeFile(file, 'wrong')
    expect(await daybook(['status', ...remote], { config: elsewhere({}) })).toMatchObject({
      code: 1,
      err: expect.stringContaining('credential'),
    })
    await rm(file)
  })

  test('doctor finds nothing wrong', async () => {
    const { code, out } = await daybook(['doctor'])
    expect(out).toContain('All is well')
    expect(code).toBe(0)
    for (const part of ['data folder', 'clock', 'Daybook', 'MQTT', 'storage', 'Postgres']) expect(out).toContain(part)
  })

  test('doctor finds credentials that others may read, and says how to close them', async () => {
    const file = join(house.ready.data, 'credentials.json')
    await chmod(file, 0o644)
    const { code, out } = await daybook(['doctor', '--json'])
    await chmod(file, 0o600)
    expect(code).toBe(1)
    const { ok, findings } = JSON.parse(out)
    expect(ok).toBe(false)
    expect(findings).toContainEqual({
      about: 'credentials.json',
      layer: 'disk',
      state: 'fail',
      detail: expect.stringContaining('0644'),
      fix: `chmod 600 ${file}`,
    })
  })
})

describe('users', () => {
  test('are added, listed and removed', async () => {
    const { code, out } = await daybook(['user', 'add', 'balcony'])
    expect(code).toBe(0)
    expect(out).toMatch(/^ {2}[\w-]{43}$/m)
    expect((await daybook(['user', 'list'])).out).toMatch(/^daybook +the owner\nbalcony +since /)
    expect(await daybook(['user', 'remove', 'balcony'])).toMatchObject({
      code: 0,
      out: expect.stringContaining('balcony'),
    })
    expect(JSON.parse((await daybook(['user', 'list', '--json'])).out).items).toHaveLength(1)
  })

  test('with --json an added one is the answer of the server', async () => {
    const { out } = await daybook(['user', 'add', 'json', '--json'])
    expect(JSON.parse(out)).toMatchObject({ name: 'json', secret: expect.any(String), account: null })
  })

  test.each([
    [['user'], 2, 'add|list|remove'],
    [['user', 'rename'], 2, 'add|list|remove'],
    [['user', 'add'], 2, 'name is missing'],
    [['user', 'list', 'all'], 2, 'one word too many'],
    [['user', 'add', 'a b'], 2, 'letters, digits'],
    [['user', 'add', 'daybook'], 1, 'There is a user of this name'],
    [['user', 'remove', 'nobody'], 1, 'no user "nobody"'],
  ])('%j exits with %i', async (words, code, told) => {
    expect(await daybook(words)).toMatchObject({ code, err: expect.stringContaining(told) })
  })
})

describe('enrolling', () => {
  const invite = async (name: string) => (await daybook(['enroll', name])).out.trim().split(' ').at(-1) ?? ''

  test('a name makes one line to paste, and says what keeps a device away', async () => {
    const { code, out, err } = await daybook(['enroll', 'laptop'])
    expect(code).toBe(0)
    expect(out).toMatch(/^npx daybook enroll dbk1\.[\w-]+\n$/)
    expect(err).toMatch(/Run this on laptop, until \d\d:\d\d/)
    expect(err).toContain('Set http.host')
    expect(err).toContain('Set mqtt.host')
  })

  test('a code is turned into enrolment.json, and says what is next', async () => {
    const { code, out } = await daybook(['enroll', await invite('laptop')], { config: elsewhere({}) })
    expect(code).toBe(0)
    const file = join(empty, 'enrolment.json')
    const { broker, house: at } = JSON.parse(await readFile(file, 'utf8'))
    expect((await stat(file)).mode & 0o777).toBe(0o600)
    expect([broker.user, broker.password, at.url]).toEqual(['laptop', at.token, house.ready.http.url])
    expect(out).toContain(file)
    expect(out).toContain('npx daybook bridge manual')
    expect(out).not.toContain(broker.password)
  })

  test('on a device the other verbs reach the house, as the user that the device is', async () => {
    const device = { config: elsewhere({}) }
    await daybook(['enroll', await invite('laptop')], device)
    expect(await daybook(['note', 'from the laptop'], device)).toMatchObject({ code: 0 })
    expect(await daybook(['user', 'list'], device)).toMatchObject({
      code: 1,
      err: expect.stringContaining('first user'),
    })
  })

  test('a device may be enrolled again, but leaves its house only by force, and no code is spent on the way', async () => {
    const device = { config: elsewhere({}) }
    await daybook(['enroll', await invite('laptop')], device)
    expect(await daybook(['enroll', await invite('laptop')], device)).toMatchObject({ code: 0 })
    const now = house.enrolments.load(empty)
    if (!now) throw new Error('it was not enrolled')
    house.enrolments.save(empty, { ...now, house: { ...now.house, url: 'http://other.example:8420' } })
    const code = await invite('laptop')
    const { code: exit, err } = await daybook(['enroll', code], device)
    expect([exit, house.enrolments.load(empty)?.house.url]).toEqual([2, 'http://other.example:8420'])
    expect(err).toContain('belongs to http://other.example:8420')
    expect(await daybook(['enroll', code, '--force'], device)).toMatchObject({ code: 0 })
    expect(house.enrolments.load(empty)?.house.url).toBe(house.ready.http.url)
  })

  test('a code may come from standard input, and with --json no secret is printed', async () => {
    const stdin = `  ${await invite('laptop')}\n`
    const { out } = await daybook(['enroll', '-', '--json'], { config: elsewhere({}), stdin })
    expect(JSON.parse(out)).toEqual({
      name: 'laptop',
      file: join(empty, 'enrolment.json'),
      house: house.ready.http.url,
      broker: house.ready.mqtt.url,
    })
  })

  test('what cannot be a name or a code, or is a code no more, says so', async () => {
    const code = await invite('laptop')
    const device = { config: elsewhere({}) }
    const cut = await daybook(['enroll', code.slice(0, -3)], device)
    expect(cut).toMatchObject({ code: 2, err: expect.stringContaining('cut off') })
    expect(await daybook(['enroll', code, '--house', 'http://x'], device)).toMatchObject({ code: 2 })
    // Where a terminal broke the line; behind a dash no half is taken for an option.
    const end = code.search(/(?<=.{40})[^-]/)
    expect(await daybook(['enroll', code.slice(0, end), code.slice(end)], device)).toMatchObject({ code: 0 })
    expect(await daybook(['enroll', code], device)).toMatchObject({ code: 1, err: expect.stringContaining('was used') })
    expect(await daybook(['enroll'])).toMatchObject({ code: 2 })
    expect(await daybook(['enroll', 'two', 'words'])).toMatchObject({ code: 2 })
    expect(await daybook(['enroll', 'laptop', '--force'])).toMatchObject({ code: 2 })
  })

  test('a code that leads nowhere says where it leads', async () => {
    const nowhere = encodeCode({ house: 'http://127.0.0.1:9', secret: Buffer.alloc(32) })
    const { code, err } = await daybook(['enroll', nowhere, '--force'], { config: elsewhere({}) })
    expect(code).toBe(3)
    expect(err).toContain('http://127.0.0.1:9')
    expect(err).toContain('--house')
  })
})
