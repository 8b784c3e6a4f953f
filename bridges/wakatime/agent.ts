// What a user agent of WakaTime's clients says: the editor and the system. Pure. Not for: browsers as such, whose
// heartbeats say by their type what they are (heartbeat.ts).

export interface Agent {
  /** The editor as a source's name; undefined where the agent names none. */
  editor?: string
  /** As the agent writes it: `linux`, `windows`, `mac`. */
  os?: string
}

/** Another name of the same editor, by what is sent. */
const ALIASES: Record<string, string> = {
  visual_studio_code: 'vscode',
  vs_code: 'vscode',
  code: 'vscode',
  ktexteditor: 'kate',
  intellijidea: 'intellij',
  intellij_idea: 'intellij',
  idea: 'intellij',
  sublime_text: 'sublime',
  claude: 'claude_code',
}

/** What stands in an agent besides the editor: the client itself, what it runs on, and language servers between. */
const OTHERS = /^(?:wakatime|wakatime-(?:cli|ls)|go[\d.]*|python[\d.]*\S*|unknown|mozilla|applewebkit)$/i

/** Programs that write for the person, which stand beside the editor they run in: they are what works. */
const AGENTS = /^(?:claude|claude-code|codex|copilot|cline|opencode|aider|goose|amp|[a-z-]+-(?:cli|tui))$/i

/**
 * `wakatime/v1.90 (linux-6.8-x86_64) go1.22 vscode/1.90.0 vscode-wakatime/24.6.0`: the program before the plugin is the
 * editor, the plugin's own name where nothing else is. What does not come from a client of WakaTime names none.
 */
export function readAgent(userAgent: string): Agent {
  if (!/wakatime/i.test(userAgent)) return {}
  const os = /\(\s*([A-Za-z]+)/.exec(userAgent)?.[1] ?? /\s(linux|mac|win)[_-]\S+/i.exec(userAgent)?.[1]
  const names = userAgent
    .replace(/\([^)]*\)/g, ' ')
    .split(/\s+/)
    .filter((word) => word.includes('/'))
    .map((word) => word.slice(0, word.indexOf('/')))
  const plugin = names.find((name) => /.-wakatime$/i.test(name))?.slice(0, -'-wakatime'.length)
  const programs = names.filter((name) => !/-wakatime$/i.test(name) && !OTHERS.test(name))
  const editor = wordOf(programs.find((name) => AGENTS.test(name)) ?? programs[0] ?? plugin ?? '')
  return { ...(editor && { editor }), ...(os && { os: os.toLowerCase() }) }
}

/** A name as a source's: lower case, digits and `_`. */
function wordOf(name: string): string {
  const word = name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '_')
    .replace(/^_+|_+$/g, '')
    .slice(0, 48)
  return ALIASES[word] ?? word
}
