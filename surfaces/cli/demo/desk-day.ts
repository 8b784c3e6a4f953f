// The made day as the desk saw it: editor, commands, a test that fails and then does not, Claude Code, the browser,
// notes. All of it is invented. Not for: the house (house-day.ts).
import { lasting, type Moment, speaker } from './moment.ts'

const project = { project: 'tide', branch: 'main', cwd: '/home/mira/tide' }
const login = { session: 'heron-login-1' }

const terminal = speaker('terminal', login)
const editor = speaker('vscode', login)
const browser = speaker('browser', login)
const windows = speaker('window', login)
const afk = speaker('afk', login)
const git = speaker('git')
const obsidian = speaker('obsidian')
const note = speaker('manual')
const mcp = speaker('mcp')

function command(at: string, text: string, seconds: number, exit_code = 0, more: Record<string, unknown> = {}): Moment {
  const told = exit_code === 0 ? `$ ${text}` : `$ ${text} (exit ${exit_code})`
  return terminal(at, 'command', told, { command: text, ...project, host: 'heron', exit_code, ...more }, { seconds })
}

function editing(id: string, from: string, to: string, file: string, lines: number): Moment[] {
  const begin = editor(from, 'edit', `Editing ${file}`, { file, ...project, language: languageOf(file) })
  return lasting(id, begin, { at: to, summary: `Edited ${file}`, data: { lines } })
}

const languageOf = (file: string) =>
  ({ ts: 'typescript', md: 'markdown', css: 'css' })[file.split('.').at(-1) ?? ''] ?? 'text'

const visit = (at: string, seconds: number, title: string, url: string, audible = false) =>
  browser(at, 'visit', title, { url, title, domain: new URL(url).hostname, audible }, { seconds })

const presence = (at: string, state: 'active' | 'away') =>
  afk(at, 'presence', state === 'active' ? 'At the desk' : 'Away from the desk', { state })

const commit = (at: string, subject: string, files: number) =>
  git(at, 'commit', `Commit: ${subject}`, { repo: 'tide', branch: 'main', subject, files })

const vault = (at: string, path: string, added: number, removed: number, tags: string[] = []) =>
  obsidian(at, 'note_edit', `${path}: ${added} lines added${removed > 0 ? `, ${removed} removed` : ''}`, {
    path,
    added,
    removed,
    tags,
  })

/** Everything of one Claude Code session; what follows a prompt has it as the cause. */
function claude(session: string) {
  const say = speaker('claude_code', { session })
  const where = { ...project, model: 'claude' }
  return {
    say: (at: string, type: string, summary: string, data = {}, more = {}) =>
      say(at, type, summary, { ...where, ...data }, more),
    prompt: (at: string, id: string, text: string) =>
      say(at, 'prompt', `Asked Claude: ${text}`, { ...where, text }, { cause: { id } }),
    tool: (at: string, prompt: string, tool: string, summary: string, data: Record<string, unknown> = {}) =>
      say(
        at,
        'tool',
        `${tool}: ${summary}`,
        { ...where, tool, ok: true, ...data },
        { cause: { id: `${prompt}-${at}`, parentId: prompt } },
      ),
  }
}

const bug = claude('3f0c7b52-tide-clocks')
const release = claude('a81d02e4-tide-release')

const failing = 'tables > the night in which the clocks change > has one high water at 02:14, not two'

/** What the test runner wrote: longer than a message may be, so it goes to the object store and a head of it stays. */
const testOutput = [
  ...Array.from(
    { length: 96 },
    (_, n) =>
      ` ✓ tables > harbour ${String(n + 1).padStart(2, '0')} > high and low water of the year (${31 + ((n * 7) % 23)} ms)`,
  ),
  ` ✗ ${failing}`,
  '   AssertionError: expected [ 02:14, 02:14 ] to have a length of 1 but got 2',
  '   at test/tables.test.ts:212:31',
  ' Tests  1 failed, 96 passed (97)',
].join('\n')

const patch = `@@ -41,7 +41,9 @@ export function highWaters(day: Day, harbour: Harbour) {
-  for (let hour = 0; hour < 24; hour++) {
-    const at = new Date(day.year, day.month, day.date, hour)
+  // A day is not always 24 hours long: step through the instants, name them in local time at the end.
+  const { begin, end } = instantsOf(day, harbour.timeZone)
+  for (let at = begin; at < end; at += HOUR) {
     const height = heightAt(at, harbour)`

