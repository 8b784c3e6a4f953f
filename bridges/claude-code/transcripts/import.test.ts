// The past of transcripts becomes the same activities, with the same ids, that their hooks made or would have made; again
// and again, the oldest first. Over the recorded session of a real run, and made ones.
import { cpSync, mkdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type HostedOptions, host, outboxFolder, payloadIn } from '../../../test/hosted.ts'
import type { Bridge, ImportProgress, Notification } from '../../bridge.ts'
import { claudeCode } from '../../claude-code.ts'
import { codex } from '../../codex.ts'

const RECORDED = join(import.meta.dirname, '../../../test/claude-code/recorded/claude_code')
const ALL = { since: 0, until: 8e15 }

let folder: string
let past: string
let remove: () => Promise<void>
let stop = async () => {}

beforeEach(async () => {
  ;({ folder, remove } = await outboxFolder())
  past = join(folder, 'projects', '-home-user-project')
  mkdirSync(past, { recursive: true })
})
afterEach(async () => {
  await stop()
  await remove()
})

async function open(options: HostedOptions = {}) {
  const config = { spool: join(folder, 'spool'), transcriptsFolder: join(folder, 'projects') }
  const hosted = host(claudeCode as Bridge, folder, { config, ...options })
  await hosted.bridge.start()
  stop = () => hosted.bridge.stop()
  const progress: ImportProgress[] = []
  const bring = (range: object = {}) =>
    hosted.bridge.import({ ...ALL, ...range }, (at) => progress.push({ ...at }), new AbortController().signal)
  return { ...hosted, progress, bring }
}
/** Written long ago. */
function put(name: string, lines: string, at = '2026-11-23T01:00:00Z'): string {
  const path = join(past, name)
  mkdirSync(join(path, '..'), { recursive: true })
  writeFileSync(path, lines)
  utimesSync(path, Date.parse(at) / 1000, Date.parse(at) / 1000)
  return path
}
function hook(name: string, at: number): void {
  const body = readFileSync(join(RECORDED, `${name}.json`), 'utf8')
  const path = join(folder, 'spool', `${at}-0`)
  mkdirSync(join(folder, 'spool'), { recursive: true })
  writeFileSync(join(folder, '.new'), `claude_code ${name.split('.')[0]}\n${body}`)
  utimesSync(join(folder, '.new'), at / 1000, at / 1000)
  cpSync(join(folder, '.new'), path, { preserveTimestamps: true })
}
const recorded = readFileSync(join(RECORDED, 'transcript.jsonl'), 'utf8')
const short = ({ type, phase, summary }: Notification) => [type, phase, summary].filter(Boolean).join(' ')
const line = (fields: object, at: string) =>
  `${JSON.stringify({ sessionId: 's-1', cwd: '/home/ada/tides', timestamp: at, ...fields })}\n`

test('a recorded session becomes prompts, tools and an end, and its copy', async () => {
  put('074aa34a-00fa-4e1c-bc87-768b45e8b42d.jsonl', recorded)
  const { kept, bring, progress } = await open()
  await bring()
  expect(kept.map(short)).toEqual([
    'session start Claude Code in project began',
    'prompt start say hello',
    'tool start Bash: echo hello',
    'tool end Bash: echo hello',
    'prompt end say hello',
    'prompt start again',
    'tool start Bash: echo hello',
    'tool end Bash: echo hello',
    'tool start Bash: echo hello',
    'tool end Bash: echo hello',
    'prompt end again',
    'session end Claude Code in project ended after 2 prompts and 3 tool uses',
    'session enriched Claude Code: say hello',
  ])
  const last = kept.at(-1)
  const tokens = { tokens_in: 500, tokens_out: 100, tokens_cache_read: 250, cost_usd: 0.004050000000000001 }
  expect(last?.data).toMatchObject({
    title: 'say hello',
    prompts: 2,
    tools: 3,
    failures: 0,
    model: 'claude-opus-5-5',
    ...tokens,
  })
  expect(last?.contentRef).toMatchObject({ mediaType: 'application/x-ndjson', size: Buffer.byteLength(recorded) })
  expect(payloadIn(folder, claudeCode as Bridge, last?.contentRef as never).toString()).toBe(recorded)
  // The stand-in for the API gave the same id to a tool use of either run.
  expect(new Set(kept.map(({ id }) => id)).size).toBe(kept.length - 2)
  expect(progress.at(-1)).toEqual({
    what: 'transcript 1 of 1',
    at: Date.parse('2026-11-23T00:39:10.918Z'),
    read: 49,
    emitted: 13,
  })
})

