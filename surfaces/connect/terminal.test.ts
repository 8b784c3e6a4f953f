// What connecting the terminal writes into start-up files. Not for: the shells themselves (test/e2e/desk-terminal.test.ts).
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { expect, test } from 'vitest'
import type { HouseAtDesk } from './connector.ts'
import { deskOf } from './desk.ts'
import { leftBehind, terminal } from './terminal.ts'

const house = {} as HouseAtDesk

test('the line stands alone, also after a file that ends in a backslash', async () => {
  const home = mkdtempSync(join(tmpdir(), 'daybook-terminal-'))
  try {
    const bash = join(home, 'bash')
    writeFileSync(bash, '')
    chmodSync(bash, 0o755)
    const desk = deskOf({ env: { PATH: home }, home, product: resolve(import.meta.dirname, '../..') })
    const { edits } = await terminal.plan(desk, house, () => undefined)
    const edit = edits.find(({ path }) => path === join(home, '.bashrc'))
    const line = edit?.apply(null)
    expect(line).toMatch(/^if .*daybook\.bash'; fi\n$/)
    for (const [before, after] of [
      ['a', `a\n${line}`],
      ['a\n', `a\n${line}`],
      ['a \\', `a \\\n\n${line}`],
      ['a \\\n', `a \\\n\n${line}`],
      [`a\n${line}b\n`, `a\n${line}b\n`],
    ] as const) {
      expect(edit?.apply(before)).toBe(after)
    }
    expect(leftBehind(desk)).toEqual([join(home, '.local/state/daybook/terminal')])
  } finally {
    rmSync(home, { recursive: true, force: true })
  }
})
