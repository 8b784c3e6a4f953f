// What Frigate says that is no review, each thing one notification by itself: that it comes and goes, and that a trigger
// of its semantic search (0.17) has fired. Pure. Not for: what becomes of reviews when it goes (instance.ts).
import { eventId } from '../../schemas/ids.ts'
import type { Notification, TranslateContext } from '../bridge.ts'
import { atCamera, oneLine } from './describe.ts'
import { entityOf, SOURCE } from './tell.ts'
import * as wire from './wire.ts'

export interface SingleContext extends TranslateContext {
  /** Names the Frigate, in ids too. */
  instance: string
  wants(camera: string): boolean
  /** How it said last that it is; undefined before the first time. */
  available(): string | undefined
}

/** What Frigate says of itself, in words. */
const states = { online: 'is back', offline: 'is gone', stopped: 'was stopped' } as const

export type Available = keyof typeof states

/** Whatever the case and the space around it; undefined for what is no state of Frigate. */
export function availabilityIn(payload: unknown): Available | undefined {
  if (typeof payload !== 'string') return undefined
  const said = payload.trim().toLowerCase()
  return Object.hasOwn(states, said) ? (said as Available) : undefined
}

/** Frigate says `online` at each connection to its broker: only a change is told. */
export function tellAvailable(now: Available, context: SingleContext): Notification[] {
  const { instance, available } = context
  const before = available() ?? 'online'
  if (now === before) return []
  const name = instance === SOURCE ? 'Frigate' : `Frigate (${instance})`
  const data = { category: 'availability', old_state: before, new_state: now, instance }
  return [single('device_state_change', `${name} ${states[now]}`, ['available', now], data, context)]
}

/** Nothing says when it fired: a trigger is told as it comes. */
export function tellTrigger(payload: unknown, context: SingleContext): Notification[] {
  const { data: trigger } = wire.trigger.safeParse(payload)
  if (!trigger || !context.wants(trigger.camera)) return []
  const { name, camera, event_id, type, score } = trigger
  const data = {
    entity_id: entityOf(camera),
    camera,
    ...(score !== undefined && { confidence: score }),
    category: 'trigger',
    trigger: name,
    ...(type && { matched: type }),
    detections: [event_id],
    instance: context.instance,
  }
  return [single('routine_trigger', `Trigger ${name} ${atCamera(camera)}`, ['trigger', name, event_id], data, context)]
}

function single(
  type: 'device_state_change' | 'routine_trigger',
  summary: string,
  key: readonly string[],
  data: Record<string, unknown>,
  { space, instance, now: timestamp }: SingleContext,
): Notification {
  const id = eventId({ space, source: SOURCE, key: [instance, ...key].join('\0'), timestamp })
  return { id, source: SOURCE, type, summary: oneLine(summary), timestamp, data }
}
