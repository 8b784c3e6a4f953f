// Every bridge there is: the contents page of this folder. Not for: anything else; app.ts starts what is configured and
// registry.test.ts runs the contract over each.
import { activitywatch } from './activitywatch.ts'
import type { Bridge } from './bridge.ts'
import { claudeCode } from './claude-code.ts'
import { codex } from './codex.ts'
import { frigate } from './frigate.ts'
import { homeAssistant } from './home-assistant.ts'
import { manual } from './manual.ts'
import { terminal } from './terminal.ts'
import { wakatime } from './wakatime.ts'

export const registry: readonly Bridge[] = [
  activitywatch,
  claudeCode,
  codex,
  frigate,
  homeAssistant,
  manual,
  terminal,
  wakatime,
]
