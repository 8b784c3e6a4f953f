// Twenty rounds of the kill matrix, always the same ones: every part and every moment of the brokers that are here.
// Not for: the many rounds of docs/reliability.md, which are made by hand.
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { draw } from '../chaos/plan.ts'
import type { Report } from '../chaos/report.ts'
import { debianPostgresBinaries } from '../journey.ts'
import { installSeaweedFs } from '../s3/install.ts'

const ROUNDS = 20
const SEED = 5

const installed = await installSeaweedFs()
const noPostgres = debianPostgresBinaries() ? '' : 'PostgreSQL is not here: apt-get install postgresql'
const reason = noPostgres || ('missing' in installed ? installed.missing : '')
if (reason) console.warn(`skipped: ${reason}`)

test.skipIf(reason)('whatever is killed at whatever moment, what was produced is stored once and opens', async () => {
  const words = ['--rounds', String(ROUNDS), '--seed', String(SEED), '--json', '--keep']
  const program = join(import.meta.dirname, '../chaos/run.ts')
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [program, ...words]).catch((failed) => failed)
  console.info(stderr)
  const report = JSON.parse(stdout) as Report
  for (const [broker, why] of Object.entries(report.skipped)) console.warn(`skipped ${broker}: ${why}`)
  expect(report.failures).toEqual([])
  expect(report.rounds).toBe(ROUNDS)
  const planned = draw({ rounds: ROUNDS, seed: SEED }).filter(({ broker }) => !report.skipped[broker])
  const played = new Set(report.cells.map(({ part }) => part))
  expect(planned.filter(({ part }) => !played.has(part))).toEqual([])
})
