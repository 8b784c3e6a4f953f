// Which commands were told and when, so that what a hook told is not told again by Atuin or a history, whose clocks differ a
// little. Keeps no command, only what of it can be recognised. Not for: copies of one channel, which have one id anyway.
import { createHash } from 'node:crypto'
import type { BridgeState } from '../bridge.ts'

/** Who told it. */
export type Channel = 'hook' | 'atuin' | 'bash' | 'zsh' | 'fish'

export interface Told {
  command: string
  /** Epoch ms. */
  at: number
}

export interface Known {
  /** True if another channel told the same command within two seconds. */
  isOthers(told: Told, channel: Channel): boolean
  /** Remembers them, days at a time. */
  add(told: readonly Told[], channel: Channel): void
  /** How many were forgotten; epoch ms, `until` exclusive. */
  forget(since: number, until: number): number
}

/** Histories tell whole seconds, and hooks run one after the other. */
const NEAR_MS = 2_000
const DAY_MS = 86_400_000
const CHANNELS: readonly Channel[] = ['hook', 'atuin', 'bash', 'zsh', 'fish']

/** Of one day: by what a command is recognised by, its times as ms of the day and who told it. */
type Day = Record<string, [ms: number, channel: number][]>

/** `secret` makes what is kept of a command useless to who has only that. */
export function createKnown(state: BridgeState, secret: string): Known {
  const cached = new Map<number, Day>()
  const key = (day: number) => `known/${day}`
  const dayOf = (at: number) => Math.floor(at / DAY_MS)

  /** Shells keep space around a command and within it differently. */
  function mark(command: string): string {
    const text = command.replace(/\s+/g, ' ').trim()
    return createHash('sha256').update(`${secret}\0${text}`).digest('base64url').slice(0, 8)
  }

  function load(day: number): Day {
    const here = cached.get(day) ?? state.get<Day>(key(day)) ?? {}
    if (cached.size > 64) cached.clear()
    cached.set(day, here)
    return here
  }

  return {
    isOthers({ command, at }, channel) {
      const own = CHANNELS.indexOf(channel)
      const name = mark(command)
      for (let day = dayOf(at - NEAR_MS); day <= dayOf(at + NEAR_MS); day++) {
        const near = load(day)[name]?.some(([ms, by]) => by !== own && Math.abs(day * DAY_MS + ms - at) <= NEAR_MS)
        if (near) return true
      }
      return false
    },
    add(told, channel) {
      const own = CHANNELS.indexOf(channel)
      for (const [day, commands] of Map.groupBy(told, ({ at }) => dayOf(at))) {
        const here = load(day)
        let changed = false
        for (const { command, at } of commands) {
          const name = mark(command)
          const times = here[name] ?? []
          const ms = at - day * DAY_MS
          if (times.some(([other, by]) => other === ms && by === own)) continue
          here[name] = [...times, [ms, own]]
          changed = true
        }
        if (changed) state.set(key(day), here)
      }
    },
    forget(since, until) {
      let count = 0
      for (const stored of state.keys('known/')) {
        const day = Number(stored.slice('known/'.length))
        const start = day * DAY_MS
        if (start >= until || start + DAY_MS <= since) continue
        const here = load(day)
        const kept: Day = {}
        for (const [name, times] of Object.entries(here)) {
          const rest = times.filter(([ms]) => start + ms < since || start + ms >= until)
          count += times.length - rest.length
          if (rest.length > 0) kept[name] = rest
        }
        cached.set(day, kept)
        if (Object.keys(kept).length > 0) state.set(stored, kept)
        else state.delete(stored)
      }
      return count
    },
  }
}
