// Which filters a feed is subscribed with. Not for: what comes on them, which lines.contract.ts tries.
import { expect, test } from 'vitest'
import { withoutCovered } from './feed.ts'

test.each([
  [['a/b', 'a/+'], ['a/+']],
  [['a/b', 'a/b'], ['a/b']],
  [
    ['#', 'a/#', '$SYS/#', 'a'],
    ['#', '$SYS/#'],
  ],
  [
    ['a/+/c', 'a/b/+'],
    ['a/+/c', 'a/b/+'],
  ],
  [['a', 'a/#'], ['a/#']],
  [['a/#', 'a/+'], ['a/#']],
  [
    ['+/b', 'a/b/c'],
    ['+/b', 'a/b/c'],
  ],
])('of %j the broker is asked for %j: what one covers does not come twice', (filters, asked) => {
  expect(withoutCovered(filters)).toEqual(asked)
})
