// `daybook disconnect`: puts back, byte for byte, what connecting a source changed at this desk. Not for: what it stored,
// which stays.

import { DaybookError } from '../../schemas/errors.ts'
import { deskOf } from '../connect/desk.ts'
import { readJournal, removeAll, undoEdits } from '../connect/edits.ts'
import type { SourceDetails } from '../operations/sources.ts'
import { findConnector, keeperOf, wordOf } from './connect.ts'
import { exitCodes } from './exit-codes.ts'
import type { Verb } from './verb.ts'

export const disconnect: Verb = {
  name: 'disconnect',
  summary: 'Put back what connecting a source changed at this desk; what it stored stays',
  words: '<source>',
  options: [{ name: 'dry-run', summary: 'Only show what would be put back' }],
  details: 'The files are put back also while no Daybook runs; the house is told once it does.',
  examples: ['disconnect terminal'],
  async run(call) {
    const [word, ...more] = call.words
    if (word === undefined || more.length > 0)
      throw new DaybookError('usage', 'Name one source: daybook disconnect terminal.')
    const connector = findConnector(word)
    const desk = deskOf(call.io.desk)
    const { state } = desk
    const journal = readJournal(state, connector.source)
    if (call.flag('dry-run')) {
      const files = journal?.changed.map(({ path }) => path) ?? []
      await call.print(
        ...(call.json
          ? [JSON.stringify({ source: connector.source, files })]
          : ['Would put back:', ...files.map((path) => `  ${path}`)]),
      )
      return exitCodes.ok
    }
    const files = journal ? undoEdits(state, journal, connector.undo) : []
    const source = await tell(() => keeperOf(call).disconnect(connector))
    // Once nobody reads it any more.
    if (source && !files.some(({ how }) => how === 'left')) removeAll(connector.leftBehind?.(desk) ?? [])
    if (call.json) await call.print(JSON.stringify({ source: connector.source, files, told: source !== null }))
    else {
      if (!journal) await call.print(`${wordOf(connector)} has changed no file here.`)
      await call.print(
        ...files.map(({ path, how, todo }) => `  ${how.padEnd(12)} ${path}${todo ? `\n      ${todo}` : ''}`),
      )
      await call.print(
        source
          ? `${wordOf(connector)} is disconnected.${source.on ? ' Its bridge stays on and hears nothing from here.' : ''}`
          : 'No Daybook runs: run this again when it does, so that it knows too.',
      )
    }
    return files.some(({ how }) => how === 'left') ? exitCodes.failed : exitCodes.ok
  },
}

/** Null: no house runs. */
async function tell(disconnected: () => Promise<SourceDetails>): Promise<SourceDetails | null> {
  try {
    return await disconnected()
  } catch (error) {
    if (error instanceof DaybookError && error.code === 'not_running') return null
    throw error
  }
}
