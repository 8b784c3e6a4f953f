// Reading the past in pieces. What is told of it is in the bridge's test.
import { expect, test } from 'vitest'
import { fakeFrigate } from '../../test/frigate/fake.ts'
import { visit } from '../../test/frigate/story.ts'
import { createClient } from './client.ts'
import { lacksReviews, readBack } from './read-back.ts'

const DAY = 86_400
const END = 1_760_000_000

test('all reviews and objects are read once, oldest first, however many there are, and empty years in few questions', async () => {
  await using fake = await fakeFrigate()
  for (let n = 0; n < 1500; n++) {
    const name = `n${n}`.padEnd(6, 'x')
    const { review, object } = visit({ at: END - 9 * DAY + n * 500, name, severity: n % 3 ? 'alert' : 'detection' })
    fake.reviews.set(review.id, review)
    fake.objects.set(object.id, object)
  }
  const client = createClient({ url: fake.url, tls: 'verify', signal: new AbortController().signal })
  const reviews: string[] = []
  const objects = new Set<string>()
  for await (const stretch of readBack(client, { since: 0, until: END, allObjects: false })) {
    const inside = stretch.reviews.filter(({ start_time }) => start_time >= stretch.from && start_time < stretch.to)
    reviews.push(...inside.map(({ id }) => id))
    for (const { id } of stretch.objects) objects.add(id)
  }
  expect(reviews).toEqual([...fake.reviews.keys()])
  expect([...objects].sort()).toEqual([...fake.objects.keys()].sort())
  expect(fake.asked.length).toBeLessThan(80)
  client.close()
})

test.each([
  ['0.13.2-6476f8a', true],
  ['0.14.0-abc', false],
  ['0.18.0', false],
  ['1.0.0', false],
])('Frigate %s lacks reviews: %s', async (version, lacks) => {
  await using fake = await fakeFrigate({ version })
  const client = createClient({ url: fake.url, tls: 'verify', signal: new AbortController().signal })
  expect(await lacksReviews(client)).toBe(lacks)
  client.close()
})
