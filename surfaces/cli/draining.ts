// How far an outbox is that has much to send, in words. Pure but for what it remembers. Not for: when that is told.
import { number } from './text.ts'

/** With less than this nobody waits for it. */
const MUCH = 1_000

/** Called now and then with what waits; gives `3,400 of 10,000 sent` while much of it leaves. */
export function sentWords(): (waiting: number) => string | undefined {
  let most = 0
  let before = 0
  return (waiting) => {
    most = Math.max(most, waiting)
    const [all, isLess] = [most, waiting < before]
    before = waiting
    if (waiting === 0) most = 0
    if (all < MUCH || !isLess) return undefined
    return `${number(all - waiting)} of ${number(all)} sent`
  }
}
