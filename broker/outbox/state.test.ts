// A bridge's own memory, in a real file. Not for: the entries beside it (outbox.test.ts).
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { randomIds, wallClock } from '../../component.ts'
import { openOutboxFile } from './file.ts'
import { stateIn } from './state.ts'

test('what a bridge remembers outlives a restart', () => {
  const folder = mkdtempSync(join(tmpdir(), 'outbox-'))
  const open = () =>
    openOutboxFile({ file: join(folder, 'outbox.db'), producer: 'terminal-desk', clock: wallClock, ids: randomIds })
  try {
    const first = open()
    const before = stateIn(first)
    before.set('cursor', { at: 5 })
    before.set('seen/a', 1)
    before.set('seen/b', [2])
    before.set('seen/b', [3])
    before.set('seen/c', undefined)
    before.setAll({ 'all/1': 1, cursor: { at: 6 }, 'seen/a': undefined })
    before.setAll({})
    before.delete('seen/a')
    first.close()

    const second = open()
    const after = stateIn(second)
    expect(after.get('cursor')).toEqual({ at: 6 })
    expect(after.get('seen/a')).toBeUndefined()
    expect(after.keys()).toEqual(['all/1', 'cursor', 'seen/b'])
    expect(after.keys('seen/')).toEqual(['seen/b'])
    expect(after.get('seen/b')).toEqual([3])
    second.close()
  } finally {
    rmSync(folder, { recursive: true })
  }
})
