// The bridge over a real spool: what the real programs were seen to tell becomes activities, once, in order, and nothing is
// lost on bad input, failures, silence and pauses.
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Clock, wallClock } from '../../component.ts'
import { DaybookError } from '../../schemas/errors.ts'
import { type HostedOptions, host, outboxFolder } from '../../test/hosted.ts'
import type { Bridge, Notification } from '../bridge.ts'
import { claudeCode } from '../claude-code.ts'
import { codex } from '../codex.ts'

const RECORDED = join(import.meta.dirname, '../../test/claude-code/recorded')
const T0 = Date.parse('2026-06-01T10:00:00Z')

let folder: string
let remove: () => Promise<void>
let spool: string
let now: number
let stop: () => Promise<void>
const clock: Clock = { now: () => now, sleep: (ms, signal) => wallClock.sleep(Math.min(ms, 10), signal) }

beforeEach(async () => {
  ;({ folder, remove } = await outboxFolder())
  spool = join(folder, 'spool')
  mkdirSync(spool)
  now = T0
  stop = async () => {}
})
afterEach(async () => {
  await stop()
  await remove()
})

async function open(bridge: Bridge = claudeCode as Bridge, options: HostedOptions = {}) {
  const hosted = host(bridge, folder, { config: { spool }, clock, ...options })
  await hosted.bridge.start()
  stop = () => hosted.bridge.stop()
  return hosted
}

let count = 0
/** As the hook script leaves it, written at this moment after T0. */
function hook(event: string, after: number, body: Record<string, unknown> | string): void {
  const text = typeof body === 'string' ? body : JSON.stringify({ session_id: 's1', hook_event_name: event, ...body })
  const path = join(spool, `${++count}-0`)
  writeFileSync(join(spool, '.new'), `claude_code ${event}\n${text}`)
  utimesSync(join(spool, '.new'), (T0 + after) / 1000, (T0 + after) / 1000)
  cpSync(join(spool, '.new'), path, { preserveTimestamps: true })
}

const recorded = (source: string, name: string): Record<string, unknown> =>
  JSON.parse(readFileSync(join(RECORDED, source, `${name}.json`), 'utf8'))
const waiting = () => readdirSync(spool).filter((name) => !name.startsWith('.') && name !== 'unreadable')
const short = ({ type, phase, summary }: Notification) => [type, phase, summary].filter(Boolean).join(' ')
const emptied = () => expect.poll(waiting, { timeout: 5000 }).toEqual([])

test.each([
  ['claude_code', claudeCode as Bridge, 22],
  ['codex', codex as Bridge, undefined],
])('%s: what the hooks of the real program told, through the hook script itself', async (source, bridge, took) => {
  const plugin = join(folder, 'plugin')
  cpSync(join(import.meta.dirname, 'plugin/hooks'), plugin, { recursive: true })
  writeFileSync(join(plugin, 'spool'), spool)
  for (const event of ['SessionStart', 'UserPromptSubmit', 'PreToolUse', 'PostToolUse', 'Stop', 'SessionEnd']) {
    const input = JSON.stringify(recorded(source, event))
    expect(spawnSync('/bin/sh', [join(plugin, 'capture.sh'), source, event], { input }).status).toBe(0)
  }
  const { kept } = await open(bridge, { clock: wallClock })
  await expect
    .poll(() => kept.map(short))
    .toEqual([
      expect.stringMatching(/^session start .* in project began$/),
      'prompt start say hello',
      'tool start Bash: echo hello',
      'tool end Bash: echo hello',
      'prompt end say hello',
      expect.stringMatching(/^session end .* in project ended after 1 prompt and 1 tool use$/),
    ])
  const session = String(recorded(source, 'Stop').session_id)
  expect(new Set(kept.map((one) => one.sessionId))).toEqual(new Set([session]))
  expect(new Set(kept.map((one) => one.source))).toEqual(new Set([source]))
  const [, prompt, use, used, stopped, ended] = kept
  expect(prompt?.activityId).toBe(stopped?.activityId)
  expect(use?.activityId).toBe(used?.activityId)
  expect(use?.data).toMatchObject({ tool: 'Bash', input: { command: 'echo hello' } })
  if (took !== undefined) expect(used).toMatchObject({ duration: took, data: { ok: true } })
  expect(stopped?.data).toMatchObject({ ok: true, answer: 'Done: hello' })
  expect(ended?.duration).toBeGreaterThan(0)
  expect(prompt?.cause).toEqual(stopped?.cause)
  await emptied()
})

