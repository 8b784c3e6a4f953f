// A notification without secrets: every text in it goes through the rules, and fields whose name says secret or place
// lose their value. It notes which rules found something, never what. Run by the one write path and, before the bus and
// before the object store, by every bridge's host. Not for: what a secret looks like (redact-rules.ts, redact-preset.ts).
import { type ActivityNotification, limits } from '../schemas/activity.ts'
import { createFields } from './redact-fields.ts'
import { presetIds } from './redact-preset.ts'
import { textRules } from './redact-rules.ts'
import { createRedactText, isMarker } from './redact-text.ts'

export interface Redactor {
  /**
   * The notification with `[redacted:<rule>]` for each secret and the rules' ids, sorted, in `data.redacted`; the same
   * object if there is nothing to hide. Synchronous, pure, deterministic, and twice is as once; id, source, type,
   * producer and cause stay. Clean notifications cost about what parsing a third of their JSON does.
   */
  redact<N extends Redactable>(notification: N): N
  /** The same for a payload on its way to the object store. */
  redactText(text: string): { text: string; redacted: string[] }
  /** The same for structured data alone: the same object if there is nothing to hide. */
  redactData<Data extends Record<string, unknown>>(data: Data): Data
}

export type Redactable = Omit<ActivityNotification, 'producer' | 'epoch' | 'seq'>

/** Every rule there is, for the reference. */
export const redactionRules: readonly { id: string; what: string }[] = [
  ...textRules.map(({ id, what }) => ({ id, what })),
  { id: 'named-field', what: 'The value of a field that is named like a secret: password, token, api_key, ...' },
  { id: 'too-deep', what: 'What is nested deeper than anyone looks' },
  { id: 'unsettled', what: 'A text in which each replacement showed another secret' },
  ...presetIds.map((id) => ({ id, what: `What secretlint's recommended rule ${id} finds` })),
]

export function createRedactor(): Redactor {
  const redactText = createRedactText()
  const redactFields = createFields(redactText)

  /** Markers may be longer than what they replace, so a field with a limit is cut, before a marker rather than in it. */
  function shorten(text: string, limit: number, found: Set<string>): string {
    const whole = redactText(text, found)
    if (whole === text || whole.length <= limit) return whole
    const open = whole.lastIndexOf('[redacted:', limit - 1)
    const end = open >= 0 && whole.indexOf(']', open) >= limit ? open : limit
    return whole.slice(0, end).toWellFormed()
  }

  function redactName<R extends { name?: string | undefined }>(ref: R, found: Set<string>): R {
    return ref.name === undefined ? ref : { ...ref, name: shorten(ref.name, 255, found) }
  }

  return {
    redact(notification) {
      const found = new Set<string>()
      const { data, contentRef, attachments, sessionId, activityId } = notification
      const fields: Partial<Redactable> = { summary: shorten(notification.summary, limits.summary, found) }
      if (data) fields.data = redactFields(data, found)
      if (contentRef) fields.contentRef = redactName(contentRef, found)
      if (attachments) fields.attachments = attachments.map((one) => redactName(one, found))
      if (sessionId) fields.sessionId = shorten(sessionId, 200, found)
      if (activityId) fields.activityId = shorten(activityId, 200, found)
      if (found.size === 0) return notification
      // What the sender has noted, as it is kept; an option there would make a secret of the name that is sorted after it.
      const noted = Array.isArray(fields.data?.redacted) ? fields.data.redacted : []
      const before = noted.filter((id) => typeof id === 'string' && !id.startsWith('-') && !isMarker(id))
      const redacted = [...new Set([...before, ...found])].sort()
      return { ...notification, ...fields, data: { ...fields.data, redacted } }
    },
    redactText(text) {
      const found = new Set<string>()
      return { text: redactText(text, found), redacted: [...found].sort() }
    },
    redactData: (data) => redactFields(data, new Set()) as typeof data,
  }
}
