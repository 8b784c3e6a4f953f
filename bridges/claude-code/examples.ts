// What the hooks of Claude Code and Codex tell, one call a piece, as documentation, contract test and dry run. Not for:
// recorded calls of the real programs, which test/claude-code holds.
import type { BridgeExample } from '../bridge.ts'
import type { HookCall } from './call.ts'
import { keys } from './keys.ts'
import type { HookContext } from './notify.ts'
import { newSession, type Session } from './session.ts'
import type { OtlpRecord } from './telemetry/otlp.ts'

export interface ExampleContext extends HookContext {
  /** The session that the calls belong to; another one begins. */
  session: Session
}

const SESSION = '5f0c3ad2-6a53-4f0e-9a63-6f1f0b6f4c11'
const PROMPT = '0d4b1f6e-58a5-4a53-8a0f-2f3d0d2b9a77'
const T0 = 1_760_000_000_000

function contextOf(source: string): ExampleContext {
  const prompt = keys.prompt(SESSION, PROMPT)
  const session: Session = {
    ...newSession(SESSION, source, keys.session(SESSION), T0),
    ...{ cwd: '/home/ada/kiln', project: 'kiln', branch: 'main', prompt, promptAt: T0 + 1000 },
    open: {
      [prompt]: { type: 'prompt', at: T0 + 1000, summary: 'Why does the oven test fail?', cause: PROMPT },
      [keys.compaction(SESSION, T0 + 50_000)]: { type: 'compaction', at: T0 + 50_000, summary: 'It compacts' },
    },
    counts: { prompts: 1, tools: 2, failures: 1 },
  }
  const known = {
    at: (_key: string, _phase: string, time: number) => time,
    when: () => undefined,
    nearby: () => undefined,
  }
  return { space: 'home', now: T0 + 60_000, source, known, session }
}

function callsOf(source: string) {
  const place = { project: 'kiln', branch: 'main' }
  return (event: string, after: number, body: Record<string, unknown>): HookCall => {
    const turn = source === 'codex' ? { turn_id: PROMPT } : { prompt_id: PROMPT }
    const own = { session_id: SESSION, cwd: '/home/ada/kiln', hook_event_name: event, ...turn }
    return { source, event, at: T0 + after, body: { ...own, ...body }, place }
  }
}

const facts = { cwd: '/home/ada/kiln', project: 'kiln', branch: 'main' }
const claude = callsOf('claude_code')
const codex = callsOf('codex')
const bash = { tool_name: 'Bash', tool_input: { command: 'npm test' }, tool_use_id: 'toolu_01' }

export const exampleContext = contextOf('claude_code')
export const codexContext = contextOf('codex')

