// `daybook import`: brings in the past of a source and shows how far it is. Not for: how a source is read (bridges/).
import { resolve } from 'node:path'
import { wallClock } from '../../component.ts'
import { DaybookError, type ErrorCode, errors } from '../../schemas/errors.ts'
import { getAccounting } from '../operations/get-accounting.ts'
import { beginImport, endImport, getImport, type ImportState } from '../operations/imports.ts'
import type { Client } from './client.ts'
import { exitCodes } from './exit-codes.ts'
import { localDay, localTime, parseTime, timeForms } from './times.ts'
import type { Call, Verb } from './verb.ts'

const LOOK_MS = 500
/** For the last of it to be stored, after the source is read. */
const SETTLE_MS = 60_000

interface Account extends Books {
  producer: string
}

interface Books {
  received: number
  stored: number
  duplicates: number
  suppressed: number
  rejected: number
}

export const importVerb: Verb = {
  name: 'import',
  summary: 'Bring in what a source still holds of its past; can be repeated, nothing is doubled',
  words: '<source>',
  options: [
    { name: 'from', value: 'FILE', summary: 'A file or a URL to read; default: where the source keeps its past' },
    { name: 'since', value: 'TIME', summary: 'Not what is older; default: everything' },
    { name: 'until', value: 'TIME', summary: 'Not what is newer; default now' },
  ],
  details: `The source is a bridge that is on: home-assistant, frigate, activitywatch, wakatime, claude-code, codex, terminal. Ctrl-C ends it; what it brought in stays. A TIME is one of: ${timeForms}.`,
  examples: [
    'import home-assistant',
    'import frigate --since 2026-11-01',
    'import activitywatch --from aw-buckets-export.json',
  ],
  async run(call) {
    const [word, ...more] = call.words
    if (word === undefined || more.length > 0)
      throw new DaybookError('usage', 'Name one source: daybook import frigate.')
    const client = call.connect()
    const stopped = call.interrupted()
    const [since, until] = (['since', 'until'] as const).map((name) => {
      const text = call.text(name)
      return text === undefined ? undefined : parseTime(`--${name}`, text, call.now, call.config().timezone)
    })
    const source = word.replaceAll('-', '_')
    const from = placeOf(call.text('from'))
    const then = await accountsOf(client)
    let state = await client.call(beginImport, { source, from, since, until })
    let told = ''
    while (state.state === 'running') {
      await wallClock.sleep(LOOK_MS, stopped)
      state = stopped.aborted
        ? await client.call(endImport, { id: state.id })
        : await client.call(getImport, { id: state.id })
      const line = progressLine(state, call)
      if (!call.json && line !== told) call.io.stderr.write(line)
      told = line
    }
    if (state.error) {
      const code = state.error.code in errors ? (state.error.code as ErrorCode) : 'internal'
      throw new DaybookError(code, state.error.message.replace(errors[code].sentence, '').trim())
    }
    const before = booksOf(then, state.producer)
    const after = await settled(client, state.producer, before.received + (state.progress?.emitted ?? 0))
    const brought = {
      new: after.stored - before.stored,
      known: after.duplicates - before.duplicates,
      // Paused, forgotten or denied.
      suppressed: after.suppressed - before.suppressed,
      rejected: after.rejected - before.rejected,
    }
    if (call.json) await call.print(JSON.stringify({ ...state, ...brought }))
    else {
      const { read = 0, emitted = 0, what = 'nothing' } = state.progress ?? {}
      const ended = state.state === 'stopped' ? 'Stopped early. ' : ''
      const away = brought.suppressed > 0 ? `, ${brought.suppressed} kept away by a pause or a rule` : ''
      const refused = brought.rejected > 0 ? `, ${brought.rejected} refused (\`daybook rejected\` says why)` : ''
      await call.print(
        `${ended}Read ${read} (${what}): ${emitted} activities, ${brought.new} new, ${brought.known} known${away}${refused}.`,
      )
    }
    return exitCodes.ok
  },
}

/** The house reads it, from a folder of its own. */
function placeOf(from: string | undefined): string | undefined {
  return from === undefined || /^https?:/.test(from) ? from : resolve(from)
}

function progressLine({ progress, source }: ImportState, call: Call): string {
  if (!progress) return ''
  const { timezone } = call.config()
  const at = `${localDay(progress.at, timezone)} ${localTime(progress.at, timezone)}`
  return `${source}: ${progress.what} up to ${at}: ${progress.read} read, ${progress.emitted} activities\n`
}

async function accountsOf(client: Client): Promise<Account[]> {
  return (await client.call(getAccounting, {})).producers
}

/** Of a producer, whatever sources its activities bear. */
function booksOf(accounts: readonly Account[], producer: string): Books {
  const sum = (key: keyof Books) =>
    accounts.reduce((all, each) => all + (each.producer === producer ? each[key] : 0), 0)
  const [received, stored, duplicates] = [sum('received'), sum('stored'), sum('duplicates')]
  return { received, stored, duplicates, suppressed: sum('suppressed'), rejected: sum('rejected') }
}

/** The books once everything emitted is in them, or once they stand still. */
async function settled(client: Client, producer: string, received: number): Promise<Books> {
  const late = Date.now() + SETTLE_MS
  for (;;) {
    const books = booksOf(await accountsOf(client), producer)
    if (books.received >= received || Date.now() > late) return books
    await wallClock.sleep(LOOK_MS)
  }
}