test('what hooks have told has the same ids, and an import that is repeated tells nothing new', async () => {
  const at = Date.parse('2026-11-23T00:35:27.000Z')
  const names = ['SessionStart', 'UserPromptSubmit', 'PreToolUse', 'PostToolUse', 'Stop', 'SessionEnd']
  for (const [index, name] of names.entries()) hook(name, at + index * 100)
  const { kept, bring } = await open()
  await expect.poll(() => kept.length, { timeout: 5_000 }).toBe(6)
  const live = kept.map(({ id }) => id)
  put('074aa34a-00fa-4e1c-bc87-768b45e8b42d.jsonl', recorded)
  await bring()
  const brought = kept.slice(live.length)
  expect(brought).toHaveLength(13)
  expect(brought.map(({ id }) => id)).toEqual(expect.arrayContaining(live))
  const once = new Set(kept.map(({ id }) => id))
  await stop()
  const again = await open()
  await again.bring()
  // Everything but the copy, which is there.
  expect(again.kept).toHaveLength(12)
  expect(again.kept.filter(({ id }) => !once.has(id)).map(short)).toEqual([])
})

test('a session that was resumed is told run by run, so that its tokens are counted once', async () => {
  const [first, second] = [Date.parse('2026-11-23T00:35:27.000Z'), Date.parse('2026-11-23T00:39:10.000Z')]
  for (const [index, name] of ['SessionStart', 'UserPromptSubmit', 'Stop', 'SessionEnd'].entries())
    hook(name, first + index * 100)
  for (const [index, name] of ['SessionStart.resume', 'SessionEnd'].entries()) hook(name, second + index * 2_000)
  const { kept, bring } = await open()
  await expect.poll(() => kept.length, { timeout: 5_000 }).toBe(6)
  put('074aa34a-00fa-4e1c-bc87-768b45e8b42d.jsonl', recorded)
  const live = new Set(kept.map(({ id }) => id))
  await bring()
  const enriched = kept.filter(({ phase }) => phase === 'enriched')
  const session = 'session/074aa34a-00fa-4e1c-bc87-768b45e8b42d'
  expect(enriched.map(({ activityId }) => activityId)).toEqual([session, `${session}/${second}`])
  const sum = (name: string) => enriched.map(({ data }) => Number(data?.[name]))
  expect(sum('tokens_in')).toEqual([200, 300])
  expect(sum('prompts')).toEqual([1, 1])
  expect(sum('tools')).toEqual([1, 2])
  expect(sum('cost_usd')[0]).toBeGreaterThan(0)
  expect(sum('cost_usd').reduce((all, cost) => all + cost)).toBeCloseTo(0.00405)
  expect(enriched[0]?.timestamp).toBeLessThan(second)
  const fresh = kept.filter(({ id, type }) => type === 'session' && !live.has(id))
  expect(fresh.map(({ phase }) => phase)).toEqual(['enriched', 'enriched'])
})

test('an error that a hook told is the same one, though its line was written some milliseconds apart', async () => {
  const { session_id, prompt_id, ...said } = JSON.parse(readFileSync(join(RECORDED, 'StopFailure.json'), 'utf8'))
  const at = Date.parse('2026-11-23T00:35:27.000Z')
  hook('StopFailure', at)
  const { kept, bring } = await open()
  const errors = () => kept.filter(({ type }) => type === 'error')
  await expect.poll(() => errors().length, { timeout: 5_000 }).toBe(1)
  const text = [{ type: 'text', text: said.last_assistant_message }]
  const failed = (after: number) =>
    line(
      {
        ...{ type: 'assistant', sessionId: session_id, isApiErrorMessage: true, error: said.error },
        message: { model: '<synthetic>', content: text },
      },
      new Date(at + after).toISOString(),
    )
  const ask = (id: string, after: number) =>
    line(
      { type: 'user', sessionId: session_id, promptId: id, message: { content: 'say' } },
      new Date(at + after).toISOString(),
    )
  put(`${session_id}.jsonl`, ask(prompt_id, -900) + failed(-9) + ask('p-2', 5_000) + failed(5_100))
  await bring()
  expect(errors()).toHaveLength(3)
  expect(errors()[1]?.id).toBe(errors()[0]?.id)
  expect(errors()[2]?.id).not.toBe(errors()[0]?.id)
})

