// The Claude Code bridge: sessions, prompts and tool uses as hooks tell them, with transcripts and telemetry. Not for: how,
// which the folder beside this file shows: plugin/ writes, spool and call read, translate says what it means.
import { defineBridge } from './bridge.ts'
import { openHooks } from './claude-code/bridge.ts'
import type { HookCall } from './claude-code/call.ts'
import { type HooksConfig, hooksConfig } from './claude-code/config.ts'
import { type ExampleContext, exampleContext, examples } from './claude-code/examples.ts'
import { openTelemetry, telemetryPaths } from './claude-code/telemetry/telemetry.ts'
import { translateCall } from './claude-code/translate.ts'

export const claudeCode = defineBridge<HooksConfig, HookCall, ExampleContext>({
  name: 'claude_code',
  title: 'Claude Code: sessions, prompts, tool uses and what became of them',
  types: [...new Set(examples.flatMap(({ output }) => output.map(({ type }) => type)))],
  never: [
    'Anything that Claude Code does in a folder that you have excluded.',
    'The whole text of a file that it reads or writes: the change is kept, the file is not.',
    'Its credentials and its settings.',
  ],
  config: hooksConfig,
  exampleConfig: { silentMinutes: 30 },
  always: true,
  exampleContext,
  examples,
  translate: translateCall,
  paths: telemetryPaths,
  open: (host) => {
    const source = 'claude_code'
    return openHooks(host, { source, telemetry: (parts) => openTelemetry({ host, source, ...parts }) })
  },
})
