// Every source that can be connected at a desk. A new one is a file beside this and a line here. Not for: anything but the
// list.
import { activitywatch } from './activitywatch.ts'
import { claudeCode } from './claude-code.ts'
import { codex } from './codex.ts'
import type { Connector } from './connector.ts'
import { terminal } from './terminal.ts'
import { wakatime } from './wakatime.ts'

export const connectors: readonly Connector[] = [activitywatch, claudeCode, codex, terminal, wakatime]