export const examples: BridgeExample<HookCall>[] = [
  {
    title: 'A session begins',
    input: claude('SessionStart', 0, {
      session_id: 'b2f7a2c0-0000-4000-8000-000000000001',
      prompt_id: undefined,
      source: 'startup',
      model: 'claude-opus-5-5',
    }),
    output: [
      {
        type: 'session',
        phase: 'start',
        summary: 'Claude Code in kiln (main) began',
        activityId: 'session/b2f7a2c0-0000-4000-8000-000000000001',
        data: { reason: 'startup', ...facts, model: 'claude-opus-5-5' },
      },
    ],
  },
  {
    title: 'A person asks',
    input: claude('UserPromptSubmit', 90_000, {
      prompt_id: 'p2',
      prompt: 'Fix it, please',
      permission_mode: 'default',
    }),
    output: [
      { type: 'prompt', phase: 'end', data: { ok: false, reason: 'interrupted', ...facts } },
      {
        type: 'prompt',
        phase: 'start',
        summary: 'Fix it, please',
        cause: { id: 'p2' },
        data: { prompt: 'Fix it, please', by: 'user', typed: true, ...facts, permission_mode: 'default' },
      },
    ],
  },
  {
    title: 'It has answered',
    input: claude('Stop', 55_000, {
      last_assistant_message: 'The clock was wrong.',
      stop_hook_active: false,
      background_tasks: [],
    }),
    output: [
      {
        type: 'prompt',
        phase: 'end',
        summary: 'Why does the oven test fail?',
        duration: 54_000,
        data: { ok: true, answer: 'The clock was wrong.', ...facts },
      },
    ],
  },
  {
    title: 'The API failed',
    input: claude('StopFailure', 56_000, { error: 'rate_limit', last_assistant_message: 'API Error: 429' }),
    output: [
      {
        type: 'error',
        summary: 'API Error: 429',
        data: { error: 'rate_limit', message: 'API Error: 429', ok: false, ...facts },
      },
      { type: 'prompt', phase: 'end', data: { ok: false, error: 'rate_limit', answer: 'API Error: 429', ...facts } },
    ],
  },
  {
    title: 'It runs a command',
    input: claude('PreToolUse', 2000, bash),
    output: [
      {
        type: 'tool',
        phase: 'start',
        summary: 'Bash: npm test',
        activityId: keys.tool(SESSION, 'toolu_01'),
        data: { tool: 'Bash', tool_use_id: 'toolu_01', input: { command: 'npm test' }, ...facts },
      },
    ],
  },
  {
    title: 'The command failed',
    input: claude('PostToolUseFailure', 9000, {
      ...bash,
      error: 'Exit code 1\n2 tests failed',
      is_interrupt: false,
      duration_ms: 7000,
    }),
    output: [
      {
        type: 'tool',
        phase: 'end',
        duration: 7000,
        data: {
          tool: 'Bash',
          tool_use_id: 'toolu_01',
          input: { command: 'npm test' },
          ok: false,
          exit_code: 1,
          error: 'Exit code 1\n2 tests failed',
          ...facts,
        },
      },
    ],
  },
  {
    title: 'A subagent has ended',
    input: claude('SubagentStop', 40_000, {
      agent_id: 'a17',
      agent_type: 'Explore',
      last_assistant_message: 'Found it',
    }),
    output: [
      {
        type: 'subagent',
        phase: 'end',
        summary: 'Subagent Explore',
        data: { ok: true, answer: 'Found it', ...facts, agent: 'a17', agent_type: 'Explore' },
      },
    ],
  },
  {
    title: 'The context was compacted',
    input: claude('PostCompact', 58_000, { trigger: 'auto', compact_summary: 'The oven test' }),
    output: [
      {
        type: 'compaction',
        phase: 'end',
        duration: 8000,
        data: { ok: true, trigger: 'auto', compact_summary: 'The oven test', ...facts },
      },
    ],
  },
  {
    title: 'It waits for a person',
    input: claude('Notification', 20_000, {
      message: 'Claude needs your permission to use Bash',
      notification_type: 'permission_prompt',
    }),
    output: [
      {
        type: 'notification',
        summary: 'Claude needs your permission to use Bash',
        data: { message: 'Claude needs your permission to use Bash', kind: 'permission_prompt', ...facts },
      },
    ],
  },
  {
    title: 'It asks whether it may',
    input: claude('PermissionRequest', 19_000, { tool_name: 'Bash', tool_input: { command: 'rm -r build' } }),
    output: [
      {
        type: 'permission',
        summary: 'May it? Bash: rm -r build',
        data: { tool: 'Bash', decision: 'asked', input: { command: 'rm -r build' }, ...facts },
      },
    ],
  },
  {
    title: 'A task was created',
    input: claude('TaskCreated', 21_000, { task_id: '3', task_subject: 'Mend the clock' }),
    output: [
      {
        type: 'task',
        phase: 'start',
        summary: 'Task: Mend the clock',
        data: { task: '3', subject: 'Mend the clock', ...facts },
      },
    ],
  },
  {
    title: 'Something that is new to Daybook',
    input: claude('MoonRose', 22_000, { phase_of_moon: 'full' }),
    output: [
      {
        type: 'event',
        summary: 'Claude Code: MoonRose',
        data: { event: 'MoonRose', ...facts, extra: { phase_of_moon: 'full' } },
      },
    ],
  },
  {
    title: 'The session ends',
    input: claude('SessionEnd', 80_000, { reason: 'prompt_input_exit' }),
    output: [
      { type: 'prompt', phase: 'end', data: { ok: false, reason: 'session_ended', ...facts } },
      { type: 'compaction', phase: 'end', data: { reason: 'session_ended', ...facts } },
      {
        type: 'session',
        phase: 'end',
        summary: 'Claude Code in kiln (main) ended after 1 prompt and 2 tool uses',
        duration: 80_000,
        data: { ok: true, reason: 'prompt_input_exit', prompts: 1, tools: 2, failures: 1, ...facts },
      },
    ],
  },
]

