// Where transcripts of the past lie: each session's file with those of its subagents. Not for: what they say.
import { open, opendir, readFile, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { DaybookError } from '../../../schemas/errors.ts'
import { objectIn, readLine, textIn } from './lines.ts'

export interface Found {
  path: string
  size: number
  /** Epoch ms. */
  changedAt: number
}

export interface FoundSession extends Found {
  session: string
  agents: (Found & { agent: string; type?: string | undefined })[]
}

const DEEPEST = 6
const AGENT = /^agent-(.+)\.jsonl$/
const HEAD = 64 * 1024

/** Oldest first, by when they were written last. Rejects with `invalid` where nothing can be read. */
export async function findTranscripts(from: string, signal: AbortSignal): Promise<FoundSession[]> {
  const about = await stat(from).catch((error) => {
    throw new DaybookError('invalid', `from: ${from} cannot be read (${error.code}); say where with --from.`)
  })
  const files: Found[] = []
  if (about.isDirectory()) await collect(from, 0, files, signal)
  else files.push({ path: from, size: about.size, changedAt: Math.round(about.mtimeMs) })
  const sessions: FoundSession[] = []
  const agents: { of: string; found: FoundSession['agents'][number] }[] = []
  for (const file of files) {
    if (signal.aborted) return []
    const [, agent] = AGENT.exec(basename(file.path)) ?? []
    const session = (await sessionIn(file.path)) ?? (agent === undefined ? nameOf(file.path) : undefined)
    if (session === undefined) continue
    if (agent === undefined) sessions.push({ ...file, session, agents: [] })
    else agents.push({ of: session, found: { ...file, agent, type: await typeOf(file.path) } })
  }
  const bySession = new Map(sessions.map((each) => [each.session, each]))
  for (const { of, found } of agents) bySession.get(of)?.agents.push(found)
  return sessions.sort((a, b) => a.changedAt - b.changedAt)
}

async function collect(folder: string, depth: number, into: Found[], signal: AbortSignal): Promise<void> {
  if (depth > DEEPEST || signal.aborted) return
  for await (const entry of await opendir(folder).catch(() => [])) {
    const path = join(folder, entry.name)
    if (entry.isDirectory() && entry.name !== 'tool-results') await collect(path, depth + 1, into, signal)
    if (!entry.isFile() || !entry.name.endsWith('.jsonl')) continue
    const about = await stat(path).catch(() => undefined)
    if (about && about.size > 0) into.push({ path, size: about.size, changedAt: Math.round(about.mtimeMs) })
  }
}

/** The files of either program end with the session's UUID. */
function nameOf(path: string): string {
  const name = basename(path, '.jsonl')
  return /[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/.exec(name)?.[0] ?? name
}

/** As the first lines say it. */
async function sessionIn(path: string): Promise<string | undefined> {
  try {
    await using file = await open(path, 'r')
    const { buffer, bytesRead } = await file.read(Buffer.alloc(HEAD), 0, HEAD, 0)
    const lines = buffer.subarray(0, bytesRead).toString().split('\n')
    for (const line of lines) {
      const facts = readLine(line) ?? {}
      const meta = facts.type === 'session_meta' ? textIn(objectIn(facts, 'payload') ?? {}, 'id') : undefined
      const session = textIn(facts, 'sessionId') ?? meta
      if (session !== undefined) return session
    }
  } catch {
    // It went away meanwhile.
  }
  return undefined
}

async function typeOf(path: string): Promise<string | undefined> {
  const name = `${basename(path, '.jsonl')}.meta.json`
  const text = await readFile(join(dirname(path), name), 'utf8').catch(() => '')
  return textIn(readLine(text) ?? {}, 'agentType')
}
