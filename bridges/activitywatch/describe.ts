// One line for people about an event of a watcher: "GitHub - daybook (github.com), 3 min". Pure. Not for: anything that a
// program should read, which is in `data`.
import { limits } from '../../schemas/activity.ts'

type Facts = Readonly<Record<string, unknown>>

/** By `<type>`: the line without the duration; undefined if the facts say nothing. */
const lines: Readonly<Record<string, (facts: Facts) => string | undefined>> = {
  visit({ title, url, domain }) {
    const name = text(title) ?? (domain === undefined ? text(url) : undefined)
    if (name === undefined) return text(domain)
    return domain === undefined || name === domain ? name : `${name} (${domain})`
  },
  focus({ app, title }) {
    const [program, window] = [text(app), text(title)]
    if (program === undefined || window === undefined) return program ?? window
    return window.toLowerCase().includes(program.toLowerCase()) ? window : `${window} (${program})`
  },
  presence({ state }) {
    return { active: 'At the computer', away: 'Away from the computer' }[`${state}`] ?? text(state)
  },
  edit({ file, project, branch }) {
    const place = [text(project), text(branch)].filter((part) => part !== undefined).join(', ')
    const name = text(file)?.split(/[\\/]/).at(-1) || undefined
    if (name === undefined) return place || undefined
    return place === '' ? name : `${name} (${place})`
  },
  unlock: () => 'Phone unlocked',
  playback({ title, artist, app }) {
    const [song, by] = [text(title) ?? text(app), text(artist)]
    return song !== undefined && by !== undefined ? `${song} by ${by}` : (song ?? by)
  },
  strokes({ presses, clicks }) {
    const counted = [number(presses, 'key'), number(clicks, 'click')].filter((part) => part !== undefined)
    return counted.join(', ') || undefined
  },
  timing: ({ label }) => text(label),
}

/** `duration` in ms; undefined while it goes on. */
export function describe(type: string, facts: Facts, otherwise: string, duration: number | undefined): string {
  const line = (Object.hasOwn(lines, type) ? lines[type]?.(facts) : firstText(facts)) ?? otherwise
  const lasted = duration === undefined ? '' : lastedFor(duration)
  const whole = line.replace(/\s+/g, ' ').trim() || otherwise
  const room = limits.summary - lasted.length
  return (whole.length <= room ? whole : `${whole.slice(0, room - 1).replace(/[\uD800-\uDBFF]$/, '')}…`) + lasted
}

/** `, 3 min`; nothing for what was shorter than a second. */
function lastedFor(duration: number): string {
  const seconds = Math.round(duration / 1000)
  if (seconds < 1) return ''
  if (seconds < 60) return `, ${seconds} s`
  const minutes = Math.round(seconds / 60)
  if (minutes < 60) return `, ${minutes} min`
  return `, ${Math.floor(minutes / 60)} h${minutes % 60 === 0 ? '' : ` ${minutes % 60} min`}`
}

function text(value: unknown): string | undefined {
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  return typeof value === 'string' && value.trim() !== '' ? value : undefined
}

/** What a watcher that we do not know says first. */
function firstText(facts: Facts): string | undefined {
  const { title, name, label, app } = facts
  return text(title) ?? text(name) ?? text(label) ?? text(app)
}

function number(value: unknown, thing: string): string | undefined {
  return typeof value === 'number' && value > 0 ? `${value} ${thing}${value === 1 ? '' : 's'}` : undefined
}
