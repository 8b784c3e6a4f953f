// What transcripts add up to, as one would count by hand, and any cut of a file gives the same.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { takeCodexLine } from './codex.ts'
import { type Line, readLine } from './lines.ts'
import { LINE_MOST, type Place, readOn } from './reader.ts'
import { emptyTotals, type Totals, takeLine, titleOf } from './totals.ts'

const usage = (input: number, output: number) => ({
  input_tokens: input,
  output_tokens: output,
  cache_read_input_tokens: 7,
  cache_creation_input_tokens: 3,
})
const user = (promptId: string, content: unknown, more: object = {}) => ({
  type: 'user',
  promptId,
  message: { role: 'user', content },
  timestamp: '2026-11-23T00:35:27.307Z',
  sessionId: 's-1',
  cwd: '/home/ada/tides',
  gitBranch: 'main',
  ...more,
})
const answer = (id: string, content: object[], said = usage(100, 20), model = 'claude-opus-5-5') => ({
  type: 'assistant',
  timestamp: '2026-11-23T00:35:28.000Z',
  message: { id, role: 'assistant', model, content, usage: said },
})
const call = (id: string) => ({ type: 'tool_use', id, name: 'Bash', input: {} })
const result = (id: string, failed = false) => [{ type: 'tool_result', tool_use_id: id, is_error: failed }]

function add(lines: readonly unknown[], take = takeLine): Totals {
  const totals = emptyTotals()
  for (const line of lines) take(totals, line as Line)
  return totals
}

const session = [
  { type: 'queue-operation', operation: 'enqueue', timestamp: '2026-11-23T00:35:27.265Z', content: 'mend it' },
  user('p-1', 'Mend the tide clock\nplease'),
  answer('m-1', [{ type: 'text', text: 'Running it.' }]),
  answer('m-1', [call('t-1')]),
  user('p-1', result('t-1', true)),
  answer('m-2', [call('t-2')], usage(10, 1)),
  user('p-1', result('t-2')),
  answer('m-2', [{ type: 'text', text: 'Done' }], usage(10, 5)),
  answer('m-none', [{ type: 'text', text: 'API Error' }], usage(0, 0), '<synthetic>'),
  user('p-2', [{ type: 'text', text: 'and now?' }]),
  answer('m-3', [{ type: 'text', text: 'Yes' }], usage(1, 1), 'claude-haiku-5-5'),
  { type: 'cost-state', totalCostUSD: 0.25 },
]

describe('a transcript', () => {
  test('counts each answer once, whatever the lines it spans, and gives it to its prompt', () => {
    const totals = add(session)
    expect(totals).toMatchObject({
      session: 's-1',
      cwd: '/home/ada/tides',
      branch: 'main',
      model: 'claude-haiku-5-5',
      tokens: { in: 111, out: 26, cacheRead: 21, cacheWrite: 9 },
      ...{ calls: 3, prompts: 2, tools: 2, failures: 1, cost: 0.25, lines: 12, badLines: 0 },
    })
    expect(totals.recentPrompts).toMatchObject([
      { id: 'p-1', calls: 2, model: 'claude-opus-5-5', tokens: { in: 110, out: 25 } },
      { id: 'p-2', calls: 1, model: 'claude-haiku-5-5', tokens: { in: 1, out: 1 } },
    ])
  })

  test('is called what a person named it, else what the program did, else how it began', () => {
    const titles = [
      ['Mend the tide clock please', []],
      ['Tides', [{ type: 'summary', summary: 'Tides' }]],
      [
        'Ebb',
        [
          { type: 'ai-title', aiTitle: 'Ebb' },
          { type: 'summary', summary: 'Tides' },
        ],
      ],
      [
        'Agent',
        [
          { type: 'agent-name', agentName: 'Agent' },
          { type: 'summary', summary: 'Tides' },
        ],
      ],
      [
        'Mine',
        [
          { type: 'custom-title', customTitle: 'Mine' },
          { type: 'ai-title', aiTitle: 'Ebb' },
        ],
      ],
    ] as const
    for (const [title, lines] of titles) expect(titleOf(add([...session, ...lines]))).toBe(title)
    expect(titleOf(add([]))).toBeUndefined()
  })

  test('has a title that is cut between words', () => {
    const title = titleOf(add([user('p', `${'word '.repeat(38)}a-token-that-is-cut-somewhere and more`)]))
    expect(title).toBe(`${'word '.repeat(38)}…`)
    expect(titleOf(add([user('p', '字'.repeat(300))]))).toBe(`${'字'.repeat(199)}…`)
  })

  test('takes no line for a prompt that nobody typed', () => {
    const none = [
      user('p', 'Caveat: The messages below were generated', { isMeta: true }),
      user('p', 'a summary', { isCompactSummary: true }),
      user('p', 'a task', { isSidechain: true }),
      user('p', '[Request interrupted by user]'),
      user('p', result('t')),
    ]
    expect(add(none)).toMatchObject({ prompts: 0, titles: {} })
    const made = user('p', '<task-notification>done</task-notification>')
    expect(add([made])).toMatchObject({ prompts: 1, titles: {} })
    const command = user('p', '<command-name>/review</command-name><command-args>main</command-args>')
    expect(titleOf(add([command]))).toBe('/review main')
  })

  test('passes over what it cannot read, and counts it', () => {
    const odd = [
      undefined,
      'long',
      { type: 'assistant', message: 7 },
      { type: 'user', message: { content: [null, 7] } },
    ]
    const totals = add([
      ...odd,
      { type: 'unheard-of' },
      { type: 'assistant', message: { usage: { input_tokens: 'x' } } },
    ])
    expect(totals).toMatchObject({ lines: 6, badLines: 1, longLines: 1, tokens: { in: 0 } })
  })

  test('of Codex has its sums in it', () => {
    const info = { total_token_usage: { input_tokens: 100, cached_input_tokens: 40, output_tokens: 9 } }
    const lines = [
      {
        timestamp: '2026-11-23T00:35:27.307Z',
        type: 'session_meta',
        payload: { id: 'c-1', cwd: '/x', git: { branch: 'b' } },
      },
      { type: 'turn_context', payload: { model: 'gpt-6', cwd: '/x' } },
      { type: 'event_msg', payload: { type: 'user_message', message: 'mend it' } },
      {
        type: 'event_msg',
        payload: {
          type: 'item_completed',
          item: { type: 'UserMessage', content: [{ type: 'text', text: 'and this' }] },
        },
      },
      { type: 'response_item', payload: { type: 'function_call' } },
      { type: 'event_msg', payload: { type: 'token_count', info } },
      { type: 'event_msg', payload: { type: 'token_count', info: null } },
    ]
    const totals = add(lines, takeCodexLine)
    expect(totals).toMatchObject({ session: 'c-1', model: 'gpt-6', branch: 'b', tools: 1, prompts: 2 })
    expect(totals.tokens).toEqual({ in: 60, out: 9, cacheRead: 40, cacheWrite: 0 })
    expect(titleOf(totals)).toBe('mend it')
  })
})

