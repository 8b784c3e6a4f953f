// What process trees cost, from /proc (Linux only): CPU seconds and memory. Not for: starting or ending them.
import { readdirSync, readFileSync } from 'node:fs'
import type { House } from '../test/house.ts'

/** Fixed on Linux for /proc (USER_HZ). */
const TICKS_PER_SECOND = 100

/** The process and everything below it. */
export function tree(root: number): number[] {
  const parents = new Map<number, number>()
  for (const name of readdirSync('/proc')) {
    const fields = /^\d+$/.test(name) ? stat(Number(name)) : null
    if (fields) parents.set(Number(name), Number(fields[1]))
  }
  const found = [root]
  for (const pid of found) for (const [child, parent] of parents) if (parent === pid) found.push(child)
  return found
}

/** User and system time of the processes, and of the children that the first one has already buried. */
export function cpuSeconds([root, ...others]: readonly number[]): number {
  const ticks = (pid: number | undefined, from: number, to: number) =>
    (pid === undefined ? [] : (stat(pid)?.slice(from, to) ?? [])).reduce((sum, field) => sum + Number(field), 0)
  // Counted from the state: utime 11, stime 12, and of waited-for children 13, 14.
  return others.reduce((sum, pid) => sum + ticks(pid, 11, 13), ticks(root, 11, 15)) / TICKS_PER_SECOND
}

/** Proportional set size: what is shared counts by halves, thirds, ... Bytes. */
export function memory(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => {
    const text = read(`/proc/${pid}/smaps_rollup`)
    return sum + Number(/^Pss:\s+(\d+) kB/m.exec(text ?? '')?.[1] ?? 0) * 1024
  }, 0)
}

/** The two trees of a house: Daybook itself, and the Postgres that it runs. */
export async function treesOf(house: House): Promise<{ node: number[]; postgres: number[] }> {
  const status = (await (await house.api('/api/v1/status')).json()) as {
    parts: { postgres?: { figures: { pid: number } } }
  }
  const pid = status.parts.postgres?.figures.pid
  const postgres = pid === undefined ? [] : tree(pid)
  const node = tree(house.child.pid ?? 0).filter((each) => !postgres.includes(each))
  return { node, postgres }
}

/** The fields of /proc/<pid>/stat from the state on: what stands before may hold anything. */
function stat(pid: number): string[] | null {
  const text = read(`/proc/${pid}/stat`)
  return text === null ? null : text.slice(text.lastIndexOf(')') + 2).split(' ')
}

/** Null when the process is gone. */
function read(path: string): string | null {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return null
  }
}
