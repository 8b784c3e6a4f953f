// `daybook version`. Not for: the version of a running app, which status says.
import { exitCodes } from './exit-codes.ts'
import type { Verb } from './verb.ts'

export const version: Verb = {
  name: 'version',
  summary: 'Print the version',
  options: [],
  async run({ io, json, print }) {
    await print(json ? JSON.stringify({ version: io.version, node: process.versions.node }) : `daybook ${io.version}`)
    return exitCodes.ok
  },
}