test('a failing tool, a failing API and a prompt that nobody typed are told as what they are', async () => {
  hook('PostToolUseFailure', 10, recorded('claude_code', 'PostToolUseFailure'))
  hook('StopFailure', 20, recorded('claude_code', 'StopFailure'))
  hook('UserPromptSubmit', 30, recorded('claude_code', 'UserPromptSubmit.background'))
  const { kept } = await open()
  await emptied()
  const of = (type: string) => kept.filter((one) => one.type === type)
  expect(of('tool')[0]).toMatchObject({
    phase: 'end',
    duration: 20,
    data: { ok: false, exit_code: 1, error: 'Exit code 1' },
  })
  expect(of('error')[0]?.data).toMatchObject({ error: 'server_error', ok: false })
  expect(of('prompt').map(({ data }) => [data?.ok, data?.typed, data?.by])).toEqual([
    [false, undefined, undefined],
    [undefined, false, 'system'],
  ])
})

test('the text of a whole file is left out, the change is kept, and what is new to us as well', async () => {
  const body = recorded('claude_code', 'PostToolUse.write')
  hook('PostToolUse', 0, {
    ...body,
    tool_response: { ...Object(body.tool_response), originalFile: 'old\n'.repeat(9) },
    colour: 'red',
  })
  const { kept } = await open()
  await emptied()
  const { data } = kept.at(-1) as Notification
  expect(data?.input).toEqual({ file_path: '/home/user/project/a.txt', content: 'hi\n' })
  expect(data?.output).toEqual({ type: 'create', structuredPatch: [], userModified: false })
  expect(data?.left_out).toEqual(['originalFile', 'content', 'filePath'])
  expect(data?.extra).toEqual({ colour: 'red' })
})

test('hooks that run twice are told once, and what is told again after a crash has the same ids', async () => {
  hook('SessionStart', 0, { source: 'startup' })
  for (const after of [5, 9]) hook('Notification', after, { message: 'Claude is waiting' })
  const again = readdirSync(spool).filter((name) => !name.startsWith('.'))
  const saved = join(folder, 'saved')
  cpSync(spool, saved, { recursive: true, preserveTimestamps: true })
  const first = await open()
  await emptied()
  expect(first.kept.map(short)).toEqual(['session start Claude Code began', 'notification Claude is waiting'])
  // The outbox has it, but the files were not removed and the sessions not written.
  first.outbox().state.delete('session/s1')
  await first.bridge.stop()
  for (const name of again) cpSync(join(saved, name), join(spool, name), { preserveTimestamps: true })
  const second = await open()
  await emptied()
  expect(second.kept.map(({ id }) => id)).toEqual(first.kept.map(({ id }) => id))
})

test('what cannot be read is put aside and told, and holds up nothing', async () => {
  hook('Stop', 0, 'not json')
  hook('Stop', 1, '[]')
  writeFileSync(join(spool, '99-0'), '')
  hook('SessionStart', 2, { source: 'startup' })
  const { bridge, kept } = await open()
  await emptied()
  expect(kept.map(short)).toEqual(['session start Claude Code began'])
  expect(readdirSync(join(spool, 'unreadable'))).toHaveLength(3)
  expect(bridge.health()).toMatchObject({ state: 'degraded', detail: expect.stringContaining('3 files') })
})

