// What the connectors of programs with hooks have in common: where the hooks write, the script that does, and how to see
// that it arrives. Not for: how a program is told to run it (claude-code.ts, codex.ts).
import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { CONNECTED } from '../../bridges/claude-code/call.ts'
import { DaybookError } from '../../schemas/errors.ts'
import type { Edit, Proof } from './connector.ts'
import type { Desk } from './desk.ts'

/** The plugin as it is shipped. */
export function pluginFile(desk: Desk, path: string): string {
  return readFileSync(join(desk.product, 'bridges/claude-code/plugin', path), 'utf8')
}

/** Where the hooks of a source write; the script takes it, too, if nobody tells it another. */
export function spoolOf(desk: Desk, source: string): string {
  return join(desk.state, source, 'spool')
}

/** The script and beside it the name of its spool, in this folder; and the spool. */
export function scriptEdits(desk: Desk, source: string, folder: string): Edit[] {
  const spool = spoolOf(desk, source)
  return [
    written(
      join(folder, 'capture.sh'),
      pluginFile(desk, 'hooks/capture.sh'),
      'writes what a hook is told into a file',
      0o700,
    ),
    written(join(folder, 'spool'), `${spool}\n`, 'says where'),
    // A folder is made for a file, and removed with it once it is empty.
    written(join(spool, '.daybook'), 'Hooks write here, Daybook reads and removes it.\n', 'the folder they write into'),
  ]
}

export function written(path: string, text: string, why: string, mode = 0o600): Edit {
  return { path, why, mode, apply: () => text }
}

/** Has the script in this folder write a call, as the program would. Throws `not_installed` if it cannot. */
export async function proveScript(desk: Desk, source: string, folder: string): Promise<Proof> {
  const session = `daybook-connect-${randomUUID()}`
  const input = JSON.stringify({ session_id: session, hook_event_name: CONNECTED, cwd: desk.home })
  const { code, stderr } = await desk.run('/bin/sh', [join(folder, 'capture.sh'), source, CONNECTED], { input })
  if (code !== 0)
    throw new DaybookError('not_installed', `The hook script cannot be run: ${stderr || `it ended with ${code}`}`)
  return { what: 'the hook script wrote something', matches: (activity) => activity.sessionId === session }
}
