// Whether a window's title says that it is a private one: browsers put that into the title, in the person's language. Pure.
// Not for: what browsers say of their tabs themselves, which is a flag.

const BROWSER =
  /chrom(?:e|ium)|firefox|nightly|microsoft.edge|msedge|\bedge\b|brave|safari|opera|vivaldi|librewolf|waterfox|floorp|\bzen\b|navigator|iceweasel|yandex|\barc\b/i

/** Nothing that this one shows is meant to be kept. */
const ALWAYS_PRIVATE = /tor.browser/i

/** As browsers name the mode, each in main languages: in brackets at the end, or beside the browser's name. */
const MODES = [
  // Chrome, Chromium, Vivaldi: Incognito.
  ...['incognito', 'inkognito', 'incógnito', 'anônima', 'anónima', 'anonyymi', 'anonymní', 'инкогнито', 'анонімний'],
  ...[
    'シークレット',
    '无痕',
    '無痕',
    '시크릿',
    'gizli',
    'ανώνυμη',
    'inkognitó',
    'ẩn danh',
    'متخفي',
    'गुप्त',
    'גלישה בסתר',
  ],
  // Edge.
  'inprivate',
  // Firefox, Safari, Brave, Opera: private browsing.
  ...['private browsing', 'private window', 'private tab', 'privater modus', 'privates fenster', 'privates surfen'],
  ...['navigation privée', 'fenêtre privée', 'navegación privada', 'ventana privada', 'navigazione anonima'],
  ...['navigazione privata', 'finestra privata', 'finestra anonima', 'navegação privativa', 'navegação privada'],
  ...['navegação anônima', 'privénavigatie', 'privévenster', 'privé-navigatie', 'tryb prywatny', 'prywatne'],
  ...['privat surfning', 'privat browsing', 'privat nettlesing', 'privat fönster', 'privat vindue', 'privat vindu'],
  ...[
    'yksityinen',
    'privát böngészés',
    'navigare privată',
    'приватный просмотр',
    'приватное окно',
    'приватний перегляд',
  ],
  ...[
    'частный доступ',
    'プライベート',
    '隐私浏览',
    '隱私瀏覽',
    '私密',
    '사생활 보호',
    '개인정보 보호',
    'ιδιωτική περιήγηση',
  ],
]

/** `(Private)` stands alone in Brave and Opera only; anywhere else it is a word of a title. */
const ALONE = /^(?:private|privat|privé|privado|privada|privato|prywatny|приватный|隐私|私密)$/

/** As window managers put title and program together. */
const JOINTS = /\s+[-–—|]\s+/

/** True for a private window: of a browser by its app or by the end of its title, and named so there. */
export function isPrivateWindow(title: string, app = ''): boolean {
  if (ALWAYS_PRIVATE.test(app)) return true
  if (app !== '' && !BROWSER.test(app)) return false
  const parts = title.slice(-300).split(JOINTS)
  const last = parts.at(-1) ?? ''
  if (ALWAYS_PRIVATE.test(last) && app === '') return true
  if (!BROWSER.test(app) && !BROWSER.test(last)) return false
  const before = parts.length > 2 ? (parts.at(-2) ?? '') : ''
  const ends = [...bracketed(last), ...(BROWSER.test(last) ? [last] : []), ...bracketed(before)]
  // Edge writes its mode between the page and its name, in brackets or not.
  if (/^\[?inprivate\]?$/i.test(before.trim())) return true
  return ends.some((end) => saysPrivate(end))
}

function saysPrivate(end: string): boolean {
  const said = end.toLowerCase().trim()
  return ALONE.test(said) || MODES.some((mode) => said.includes(mode))
}

/** What stands in brackets at the end. */
function bracketed(part: string): string[] {
  const [, inside] = /[([（]([^()[\]（）]{1,60})[)\]）]\s*$/.exec(part) ?? []
  return inside === undefined ? [] : [inside]
}