describe('a file that grows', () => {
  let folder: string
  let path: string
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'daybook-transcript-'))
    path = join(folder, 't.jsonl')
  })
  afterEach(() => rm(folder, { recursive: true }))

  async function grow(totals: Totals, from: Place | undefined): Promise<{ totals: Totals; place: Place }> {
    let now = structuredClone(totals)
    const place = await readOn(
      path,
      from,
      (anew) => {
        if (anew) now = emptyTotals()
      },
      (line) => takeLine(now, line === undefined ? 'long' : readLine(line)),
    )
    return { totals: JSON.parse(JSON.stringify(now)), place: { file: place.file, offset: place.offset } }
  }

  test('adds up to the same wherever its readings were cut', async () => {
    const text = Buffer.from(
      [...session, 'no json ä', ...session.slice(3)].map((l) => `${JSON.stringify(l)}\n`).join(''),
    )
    await writeFile(path, text)
    const whole = await grow(emptyTotals(), undefined)
    expect(whole.totals.lines).toBe(22)
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(text.length), { maxLength: 6 }), async (cuts) => {
        let read: { totals: Totals; place: Place | undefined } = { totals: emptyTotals(), place: undefined }
        for (const cut of [...cuts.sort((a, b) => a - b), text.length]) {
          await writeFile(path, text.subarray(0, cut))
          read = await grow(read.totals, read.place)
        }
        expect(read.totals).toEqual(whole.totals)
      }),
      { numRuns: 40 },
    )
  })

  test('is read anew if it is another file or has shrunk', async () => {
    await writeFile(path, `${JSON.stringify(session[1])}\n`.repeat(3))
    const first = await grow(emptyTotals(), undefined)
    await writeFile(path, `${JSON.stringify(session[1])}\n`)
    const second = await grow(first.totals, first.place)
    expect(second.totals.lines).toBe(1)
    await rm(path)
    await writeFile(join(folder, 'other'), '')
    await writeFile(path, `${JSON.stringify(session[1])}\n`.repeat(2))
    const third = await grow(second.totals, second.place)
    expect(third.totals.lines).toBe(2)
  })

  test('may have a line of 20 MB, which is passed over', async () => {
    const long = JSON.stringify({ type: 'user', text: 'x'.repeat(20e6) })
    await writeFile(path, `${JSON.stringify(session[1])}\n${long}\n${JSON.stringify(session[2])}\n`)
    const { totals } = await grow(emptyTotals(), undefined)
    expect(totals).toMatchObject({ lines: 3, longLines: 1, calls: 1 })
    await writeFile(path, `${'x'.repeat(LINE_MOST)}\n${'x'.repeat(LINE_MOST + 1)}\n`)
    expect((await grow(emptyTotals(), undefined)).totals).toMatchObject({ lines: 2, longLines: 1, badLines: 1 })
  })
})