/** In no order; day.ts sorts it. */
export const deskDay: readonly Moment[] = [
  presence('08:12:00', 'active'),
  windows('08:12:20', 'focus', 'Mail: 4 unread', { app: 'Mail', title: 'Mail: 4 unread' }, { seconds: 380, ...login }),
  visit('08:18:50', 240, 'Tide and weather for the week', 'https://weather.example/coast/week'),
  vault('08:24:00', 'Journal/today.md', 7, 0, ['journal']),
  command('08:27:10', 'git pull --rebase', 3),
  ...editing('table', '08:28:30', '09:04:10', 'src/high-water.ts', 58),
  visit('08:41:00', 310, 'Time zones and calendars: a field guide', 'https://docs.example/time-zones/field-guide'),
  command('09:05:20', 'npm test', 14, 1, { output: testOutput }),
  command('09:06:30', `npm test -- -t 'clocks change'`, 4, 1),
  bug.say(
    '09:07:40',
    'session',
    'Claude Code session in tide',
    { tokens_in: 0, tokens_out: 0 },
    { activity: 'claude-bug', phase: 'start' },
  ),
  bug.prompt('09:08:05', 'p1', 'why two high waters when the clocks change?'),
  bug.tool('09:08:12', 'p1', 'Read', 'src/high-water.ts', { file: 'src/high-water.ts' }),
  bug.tool('09:08:15', 'p1', 'Grep', `"getHours" in src, 4 found`, { pattern: 'getHours' }),
  bug.say(
    '09:08:20',
    'subagent',
    'Subagent: looks for other places that count 24 hours',
    { agent: 'explore', ok: true },
    { seconds: 41, cause: { id: 'p1-agent', parentId: 'p1' } },
  ),
  bug.tool('09:09:30', 'p1', 'Bash', 'npm test, 1 failed', { command: 'npm test', exit_code: 1, ok: false }),
  bug.say('09:10:10', 'error', 'Claude Code: overloaded, tried again after 4 s', { ok: false, error: 'overloaded' }),
  bug.prompt('09:12:40', 'p2', 'step through instants, leave the tables alone'),
  bug.tool('09:13:20', 'p2', 'Edit', 'src/high-water.ts, 5 lines', { file: 'src/high-water.ts', patch }),
  bug.tool('09:13:52', 'p2', 'Bash', 'npm test, 97 passed', { command: 'npm test', exit_code: 0 }),
  bug.say(
    '09:15:30',
    'session',
    'Claude Code session in tide',
    { tokens_in: 48_210, tokens_out: 3_905, prompts: 2 },
    { activity: 'claude-bug', phase: 'end', seconds: 470, contentRef: 'transcript' },
  ),
  command('09:16:20', 'npm test', 12),
  command('09:18:00', 'git diff --stat', 1),
  commit('09:21:30', 'A day of the tables is as long as it is', 2),
  command('09:21:50', 'git push', 4),
  mcp('09:22:30', 'remember', 'Remembered: tables of tide step through instants', {
    text: 'Tables of tide step through instants, never through hours of a day',
    tags: ['tide', 'decision'],
  }),
  visit('09:31:00', 540, 'Harbour forum: tables wrong in October?', 'https://forum.harbour.example/t/4711'),
  ...editing('readme', '09:44:00', '10:29:30', 'README.md', 34),
  presence('10:31:40', 'away'),
  presence('10:48:50', 'active'),
  windows(
    '11:00:10',
    'focus',
    'Weekly with the harbour office',
    { app: 'Meet', title: 'Weekly with the harbour office' },
    { seconds: 2690, ...login },
  ),
  visit('11:00:20', 2680, 'Meet: weekly with the harbour office', 'https://meet.example/harbour-weekly', true),
  vault('11:46:30', 'Work/harbour-office.md', 18, 3, ['meeting']),
  ...editing('print', '11:49:00', '12:09:40', 'src/print.css', 21),
  command('12:10:10', 'npx tsc', 6, 2),
  command('12:13:30', 'npx tsc', 6),
  commit('12:16:20', 'The printed table fits one page', 1),
  presence('12:19:00', 'away'),
  presence('12:58:40', 'active'),
  visit('12:59:00', 150, 'Leek and potato soup in forty minutes', 'https://kitchen.example/leek-and-potato-soup'),
  presence('13:01:50', 'away'),
  presence('14:52:00', 'active'),
  release.say(
    '14:55:10',
    'session',
    'Claude Code session in tide',
    { tokens_in: 0, tokens_out: 0 },
    { activity: 'claude-release', phase: 'start' },
  ),
  release.prompt('14:55:40', 'p3', 'release notes for people who read tables, not code'),
  release.tool('14:55:52', 'p3', 'Bash', 'git log --oneline v2.3..', {
    command: 'git log --oneline v2.3..',
    exit_code: 0,
  }),
  release.say('14:57:30', 'compaction', 'Claude Code summed up the conversation to go on', { trigger: 'auto' }),
  release.tool('14:58:20', 'p3', 'Write', 'CHANGELOG.md, 18 lines', { file: 'CHANGELOG.md' }),
  release.say(
    '15:04:00',
    'session',
    'Claude Code session in tide',
    { tokens_in: 21_870, tokens_out: 1_240, prompts: 1 },
    { activity: 'claude-release', phase: 'end', seconds: 530 },
  ),
  ...editing('changelog', '15:05:20', '15:19:00', 'CHANGELOG.md', 12),
  commit('15:22:10', '2.4.0', 3),
  command('15:23:00', 'npm version minor', 5),
  command('15:23:40', 'git push --follow-tags', 4),
  visit('15:26:30', 420, 'Harbour forum: fixed in 2.4, thank you', 'https://forum.harbour.example/t/4711#12'),
  mcp('15:35:00', 'log', 'Logged: released tide 2.4.0', { text: 'Released tide 2.4.0', project: 'tide' }),
  vault('15:48:00', 'Ideas/tide-widget.md', 41, 6, ['idea', 'tide']),
  ...editing('widget', '16:05:30', '17:21:00', 'src/widget.ts', 133),
  command('17:22:10', 'npm test', 13),
  commit('17:25:00', 'A first widget, behind a flag', 4),
  note('17:29:00', 'note', 'Jonas comes on Friday and brings the dough', {
    text: 'Jonas comes on Friday and brings the dough',
    tags: ['friends'],
  }),
  presence('17:32:30', 'away'),
  note('21:44:00', 'note', 'Good film. The cat was right all along.', {
    text: 'Good film. The cat was right all along.',
    tags: ['film'],
  }),
]