test('a hook that was killed while it wrote is taken later if it is whole', async () => {
  hook('SessionStart', -7_200_000, { source: 'startup' })
  const [name = ''] = waiting()
  cpSync(join(spool, name), join(spool, `.${name}`), { preserveTimestamps: true })
  writeFileSync(join(spool, '.77-0'), 'claude_code Stop\n{"sess')
  for (let index = 0; index < 30; index++) writeFileSync(join(spool, `.78-${index}`), '')
  for (const each of readdirSync(spool).filter((part) => /^\.7/.test(part))) {
    utimesSync(join(spool, each), (T0 - 7_200_000) / 1000, (T0 - 7_200_000) / 1000)
  }
  const { kept } = await open()
  await expect.poll(() => readdirSync(spool).filter((each) => each !== '.new')).toEqual(['unreadable'])
  expect(readdirSync(join(spool, 'unreadable'))).toHaveLength(1)
  expect(kept).toHaveLength(1)
})

test('a full outbox keeps everything in the spool until there is room', async () => {
  const { kept, fail, bridge } = await open()
  fail(new DaybookError('outbox_full'))
  hook('SessionStart', 0, { source: 'startup' })
  hook('UserPromptSubmit', 1, { prompt_id: 'p', prompt: 'go' })
  await expect.poll(() => bridge.health().figures?.waiting).toBe(2)
  fail(undefined)
  await emptied()
  expect(kept.map(short)).toEqual(['session start Claude Code began', 'prompt start go'])
})

test('a killed session ends when it was last heard of, with what was open in it; it may come back', async () => {
  const transcript = join(folder, 't.jsonl')
  writeFileSync(transcript, '')
  utimesSync(transcript, (T0 + 60_000) / 1000, (T0 + 60_000) / 1000)
  hook('SessionStart', 0, { source: 'startup', transcript_path: transcript })
  hook('UserPromptSubmit', 1000, { prompt_id: 'p', prompt: 'go' })
  hook('PreToolUse', 2000, { prompt_id: 'p', tool_name: 'Bash', tool_input: { command: 'sleep 9' }, tool_use_id: 'u' })
  const { kept } = await open()
  await emptied()
  now = T0 + 60_000 + 29 * 60_000
  await wallClock.sleep(100)
  expect(kept).toHaveLength(3)
  now = T0 + 60_000 + 31 * 60_000
  await expect.poll(() => kept.length).toBe(6)
  expect(
    kept
      .slice(3)
      .map(({ type, phase, timestamp, duration, data }) => [
        type,
        phase,
        timestamp - T0,
        duration,
        data?.reason,
        data?.ok,
      ]),
  ).toEqual([
    ['prompt', 'end', 60_000, 59_000, 'silent', undefined],
    ['tool', 'end', 60_000, 58_000, 'silent', undefined],
    ['session', 'end', 60_000, 60_000, 'silent', undefined],
  ])
  hook('PostToolUse', 40 * 60_000, {
    prompt_id: 'p',
    tool_name: 'Bash',
    tool_use_id: 'u',
    tool_response: {},
    duration_ms: 5,
  })
  await emptied()
  const [back, used] = kept.slice(6)
  expect(back).toMatchObject({ type: 'session', phase: 'start', data: { reason: 'seen' } })
  expect(back?.activityId).not.toBe(kept[0]?.activityId)
  expect(used).toMatchObject({ type: 'tool', phase: 'end', activityId: kept[2]?.activityId, data: { ok: true } })
})

