// Group commit by itself: what shares a sync, and what a failure undoes.
import { expect, test } from 'vitest'
import { DaybookError } from '../../../schemas/errors.ts'
import { createGroup } from './group.ts'

function make({ commit = () => {} }: { commit?: () => void } = {}) {
  const log: string[] = []
  const group = createGroup({
    begin: () => log.push('begin'),
    commit() {
      commit()
      log.push('commit')
    },
    rollback: () => log.push('rollback'),
    synced: () => log.push('synced'),
    failure: (error) => new DaybookError('data_unwritable', (error as Error).message),
  })
  return { group, log }
}

test('what is asked for in one turn shares one sync, in order, and is answered after it', async () => {
  const { group, log } = make()
  const asked = [1, 2, 3].map(async (n) => log.push(`answered ${await group.run(() => log.push(`${n}`) && n)}`))
  expect(log).toEqual([])
  await Promise.all(asked)
  expect(log).toEqual(['begin', '1', '2', '3', 'commit', 'synced', 'answered 1', 'answered 2', 'answered 3'])
  await group.run(() => 4)
  expect(log.filter((line) => line === 'commit')).toHaveLength(2)
})

test('a refusal is of its own, anything else undoes the group', async () => {
  const { group, log } = make()
  const refused = () => {
    throw new DaybookError('not_found')
  }
  const broken = () => {
    throw new Error('disk')
  }
  const some = await Promise.allSettled([group.run(() => 1), group.run(refused), group.run(() => 2)])
  expect(some.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
  const none = await Promise.allSettled([group.run(() => 1), group.run(broken), group.run(() => 2)])
  expect(none.map((each) => each.status === 'rejected' && each.reason.code)).toEqual(Array(3).fill('data_unwritable'))
  expect(log).toEqual(['begin', 'commit', 'synced', 'begin', 'rollback'])
})

test('a sync that fails answers nobody as if it had not', async () => {
  const { group, log } = make({
    commit() {
      throw new Error('no space')
    },
  })
  await expect(group.run(() => 1)).rejects.toThrow('no space')
  expect(log).toEqual(['begin', 'rollback'])
})

test('closing does what waits, and takes no more', async () => {
  const { group, log } = make()
  const waiting = group.run(() => 1)
  group.close()
  expect(log).toEqual(['begin', 'commit', 'synced'])
  expect(await waiting).toBe(1)
  await expect(group.run(() => 2)).rejects.toThrow(expect.objectContaining({ code: 'shutting_down' }))
})
