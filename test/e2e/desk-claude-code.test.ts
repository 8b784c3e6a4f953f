// The real Claude Code and Codex tell a started Daybook what they do: connected by one command, every hook the right
// activity on the bus and in the rows with the same id, and taken back byte for byte. Their models are stand-ins on
// loopback. Not for: every form of a call (bridges/claude-code/bridge.test.ts).
import { execFile } from 'node:child_process'
import { copyFileSync, mkdirSync, readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { connectAsync } from 'mqtt'
import { expect, test } from 'vitest'
import type { ActivityEvent } from '../../schemas/activity.ts'
import { topicsUnder } from '../../schemas/topics.ts'
import { type Installed, install, NotFetched, type Program, rigs } from '../claude-code/programs.ts'
import { makeFolder } from '../embedded-postgres.ts'
import type { House } from '../house.ts'
import { journey } from '../journey.ts'

const run = promisify(execFile)
const SETTLE_MS = 30_000

if (!rigs) console.warn('skipped: the real Claude Code and Codex: ../shared/rigs is not beside the checkout')

/** A test that is skipped aloud where its program cannot be fetched. */
function real(name: string, body: () => Promise<void>): void {
  test.skipIf(!rigs)(name, async (context) => {
    try {
      await body()
    } catch (error) {
      if (!(error instanceof NotFetched)) throw error
      console.warn(`skipped: ${name}: ${error.message}`)
      context.skip(error.message)
    }
  })
}

real('Claude Code: sessions that go well, that fail and that resume are told as what they were', async () => {
  await using here = await setUp('claude-code')
  const { house, program, daybook } = here
  const before = filesIn(program.home)
  const connected = JSON.parse(await daybook('connect', 'claude-code', '--yes', '--json'))
  expect(connected.event).toMatchObject({ source: 'claude_code', details: { event: 'DaybookConnected', probe: true } })
  expect(connected.found[0]).toMatch(/^Claude Code \d+\.\d+\.\d+, /)
  expect(await daybook('connect', 'claude-code', '--dry-run')).not.toMatch(/change|create/)
  await daybook('disconnect', 'claude-code')
  expect(filesIn(program.home)).toEqual(before)
  await daybook('connect', 'claude-code', '--yes')

  expect(await program.run()).toMatchObject({ code: 0 })
  const first = await told(house, 1)
  expect(first.map(short)).toEqual([
    'session start Claude Code in work began',
    'prompt start say hello',
    'tool start Bash: echo hello',
    'tool end Bash: echo hello',
    'prompt end say hello',
    'session end Claude Code in work ended after 1 prompt and 1 tool use',
  ])
  const [began, prompt, use, used, answered, ended] = first as Six
  const session = began.sessionId
  expect(first.map(({ sessionId }) => sessionId)).toEqual(Array(6).fill(session))
  expect([use.activityId, answered.activityId, ended.activityId]).toEqual([
    used.activityId,
    prompt.activityId,
    `session/${session}`,
  ])
  expect(used).toMatchObject({ duration: expect.any(Number), details: { tool: 'Bash', ok: true } })
  expect(prompt.details).toMatchObject({
    prompt: 'say hello',
    typed: true,
    cwd: join(here.folder, 'work'),
    project: 'work',
  })
  expect(answered).toMatchObject({ cause: prompt.cause, details: { ok: true, answer: 'Done: hello' } })

  await program.run({ FAKE_ARGS: '--cmd false' })
  const failed = await told(house, 2)
  expect(failed.find(({ eventType, phase }) => eventType === 'tool' && phase === 'end')?.details).toMatchObject({
    ok: false,
    exit_code: 1,
  })
  // One time in eight it ends without having run StopFailure; then its session's end says that the prompt failed.
  let [limited, runs]: [ActivityEvent[], number] = [[], 2]
  while (!limited.some(({ eventType }) => eventType === 'error') && runs < 8) {
    expect(await program.run({ MODE: '429', MAX_RETRIES: '1' })).toMatchObject({ code: 1 })
    limited = await told(house, ++runs)
    const prompt = limited.find(({ eventType, phase }) => eventType === 'prompt' && phase === 'end')
    expect(prompt?.details?.ok).toBe(false)
  }
  const outcome = ({ eventType, phase, details }: ActivityEvent) => [eventType, phase, details?.ok, details?.error]
  expect(limited.map(outcome)).toEqual([
    ['session', 'start', undefined, undefined],
    ['prompt', 'start', undefined, undefined],
    ['error', undefined, false, 'rate_limit'],
    ['prompt', 'end', false, 'rate_limit'],
    ['session', 'end', true, undefined],
  ])

  await program.run({}, ['--resume', session])
  const resumed = await told(house, ++runs, session)
  expect(resumed.slice(6).map(short)[0]).toBe('session start Claude Code in work went on')
  expect(resumed[6]?.activityId).not.toBe(began.activityId)

  const script = { FAKE_ARGS: `--script ${join(rigs ?? '', 'claude-code/script-subagent.json')}` }
  await program.run(script, ['--permission-mode', 'acceptEdits'])
  const helped = await told(house, ++runs)
  expect(helped.filter(({ eventType }) => eventType === 'subagent').map(short)).toEqual([
    'subagent start Subagent general-purpose',
    'subagent end Subagent general-purpose',
  ])
  const prompts = helped.filter(({ eventType, phase }) => eventType === 'prompt' && phase === 'start')
  expect(prompts.map(({ details }) => details?.typed)).toEqual([true, false])

  await expect.poll(() => here.onBus().toSorted(), { timeout: SETTLE_MS }).toEqual(await idsOf(house))
  expect(readdirSync(join(program.home, '.local/state/daybook/claude_code/spool'))).toEqual(['.daybook'])
  // The past tells nothing twice: errors are one a session, and each run of the resumed one has its own tokens.
  const transcripts = Object.keys(filesIn(join(program.home, '.claude/projects')))
  for (const path of transcripts) utimesSync(path, Date.now() / 1000 - 7_200, Date.now() / 1000 - 7_200)
  await daybook('import', 'claude-code')
  const rows = await rowsOf(house)
  const failures = rows.filter(({ eventType }) => eventType === 'error').map(({ sessionId }) => sessionId)
  expect(failures).toHaveLength(new Set(failures).size)
  const enriched = rows.filter(({ phase, eventType, sessionId }) =>
    [phase, eventType, sessionId].every((each, index) => each === ['enriched', 'session', session][index]),
  )
  const tokens = new Map(enriched.map(({ activityId, details }) => [activityId, details?.tokens_out]))
  expect([...tokens.values()]).toEqual([40, 60])
  const theirs = (path: string) => !path.includes('/skills/daybook') && !path.includes('/.local/')
  const left = filesIn(program.home, theirs)
  await daybook('disconnect', 'claude-code')
  expect(filesIn(program.home)).toEqual(left)
  await program.run()
  expect(readdirSync(join(program.home, '.claude/projects'))).toHaveLength(1)
  expect(await house.stop()).toBe(0)
})

real(
  'Claude Code: its copy of the conversation follows, with title and tokens, and a house that was away loses nothing',
  async () => {
    await using here = await setUp('claude-code')
    const { program, daybook } = here
    await daybook('connect', 'claude-code', '--yes')
    await here.house.kill()
    expect(await program.run()).toMatchObject({ code: 0 })
    const house = await here.start()
    await told(house, 1)
    const enriched = async () =>
      (await rowsOf(house)).find(({ phase, contentRef }) => phase === 'enriched' && contentRef)
    await expect.poll(enriched, { timeout: SETTLE_MS }).toBeDefined()
    const row = await enriched()
    expect(row?.details).toMatchObject({ title: 'say hello', tokens_out: 40 })
    const { storage, id } = row?.contentRef ?? { storage: '', id: '' }
    const copy = await house.api(`/objects/${storage}/${id}`)
    expect(await copy.text()).toContain('say hello')
    expect(await house.stop()).toBe(0)
  },
)

real('Claude Code: the plugin is as its own validator wants it', async () => {
  await using folder = await makeFolder()
  const { bin, home } = await install('claude-code', folder.path)
  const env = { PATH: process.env.PATH ?? '', HOME: home }
  const { stdout } = await run(join(bin, 'claude'), ['plugin', 'validate', '--strict', 'bridges/claude-code/plugin'], {
    env,
  })
  expect(stdout).toContain('Validation passed')
})

real('Codex: the same hooks tell its sessions, and its own stay', async () => {
  await using here = await setUp('codex')
  const { house, program, daybook } = here
  const file = join(program.home, '.codex/hooks.json')
  const own = '{"hooks": {"Stop": [{"hooks": [{"type": "command", "command": "true"}]}]}}'
  mkdirSync(join(program.home, '.codex'))
  writeFileSync(file, own)
  const connected = JSON.parse(await daybook('connect', 'codex', '--yes', '--json'))
  expect(connected.todo[0]).toMatch(/trust/)
  const given = join(here.folder, 'given.json')
  copyFileSync(file, given)
  expect(await program.run({}, [], given)).toMatchObject({ code: 0 })
  const activities = await told(house, 1)
  expect(activities.map(short)).toEqual([
    'session start Codex in work began',
    'prompt start say hello',
    'tool start Bash: echo hello',
    'tool end Bash: echo hello',
    'prompt end say hello',
    'session end Codex in work ended after 1 prompt and 1 tool use',
  ])
  expect(activities[3]?.details).toMatchObject({ tool: 'Bash', output: 'hello\n', model: 'gpt-5' })
  expect(activities[3]?.details).not.toHaveProperty('ok')
  await expect.poll(() => here.onBus().toSorted(), { timeout: SETTLE_MS }).toEqual(await idsOf(house))
  const theirs = (path: string) => path !== file && !path.includes('/home/.local/')
  const left = filesIn(program.home, theirs)
  await daybook('disconnect', 'codex')
  expect(readFileSync(file, 'utf8')).toBe(own)
  expect(filesIn(program.home, (path) => path !== file)).toEqual(left)
  expect(await house.stop()).toBe(0)
})

type Six = [ActivityEvent, ActivityEvent, ActivityEvent, ActivityEvent, ActivityEvent, ActivityEvent]

interface Here extends AsyncDisposable {
  folder: string
  house: House
  program: Installed
  /** After a kill. */
  start(): Promise<House>
  /** The CLI at this desk; its stdout. */
  daybook(...words: string[]): Promise<string>
  /** Ids of what came on the bus from this program. */
  onBus(): string[]
}

async function setUp(name: Program): Promise<Here> {
  const here = await journey()
  const folder = join(here.folder, 'run')
  const program = await install(name, folder).catch(async (error) => {
    await here[Symbol.asyncDispose]()
    throw error
  })
  const house = await here.start()
  const { username, password } = house.credentials.mqtt
  const client = await connectAsync(house.ready.mqtt.url, { username, password })
  const seen = new Set<string>()
  client.on('message', (_topic, body) => {
    const { id, source } = JSON.parse(String(body))
    if (source === name.replace('-', '_')) seen.add(id)
  })
  await client.subscribeAsync(topicsUnder('daybook').activities, { qos: 1 })
  const env = {
    ...process.env,
    ...{ DAYBOOK__DATA: here.data, HOME: program.home, PATH: `${program.bin}:${process.env.PATH}` },
    ...{ XDG_STATE_HOME: '', XDG_DATA_HOME: '', XDG_CONFIG_HOME: '', CLAUDE_CONFIG_DIR: '', CODEX_HOME: '' },
  }
  return {
    folder,
    house,
    program,
    start: () => here.start(),
    daybook: async (...words) => (await run(process.execPath, ['bin/daybook.js', ...words], { env })).stdout,
    onBus: () => [...seen],
    async [Symbol.asyncDispose]() {
      client.end(true)
      await here[Symbol.asyncDispose]()
    },
  }
}

const short = ({ eventType, phase, summary }: ActivityEvent) => [eventType, phase, summary].filter(Boolean).join(' ')

async function rowsOf(house: House): Promise<ActivityEvent[]> {
  const answer = await house.api('/api/v1/activities?limit=1000&order=asc')
  const { items = [] } = (await answer.json()) as { items: ActivityEvent[] }
  return items.filter(({ source }) => ['claude_code', 'codex'].includes(source))
}

const idsOf = async (house: House) => (await rowsOf(house)).map(({ id }) => id).toSorted()

/** What hooks told of the session of this run, or of another, once so many have ended. */
async function told(house: House, runs: number, of?: string): Promise<ActivityEvent[]> {
  const ends = async () => {
    const rows = (await rowsOf(house)).filter(({ eventType, phase }) => eventType === 'session' && phase === 'end')
    return rows.length >= runs ? rows : undefined
  }
  await expect.poll(ends, { timeout: SETTLE_MS }).toBeDefined()
  const session = of ?? (await ends())?.at(-1)?.sessionId
  const fromHooks = ({ phase, sessionId, contentRef }: ActivityEvent) =>
    sessionId === session && phase !== 'enriched' && !contentRef
  return (await rowsOf(house)).filter(fromHooks).toSorted((a, b) => (a.seq ?? 0) - (b.seq ?? 0))
}

/** Every file with its bytes and rights, but for what the CLI remembers of connections. */
function filesIn(folder: string, keep: (path: string) => boolean = () => true): Record<string, string> {
  const entries = readdirSync(folder, { withFileTypes: true, recursive: true }).filter((entry) => entry.isFile())
  const paths = entries.map((entry) => join(entry.parentPath, entry.name)).filter(keep)
  return Object.fromEntries(
    paths.toSorted().map((path) => [path, `${statSync(path).mode} ${readFileSync(path, 'base64')}`]),
  )
}
