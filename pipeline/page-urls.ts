// URLs of pages without what a person typed into them. Pure. Not for: secrets (redact.ts), or which pages may be kept at
// all (deny.ts).

/** What stays of a page's URL: all but query and fragment, only where it is from, or everything. */
export type UrlDetail = 'path' | 'host' | 'full'

const SCHEME = /^[a-z][a-z0-9+.-]*:/i
/** Where a page is from; a URL that is written without its scheme, too. */
const ORIGIN = /^(?:[a-z][a-z0-9+.-]*:)?(?:\/\/)?[^/?#]*/i
/** With two slashes, these name a place; what others have after the colon is a content or a script. */
const NAMES_A_PLACE = /^[a-z][a-z0-9+.-]*:\/\//i
/** Short names of pages that browsers make themselves. */
const INTERNAL = /^(?:about|chrome|edge|brave|opera|vivaldi|moz-extension|chrome-extension):/i

/** A page seen in another way: its source, or a piece of it that a script made. */
const WRAPPERS = /^\s*(?:(?:view-source|blob|filesystem):\s*)+/i
/** Firefox's reader view. */
const READER = /^\s*about:reader\?/i

/** The URL of the page itself, where a browser shows it in another way; most are as they are. */
export function pageOf(url: string): string {
  const inner = url.replace(WRAPPERS, '')
  return (READER.test(inner) && URL.parse(inner.trim())?.searchParams.get('url')) || inner
}

/** Twice is as once; the same text if nothing goes. */
export function cutUrl(url: string, detail: UrlDetail): string {
  if (detail === 'full') return url
  const [wrapper = ''] = WRAPPERS.exec(url) ?? []
  if (wrapper !== '') return wrapper + cutUrl(url.slice(wrapper.length), detail)
  const scheme = SCHEME.exec(url)?.[0] ?? ''
  // data:text/html,<all that was in it>, javascript:..., mailto:...; localhost:8080/x only looks like one.
  const isPlace = NAMES_A_PLACE.test(url) || INTERNAL.test(url) || scheme === '' || /^[^/?#]*:\d+(?:[/?#]|$)/.test(url)
  if (!isPlace) return scheme
  const whole = url.replace(/[?#][\s\S]*$/, '')
  if (detail === 'path') return whole
  const [origin = ''] = ORIGIN.exec(whole) ?? []
  if (/^file:/i.test(whole)) return 'file://'
  return origin === whole ? whole : `${origin}/`
}

/** Fields that hold the URL of a page. */
const PAGE_FIELD = /(?:^|[_-])(?:ur[il]|href|referr?er|location_href)$|(?:Url|Uri|Href)$/

/**
 * The facts with their pages' URLs cut, also where a title or another text of them is or holds one; the same object if
 * nothing goes.
 */
export function cutPages<Facts extends Record<string, unknown>>(facts: Facts, detail: UrlDetail): Facts {
  if (detail === 'full') return facts
  const cuts = Object.entries(facts).flatMap(([name, value]) => {
    const after = PAGE_FIELD.test(name) && typeof value === 'string' ? cutUrl(value, detail) : value
    return after === value ? [] : [[value as string, after as string] as const]
  })
  if (cuts.length === 0) return facts
  const entries = Object.entries(facts).map(([name, value]) => {
    if (typeof value !== 'string') return [name, value]
    return [name, PAGE_FIELD.test(name) ? cutUrl(value, detail) : withCuts(value, cuts)]
  })
  return Object.fromEntries(entries) as Facts
}

/** A page without a title is shown by its URL, in full or as the address bar has it. */
export function withCuts(text: string, cuts: readonly (readonly [before: string, after: string])[]): string {
  let result = text
  for (const [before, after] of cuts) {
    for (const shown of [(url: string) => url, bare]) {
      const whole = shown(before)
      if (whole.length > shown(after).length) result = result.replaceAll(whole, shown(after))
    }
  }
  return result
}

/** Each URL that went and what stays of it. */
export function cutsOf(before: Record<string, unknown>, after: Record<string, unknown>): [string, string][] {
  return Object.entries(before).flatMap(([name, value]) => {
    const now = after[name]
    const went = PAGE_FIELD.test(name) && typeof value === 'string' && typeof now === 'string' && now !== value
    return went ? [[value, now] as [string, string]] : []
  })
}

function bare(url: string): string {
  return url.replace(WRAPPERS, '').replace(/^https?:\/\/(?:www\.)?/i, '')
}