test('a session that is resumed is another run of the same session', async () => {
  const { session_id: _, ...resumed } = recorded('claude_code', 'SessionStart.resume')
  hook('SessionStart', 0, { source: 'startup' })
  hook('SessionEnd', 10_000, { reason: 'other' })
  hook('SessionStart', 90_000, { ...resumed, session_id: 's1' })
  hook('SessionEnd', 95_000, { reason: 'clear' })
  const { kept } = await open()
  await emptied()
  expect(kept.map(({ activityId, phase, duration }) => [activityId, phase, duration])).toEqual([
    ['session/s1', 'start', undefined],
    ['session/s1', 'end', 10_000],
    [`session/s1/${T0 + 90_000}`, 'start', undefined],
    [`session/s1/${T0 + 90_000}`, 'end', 5000],
  ])
  expect(kept[2]?.data).toMatchObject({ reason: 'resume', context_tokens: 170, idle_s: 223 })
  expect(new Set(kept.map(({ sessionId }) => sessionId))).toEqual(new Set(['s1']))
})

test('a pause ends what is open; what was written in it is removed and leaves no trace, also afterwards', async () => {
  hook('SessionStart', 0, { source: 'startup' })
  hook('UserPromptSubmit', 1000, { prompt_id: 'p', prompt: 'before' })
  const { kept, bridge } = await open()
  await emptied()
  now = T0 + 5000
  hook('PreToolUse', 4000, { tool_name: 'Bash', tool_input: { command: 'late' }, tool_use_id: 'u0' })
  bridge.pause(true)
  expect(kept.map(short)).toEqual([
    'session start Claude Code began',
    'prompt start before',
    'tool start Bash: late',
    'prompt end before',
    'tool end Bash: late',
    'session end Claude Code fell silent',
  ])
  hook('UserPromptSubmit', 6000, { prompt_id: 'q', prompt: 'secret' })
  hook('PreToolUse', 7000, { tool_name: 'Bash', tool_input: { command: 'secret' }, tool_use_id: 'u' })
  await emptied()
  now = T0 + 10_000
  bridge.pause(false)
  hook('PostToolUse', 11_000, {
    tool_name: 'Bash',
    tool_input: { command: 'secret' },
    tool_use_id: 'u',
    tool_response: {},
  })
  hook('Stop', 12_000, { prompt_id: 'q', last_assistant_message: 'secret' })
  hook('UserPromptSubmit', 13_000, { prompt_id: 'r', prompt: 'after' })
  await emptied()
  expect(kept.slice(6).map(short)).toEqual(['session start Claude Code was seen at work', 'prompt start after'])
  expect(JSON.stringify(kept)).not.toContain('secret')
})

test('what connecting makes happen is marked, so that nobody takes it for work', async () => {
  hook('DaybookConnected', 10, { session_id: 'daybook-connect-1' })
  const { kept } = await open()
  await emptied()
  expect(kept.map(({ type, data }) => [type, data?.event, data?.probe])).toEqual([['event', 'DaybookConnected', true]])
})

test('an excluded folder leaves no trace', async () => {
  const allows = ({ path = '' }) => !path.startsWith('/home/ada/private')
  const { kept, outbox } = await open(undefined, { privacy: { allows } })
  hook('SessionStart', 0, { source: 'startup', cwd: '/home/ada/private/x' })
  hook('PreToolUse', 1, {
    session_id: 's2',
    cwd: '/home/ada',
    tool_name: 'Read',
    tool_input: { file_path: '/home/ada/private/y' },
  })
  await emptied()
  expect(kept).toEqual([])
  expect(outbox().state.keys('session/')).toEqual([])
})

test('what it remembers can be forgotten, and without a spool it looks nowhere', async () => {
  hook('SessionStart', 0, { source: 'startup' })
  const { bridge } = await open()
  await emptied()
  expect(bridge.forget({ since: T0 - 1, until: T0 + 1 })).toBeGreaterThan(0)
  expect(bridge.forget({})).toBe(0)
  await bridge.stop()
  hook('SessionEnd', 1, { reason: 'other' })
  const idle = await open(undefined, { config: {} })
  expect(idle.bridge.health().state).toBe('ok')
  await idle.bridge.stop()
  expect(waiting()).toHaveLength(1)
  expect(existsSync(join(spool, 'unreadable'))).toBe(false)
})
