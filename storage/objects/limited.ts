// At most so many at once; the others wait their turn. Not for: an order among keys.

/** Runs what it is given, at most `most` at a time, in the order of the calls. */
export function limited(most: number): <T>(work: () => Promise<T>) => Promise<T> {
  let running = 0
  const waiting: (() => void)[] = []
  return async (work) => {
    if (running >= most) await new Promise<void>((resolve) => waiting.push(resolve))
    else running++
    try {
      return await work()
    } finally {
      // A place is handed on, so that nobody takes it in between.
      const next = waiting.shift()
      if (next) next()
      else running--
    }
  }
}
