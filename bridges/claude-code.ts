// The Claude Code bridge: sessions, prompts and tool uses as hooks tell them, with transcripts and telemetry. Not for: how,
// which the folder beside this file shows: plugin/ writes, spool and call read, translate says what it means.
import { defineBridge } from './bridge.ts'
import { openHooks } from './claude-code/bridge.ts'
import type { HookCall } from './claude-code/call.ts'
import { type HooksConfig, hooksConfig } from './claude-code/config.ts'
import { type ExampleContext, exampleContext, examples, telemetryExamples } from './claude-code/examples.ts'
import { tellRecord } from './claude-code/telemetry/events.ts'
import type { OtlpRecord } from './claude-code/telemetry/otlp.ts'
import { openTelemetry, telemetryPaths } from './claude-code/telemetry/telemetry.ts'
import { translateCall } from './claude-code/translate.ts'

const all = [...examples, ...telemetryExamples]

export const claudeCode = defineBridge<HooksConfig, HookCall | OtlpRecord, ExampleContext>({
  name: 'claude_code',
  title: 'Claude Code: sessions, prompts, tool uses and what became of them',
  types: [...new Set(all.flatMap(({ output }) => output.map(({ type }) => type)))],
  never: [
    'Anything that Claude Code does in a folder that you have excluded.',
    'The whole text of a file that it reads or writes: the change is kept, the file is not.',
    'Its credentials and its settings.',
  ],
  config: hooksConfig,
  exampleConfig: { silentMinutes: 30 },
  always: true,
  exampleContext,
  examples: all,
  translate: (input, context) => {
    const isRecord = typeof input === 'object' && input !== null && 'attributes' in input
    return isRecord ? [tellRecord(input, context) ?? []].flat() : translateCall(input, context)
  },
  paths: telemetryPaths,
  open: (host) => openHooks(host, { source: 'claude_code', telemetry: openTelemetry }),
})
