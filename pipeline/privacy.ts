// What a person wants nobody to keep: private windows and what is on a list leave no trace, pages lose what was typed into
// their URL, facts their secrets. Pure. Not for: what a secret looks like (redact-rules.ts), or pauses and what is
// forgotten (suppression.ts).
import type { ActivityNotification } from '../schemas/activity.ts'
import { isYes, type Privacy, type Seen } from '../schemas/privacy.ts'
import { type DenyLists, denierOf } from './deny.ts'
import { cutPages, cutsOf, type UrlDetail, withCuts } from './page-urls.ts'
import { isPrivateWindow } from './private-windows.ts'
import type { Redactor } from './redact.ts'

/** As configured. */
export interface PrivacyRules extends DenyLists {
  urls: UrlDetail
}

export interface PrivacyOfAll extends Privacy {
  /**
   * The notification as it may be kept but for its secrets, the same object if nothing goes; null: it leaves no trace. Twice
   * is as once.
   */
  admit<N extends Admitted>(notification: N): N | null
}

type Admitted = Pick<ActivityNotification, 'source' | 'type' | 'summary' | 'data'>

export const noRules: PrivacyRules = { urls: 'path', denyDomains: [], denyApps: [], denyFolders: [], denyTitles: [] }

/** Devices of the house: their URLs are addresses of things, and nobody browses there. */
const OF_THE_HOUSE = new Set(['home_assistant', 'frigate', 'zigbee2mqtt', 'iot'])

/** Types whose URLs are those of pages that a person looked at. */
const OF_PAGES = new Set(['visit', 'focus'])

/** Fields that say where something was, absolute or not. */
const PATHS = ['cwd', 'file', 'path', 'project_path', 'repo', 'folder', 'entity'] as const

export function createPrivacy({
  redactor,
  rules = noRules,
}: {
  redactor: Redactor
  rules?: PrivacyRules
}): PrivacyOfAll {
  const isDenied = denierOf(rules)

  function allows(seen: Seen): boolean {
    if (seen.isPrivate === true) return false
    if (seen.title !== undefined && isPrivateWindow(seen.title, seen.app)) return false
    return !isDenied(seen)
  }

  return {
    allows,
    clean<Facts extends Record<string, unknown>>(facts: Facts): Facts {
      const cut = cutPages(facts, rules.urls)
      const { data } = redactor.redact({ id: '-', source: '-', type: '-', summary: '-', timestamp: 0, data: cut })
      return data as Facts
    },
    admit(notification) {
      const { source, type, data, summary } = notification
      if (!data || OF_THE_HOUSE.has(source)) return notification
      const isPage = OF_PAGES.has(type) || source === 'browser'
      if (!seenIn(data, isPage).every(allows)) return null
      if (!isPage) return notification
      const cut = cutPages(data, rules.urls)
      if (cut === data) return notification
      return { ...notification, data: cut, summary: withCuts(summary, cutsOf(data, cut)) }
    },
  }
}

/** What the facts of an activity say of what was seen, as often as they name a place. */
function seenIn(data: Record<string, unknown>, isPage: boolean): Seen[] {
  const { url, domain, title, app, browser, incognito } = data
  const isPrivate = [incognito, isPage && data.private].some(isYes)
  const seen: Seen = { url: text(url) ?? text(domain), title: text(title), app: text(app) ?? text(browser), isPrivate }
  const paths = PATHS.flatMap((name) => text(data[name]) ?? []).filter(isAbsolute)
  return paths.length === 0 ? [seen] : paths.map((path) => ({ ...seen, path }))
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}

function isAbsolute(path: string): boolean {
  return /^(?:[/\\]|[A-Za-z]:[\\/])/.test(path)
}
