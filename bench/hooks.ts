// What hooks cost those who wait for them: the hook of Claude Code against a shell that only reads its input, and the next
// prompt of each shell with our hook and without. Not for: whether what they write is right, which the tests say.
import { execFile, spawn } from 'node:child_process'
import { copyFile, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { makeHome, PROMPT, programOf, type ShellName } from '../test/terminal/shells.ts'
import { median, rounded } from './statistics.ts'

const run = promisify(execFile)
const root = resolve(import.meta.dirname, '..')

interface Percentiles {
  p50: number
  p99: number
}

/** ms of a run of the hook and of a bare `cat`, in turns; `added` is the difference of each percentile. */
export interface HookFigures {
  count: number
  with: Percentiles
  bare: Percentiles
  added: Percentiles
}

/** The hook of Claude Code, with what a tool of 20 KB tells it, in this folder. */
export async function measureHook(folder: string, count: number): Promise<HookFigures> {
  const hook = join(folder, 'capture.sh')
  await copyFile(join(root, 'bridges/claude-code/plugin/hooks/capture.sh'), hook)
  await writeFile(join(folder, 'spool'), `${join(folder, 'kept')}\n`)
  const input = JSON.stringify({
    session_id: 'bench',
    hook_event_name: 'PostToolUse',
    tool_response: 'x'.repeat(20_000),
  })
  const times = { hook: [] as number[], bare: [] as number[] }
  for (let index = 0; index < count; index++) {
    times.hook.push(await timed(['/bin/sh', hook, 'claude_code', 'PostToolUse'], input))
    times.bare.push(await timed(['/bin/sh', '-c', 'cat >/dev/null'], input))
  }
  const [withHook, bare] = [percentiles(times.hook), percentiles(times.bare)]
  const added = { p50: rounded(withHook.p50 - bare.p50), p99: rounded(withHook.p99 - bare.p99) }
  return { count, with: withHook, bare, added }
}

async function timed([program = '', ...words]: string[], input: string): Promise<number> {
  const began = performance.now()
  const child = spawn(program, words, { stdio: ['pipe', 'ignore', 'ignore'] })
  child.stdin?.end(input)
  await new Promise((ended) => child.once('exit', ended))
  return performance.now() - began
}

function percentiles(times: number[]): Percentiles {
  const sorted = [...times].sort((a, b) => a - b)
  return { p50: rounded(median(sorted)), p99: rounded(sorted[Math.floor(sorted.length * 0.99)] ?? 0) }
}

/** From Enter to the next prompt in a real shell, with the hook and without; null: the shell is not here. */
export async function measurePrompt(shell: ShellName, count: number): Promise<Record<string, unknown> | null> {
  const program = programOf(shell)
  if (!program) return null
  using hooked = makeHome(shell)
  using bare = makeHome(shell, { bare: true })
  const env = (home: string) => ({ HOME: home, PATH: '/usr/bin:/bin', TERM: 'xterm', LANG: 'C.UTF-8' })
  const plan = {
    argv: [program, '-i'],
    env: env(bare.path),
    hooked: env(hooked.path),
    prompt: PROMPT,
    count,
    cwd: root,
  }
  const { stdout } = await run('python3', [join(root, 'test/terminal/latency.py'), JSON.stringify(plan)])
  return JSON.parse(stdout)
}
