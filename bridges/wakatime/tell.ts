// A stretch as a notification: its ids, its `data`, its one line for people. Pure, and the same for live and imported
// heartbeats. Not for: when something is told (teller.ts).
import { eventId } from '../../schemas/ids.ts'
import type { Notification } from '../bridge.ts'
import { type Heartbeat, hashOf } from './heartbeat.ts'
import type { Stretch } from './stretch.ts'

/** The activity types that heartbeats become, by what their entity is; all else is edited. */
const TYPES: Record<string, string> = { url: 'visit', domain: 'visit', app: 'focus' }

const VERBS: Record<string, string> = {
  coding: 'Edited',
  debugging: 'Debugged',
  building: 'Built',
  'code reviewing': 'Reviewed',
  'ai coding': 'An AI edited',
  'running tests': 'Ran tests in',
  learning: 'Read',
}

/** Changes when there is something new to tell of a stretch that is over. */
export function meaningOf({ end, heartbeats }: Stretch): string {
  return `${end}/${heartbeats}`
}

/**
 * A stretch is named by its first heartbeat, as WakaTime tells heartbeats apart: the machine is no part of it, as an export
 * of the account does not tell it. A start bears the time of the first heartbeat, an end the time of the end. What is found out later of a stretch that was
 * told to be over is told as another end, which wins by being the later one.
 */
export function tell(stretch: Stretch, phase: 'start' | 'end', space: string): Notification {
  const { first, end } = stretch
  const type = TYPES[first.type] ?? 'edit'
  const name = hashOf(first)
  const key = phase === 'end' ? `${name}\0${meaningOf(stretch)}` : name
  const timestamp = millis(phase === 'start' ? first.time : end)
  return {
    id: eventId({ space, source: first.source, key: `wakatime\0${key}`, phase, timestamp }),
    source: first.source,
    type,
    summary: summaryOf(stretch, type),
    timestamp,
    data: dataOf(stretch, type, phase),
    ...(phase === 'end' && { duration: Math.max(0, millis(end) - millis(first.time)) }),
    activityId: `wakatime/${name}`,
    phase,
  }
}

function millis(micros: number): number {
  return Math.floor(micros / 1000)
}

function dataOf(stretch: Stretch, type: string, phase: 'start' | 'end'): Record<string, unknown> {
  const { first, project, branch, language, heartbeats, writes } = stretch
  const { program, title, lines, ...more } = stretch.more
  const what =
    type === 'visit'
      ? { ...pageOf(first), ...(title !== undefined && { title }) }
      : type === 'focus'
        ? { app: first.entity, ...(title !== undefined && { title }) }
        : { file: first.entity }
  return {
    ...what,
    ...(project && { project }),
    ...(language && { language }),
    ...(branch && { branch }),
    ...(lines !== undefined && { lines }),
    ...(first.category && { category: first.category }),
    ...(first.machine && { machine: first.machine }),
    ...(program !== undefined && { editor: program }),
    ...(!['file', 'url', 'domain', 'app'].includes(first.type) && { entity_type: first.type }),
    ...(type === 'edit' && { writes }),
    ...(phase === 'end' && { heartbeats }),
    ...more,
  }
}

function pageOf({ type, entity }: Heartbeat): { url?: string; domain: string } {
  if (type === 'domain') return { domain: entity }
  const url = URL.parse(entity) ?? URL.parse(`https://${entity}`)
  return { url: entity, domain: url?.hostname ?? entity }
}

function summaryOf({ first, project, branch }: Stretch, type: string): string {
  const { entity, category } = first
  if (type === 'visit') return cut(`Visited ${pageOf(first).domain}`)
  if (type === 'focus') return cut(`Used ${entity}`)
  const file = entity.split(/[/\\]/).findLast((part) => part !== '') ?? entity
  const place = project ? ` in ${project}${branch && branch !== project ? ` (${branch})` : ''}` : ''
  return cut(`${VERBS[category] ?? 'Edited'} ${file}${place}`)
}

function cut(text: string): string {
  return text.length <= 512 ? text : `${text.slice(0, 511)}…`
}
