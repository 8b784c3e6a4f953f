// The Codex bridge: the same hooks as Claude Code's, told by another program. Not for: what they mean, which claude-code/
// says for both.
import { defineBridge } from './bridge.ts'
import { openHooks } from './claude-code/bridge.ts'
import type { HookCall } from './claude-code/call.ts'
import { type HooksConfig, hooksConfig } from './claude-code/config.ts'
import { codexContext, codexExamples, type ExampleContext } from './claude-code/examples.ts'
import { translateCall } from './claude-code/translate.ts'

export const codex = defineBridge<HooksConfig, HookCall, ExampleContext>({
  name: 'codex',
  title: 'Codex: sessions, prompts and tool uses',
  types: [...new Set(codexExamples.flatMap(({ output }) => output.map(({ type }) => type)))],
  never: ['Anything that Codex does in a folder that you have excluded.', 'Its credentials and its settings.'],
  config: hooksConfig,
  exampleConfig: { silentMinutes: 30 },
  exampleContext: codexContext,
  examples: codexExamples,
  translate: translateCall,
  open: (host) => openHooks(host, { source: 'codex' }),
})
