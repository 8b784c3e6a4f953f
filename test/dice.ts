// Random numbers that can be had again: the same seed, the same numbers. Anything drawn by them can be named by its seed.

/** Numbers from 0 to below 1 (mulberry32). */
export type Dice = () => number

export function dice(seed: number): Dice {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

export function between(random: Dice, least: number, most: number): number {
  return least + random() * (most - least)
}

export function pick<T>(random: Dice, from: readonly [T, ...T[]]): T {
  return from[Math.floor(random() * from.length)] ?? from[0]
}