test('failures, subagents, compactions and API errors are told as such', async () => {
  const use = (id: string, name = 'Bash') => ({ type: 'tool_use', id, name, input: { command: 'npm test' } })
  const answer = (id: string, content: object[]) => ({ type: 'assistant', message: { id, model: 'opus', content } })
  const result = (id: string, content: string) => [{ type: 'tool_result', tool_use_id: id, is_error: true, content }]
  put(
    's-1.jsonl',
    [
      line({ type: 'user', promptId: 'p-1', message: { content: 'test it' } }, '2026-06-01T10:00:00Z'),
      line(answer('m-1', [use('t-1')]), '2026-06-01T10:00:01Z'),
      line(
        { type: 'user', promptId: 'p-1', message: { content: result('t-1', 'Exit code 1\nred') } },
        '2026-06-01T10:00:03Z',
      ),
      line(
        { type: 'system', subtype: 'compact_boundary', compactMetadata: { trigger: 'manual' } },
        '2026-06-01T10:01:00Z',
      ),
      'no json\n',
      line(
        {
          type: 'assistant',
          isApiErrorMessage: true,
          error: 'overloaded',
          message: { model: '<synthetic>', content: [{ type: 'text', text: 'API Error: 529' }] },
        },
        '2026-06-01T10:02:00Z',
      ),
    ].join(''),
  )
  put(
    's-1/subagents/agent-a1.jsonl',
    line({ type: 'user', isSidechain: true, agentId: 'a1', message: { content: 'sub' } }, '2026-06-01T10:00:02Z'),
  )
  put('s-1/subagents/agent-a1.meta.json', '{"agentType":"Explore"}')
  const { kept, bring } = await open()
  await bring()
  const told = (type: string) => kept.filter((each) => each.type === type)
  expect(told('tool').at(-1)).toMatchObject({ phase: 'end', duration: 2_000, data: { ok: false, exit_code: 1 } })
  expect(told('compaction')).toMatchObject([{ phase: 'start' }, { phase: 'end', data: { trigger: 'manual' } }])
  expect(told('error')).toMatchObject([{ data: { error: 'overloaded', ok: false } }])
  expect(told('subagent')).toMatchObject([{ phase: 'start' }, { phase: 'end' }, { phase: 'enriched' }])
  expect(told('subagent')[0]?.data).toMatchObject({ agent: 'a1', agent_type: 'Explore' })
  expect(told('session').map(({ phase }) => phase)).toEqual(['start', 'end', 'enriched'])
  expect(told('session').at(-1)?.data).toMatchObject({ bad_lines: 1, failures: 1 })
})

test('a recorded rollout of Codex becomes its prompt and its command, and its copy', async () => {
  const rollout = readFileSync(join(RECORDED, '../codex/rollout.jsonl'), 'utf8')
  put('2026/11/rollout-2026-11-23.jsonl', rollout)
  const hosted = host(codex as Bridge, folder, { config: { transcriptsFolder: past } })
  await hosted.bridge.start()
  stop = () => hosted.bridge.stop()
  await hosted.bridge.import(ALL, () => {}, new AbortController().signal)
  expect(hosted.kept.map(short)).toEqual([
    'session start Codex in project began',
    'prompt start say hello',
    'tool start Bash: echo hello',
    'tool end Bash: echo hello',
    'prompt end say hello',
    'session end Codex in project ended after 1 prompt and 1 tool use',
    'session enriched Codex: say hello',
  ])
  expect(hosted.kept.at(-1)).toMatchObject({
    data: { tokens_in: 20, tokens_out: 10 },
    sessionId: hosted.kept[0]?.sessionId,
  })
  expect(hosted.kept[0]?.sessionId).toMatch(/^[0-9a-f]{8}-/)
})

test('many come oldest first, in the range that is asked for, and one that still grows is left alone', async () => {
  const session = (id: string, at: string) =>
    line({ sessionId: id, type: 'user', promptId: `p-${id}`, message: { content: `do ${id}` } }, at)
  put('c.jsonl', session('c', '2026-06-03T10:00:00Z'), '2026-06-03T10:00:00Z')
  put('a.jsonl', session('a', '2026-06-01T10:00:00Z'), '2026-06-01T10:00:00Z')
  put('b.jsonl', session('b', '2026-06-02T10:00:00Z'), '2026-06-02T10:00:00Z')
  put('now.jsonl', session('now', new Date().toISOString()), new Date().toISOString())
  put('empty.jsonl', '')
  const { kept, bring, progress } = await open()
  await bring({ since: Date.parse('2026-06-02T00:00:00Z') })
  expect(
    kept.filter(({ phase, type }) => type === 'prompt' && phase === 'start').map(({ summary }) => summary),
  ).toEqual(['do b', 'do c'])
  expect(progress.map(({ what }) => what)).toEqual([
    'transcript 2 of 4',
    'transcript 3 of 4',
    expect.stringMatching(/^transcript 3 of 4; 1 changed in the last 30 minutes and wait/),
  ])
  await bring({ from: join(past, 'a.jsonl') })
  expect(kept.some(({ summary }) => summary === 'do a')).toBe(true)
  await expect(bring({ from: join(folder, 'nowhere') })).rejects.toMatchObject({ code: 'invalid' })
})

test('a folder that nobody may know of is passed over', async () => {
  put('s-1.jsonl', line({ type: 'user', promptId: 'p', message: { content: 'x' } }, '2026-06-01T10:00:00Z'))
  const { kept, bring } = await open({ privacy: { allows: ({ path }) => path !== '/home/ada/tides' } })
  await bring()
  expect(kept).toEqual([])
})
