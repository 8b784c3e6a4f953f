// The launcher under this Node, and under an older one where the PATH has one.
import { execFile, execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { expect, test } from 'vitest'

const launcher = join(import.meta.dirname, 'daybook.js')

function run(node: string, ...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    execFile(node, [launcher, ...args], (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, stdout, stderr })
    })
  })
}

function olderNode(): string | undefined {
  return process.env.PATH?.split(delimiter)
    .map((folder) => join(folder, 'node'))
    .find((file) => {
      if (!existsSync(file)) return false
      const version = execFileSync(file, ['--version'], { encoding: 'utf8' })
      return Number.parseInt(version.slice(1), 10) < 24
    })
}

const older = olderNode()

test.each([['this Node', process.execPath], ...(older ? [['an older Node', older]] : [])])(
  'under %s a verb runs and its exit code comes back',
  async (_, node = '') => {
    expect(await run(node, 'version')).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^daybook \d/),
      stderr: '',
    })
    expect(await run(node, 'nonsense')).toMatchObject({ code: 2, stderr: expect.stringContaining('nonsense') })
  },
)

test.skipIf(older !== undefined)(
  'an older Node is not on this PATH, so the search for Node 24 is not tried here',
  () => {
    expect(Number.parseInt(process.versions.node, 10)).toBeGreaterThanOrEqual(24)
  },
)
