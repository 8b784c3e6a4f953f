// The file ~/.wakatime.cfg with the house in place of the account: a block of ours in [settings], and what stood there for
// the same names behind a mark. Pure. Not for: where the file is (wakatime.ts).

const BEGIN = '# >>> daybook: `daybook disconnect wakatime` takes this out'
const END = '# <<< daybook'
const MARK = '# daybook keeps: '
/** Names that say the same (wakatime-cli, cmd/params/params.go). */
const NAMES = ['api_url', 'apiurl', 'api_key', 'apikey']

export interface House {
  url: string
  key: string
}

/** The whole file, with this house in it; everything else byte for byte. */
export function withHouse(before: string | null, { url, key }: House): string {
  const text = before === null ? '' : withoutHouse(before)
  const eol = text.includes('\r\n') ? '\r\n' : '\n'
  const lines = text === '' ? [] : text.split(/(?<=\n)/)
  const body = [`api_url = ${url}`, `api_key = ${key}`, END]
  let header = -1
  let section = ''
  const kept = lines.map((line, index) => {
    const named = sectionIn(line)
    if (named !== undefined) section = named
    if (named === 'settings' && header < 0) header = index
    return section === 'settings' && NAMES.includes(nameIn(line)) ? MARK + line : line
  })
  if (header >= 0) {
    if (!kept[header]?.endsWith('\n')) kept[header] += eol
    return kept.toSpliced(header + 1, 0, [BEGIN, ...body].map((line) => line + eol).join('')).join('')
  }
  const gap = text === '' || text.endsWith('\n') ? '' : eol
  return text + gap + [BEGIN, '[settings]', ...body].map((line) => line + eol).join('')
}

/** The same without it, also where the file has changed since. */
export function withoutHouse(now: string): string {
  const lines = now.split(/(?<=\n)/)
  const begin = lines.findIndex((line) => line.startsWith(BEGIN))
  const end = lines.findIndex((line, index) => index > begin && line.startsWith(END))
  const rest =
    begin >= 0 && end > begin ? lines.toSpliced(begin, end - begin + 1, ...headerOf(lines, begin, end)) : lines
  return rest.map((line) => (line.startsWith(MARK) ? line.slice(MARK.length) : line)).join('')
}

/** What the account was: where it is, if one was set. */
export function accountIn(text: string | null): { url: string; hasKey: boolean } {
  let section = ''
  const found = new Map<string, string>()
  for (const line of withoutHouse(text ?? '').split('\n')) {
    section = sectionIn(line) ?? section
    if (section === 'settings') found.set(nameIn(line), line.slice(line.indexOf('=') + 1).trim())
  }
  const url = found.get('api_url') || found.get('apiurl') || 'https://api.wakatime.com/api/v1'
  return { url, hasKey: Boolean(found.get('api_key') || found.get('apikey')) }
}

/** The section's name, which we may have put there: it stays if something of the person follows under it. */
function headerOf(lines: readonly string[], begin: number, end: number): string[] {
  const header = lines.slice(begin, end).find((line) => sectionIn(line) !== undefined)
  const next = lines.findIndex((line, index) => index > end && sectionIn(line) !== undefined)
  const after = lines.slice(end + 1, next < 0 ? undefined : next)
  return header && after.some((line) => line.trim() !== '') ? [header] : []
}

function sectionIn(line: string): string | undefined {
  return /^\s*\[([^\]]*)\]\s*$/.exec(line)?.[1]?.trim().toLowerCase()
}

function nameIn(line: string): string {
  return /^\s*([A-Za-z_]+)\s*[=:]/.exec(line)?.[1]?.toLowerCase() ?? ''
}