export const codexExamples: BridgeExample<HookCall>[] = [
  {
    title: 'It asks whether it may',
    input: codex('PermissionRequest', 19_000, { tool_name: 'Bash', tool_input: { command: 'rm -r build' } }),
    output: [
      {
        type: 'permission',
        data: { tool: 'Bash', decision: 'asked', input: { command: 'rm -r build' }, ...facts },
      },
    ],
  },
  {
    title: 'A subagent begins',
    input: codex('SubagentStart', 30_000, { agent_id: 'a17', agent_type: 'explorer' }),
    output: [{ type: 'subagent', phase: 'start', data: { ...facts, agent: 'a17', agent_type: 'explorer' } }],
  },
  {
    title: 'It compacts its context',
    input: codex('PreCompact', 50_000, { trigger: 'manual' }),
    output: [{ type: 'compaction', phase: 'start', data: { trigger: 'manual', ...facts } }],
  },
  {
    title: 'Something that is new to Daybook',
    input: codex('MoonRose', 22_000, {}),
    output: [{ type: 'event', summary: 'Codex: MoonRose', data: { event: 'MoonRose', ...facts } }],
  },
  {
    title: 'A session begins',
    input: codex('SessionStart', 0, {
      session_id: '01a205e5-9337-7743-a1d3-719663c1f264',
      turn_id: undefined,
      source: 'startup',
      model: 'gpt-5',
    }),
    output: [
      {
        type: 'session',
        phase: 'start',
        summary: 'Codex in kiln (main) began',
        data: { reason: 'startup', ...facts, model: 'gpt-5' },
      },
    ],
  },
  {
    title: 'It has answered',
    input: codex('Stop', 55_000, { last_assistant_message: 'Done', stop_hook_active: false }),
    output: [{ type: 'prompt', phase: 'end', duration: 54_000, data: { ok: true, answer: 'Done', ...facts } }],
  },
  {
    title: 'It ran a command',
    input: codex('PostToolUse', 3000, { ...bash, tool_response: 'hello\n' }),
    output: [
      {
        type: 'tool',
        phase: 'end',
        summary: 'Bash: npm test',
        data: { tool: 'Bash', tool_use_id: 'toolu_01', input: { command: 'npm test' }, output: 'hello\n', ...facts },
      },
    ],
  },
]

export const telemetryExamples: BridgeExample<OtlpRecord>[] = [
  {
    title: 'What a request cost, if its telemetry comes here',
    input: {
      service: 'claude-code',
      name: 'claude_code.api_request',
      at: T0 + 4000,
      attributes: {
        'session.id': SESSION,
        'prompt.id': PROMPT,
        'event.sequence': 7,
        model: 'claude-opus-5-5',
        input_tokens: 1200,
        output_tokens: 300,
        cost_usd: 0.0135,
        duration_ms: 2100,
      },
    },
    output: [
      {
        type: 'usage',
        summary: 'claude-opus-5-5: 1200 tokens in, 300 out for $0.01',
        duration: 2100,
        cause: { id: PROMPT },
        data: { ok: true, cost_usd: 0.0135, tokens_in: 1200, tokens_out: 300, model: 'claude-opus-5-5' },
      },
    ],
  },
]
