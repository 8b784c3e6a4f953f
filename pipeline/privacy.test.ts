// What leaves no trace, and what of a page's URL is left.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { cutUrl } from './page-urls.ts'
import { createPrivacy, noRules, type PrivacyRules } from './privacy.ts'
import { isPrivateWindow } from './private-windows.ts'
import { createRedactor } from './redact.ts'

const redactor = createRedactor()
const privacy = (rules: Partial<PrivacyRules> = {}) => createPrivacy({ redactor, rules: { ...noRules, ...rules } })
const visit = (data: Record<string, unknown>, summary = 'a page') => ({
  source: 'browser',
  type: 'visit',
  summary,
  data,
})

describe('a private window', () => {
  test.each([
    ['New Incognito tab - Google Chrome (Incognito)'],
    ['Neuer Inkognito-Tab – Google Chrome (Inkognito)'],
    ['Nouvel onglet - Google Chrome (Navigation privée)'],
    ['Nueva pestaña - Chromium (Incógnito)'],
    ['Nova guia anônima - Google Chrome (Anônima)'],
    ['新しいシークレット タブ - Google Chrome（シークレット モード）'],
    ['打开新的无痕式标签页 - Google Chrome（无痕模式）'],
    ['Новая вкладка в режиме инкогнито - Google Chrome (Инкогнито)'],
    ['shoes — Mozilla Firefox Private Browsing'],
    ['shoes - Mozilla Firefox (Private Browsing)'],
    ['Schuhe — Mozilla Firefox (Privater Modus)'],
    ['Schuhe — Mozilla Firefox Privater Modus'],
    ['chaussures — Navigation privée de Mozilla Firefox'],
    ['zapatos — Navegación privada de Mozilla Firefox'],
    ['scarpe — Mozilla Firefox (Navigazione anonima)'],
    ['schoenen — Mozilla Firefox-privévenster'],
    ['buty — Mozilla Firefox (tryb prywatny)'],
    ['靴 — Mozilla Firefox プライベートブラウジング'],
    ['shoes and 2 more pages - [InPrivate] - Microsoft Edge'],
    ['shoes - InPrivate - Microsoft​ Edge'],
    ['New Private Tab - Brave (Private)'],
    ['shoes - Brave (Private Window with Tor)'],
    ['shoes - Opera (Private)'],
    ['shoes — Tor Browser'],
  ])('%s', (title) => {
    expect(privacy().allows({ title })).toBe(false)
  })

  test.each([
    ['Private Browsing — shoes', 'Safari', true],
    ['shoes (Private Browsing)', 'firefox', false],
    ['anything', 'Tor Browser', false],
    ['anything', 'tor-browser', false],
    ['shoes - Google Chrome (Incognito)', 'Google-chrome', false],
  ])('%s in %s', (title, app, allowed) => {
    expect(privacy().allows({ title, app })).toBe(allowed)
  })

  test.each([
    ['How to open incognito windows - Google Chrome'],
    ['Private Browsing explained — Mozilla Firefox'],
    ['Incognito (David Eagleman) - Google Chrome'],
    ['private - notes.txt - Mousepad'],
    ['incognito.ts - house - Visual Studio Code (Private)'],
    ['InPrivate'],
    ['Navigation privée : mode d’emploi - Chromium'],
    [''],
  ])('is none: %s', (title) => {
    expect(isPrivateWindow(title)).toBe(false)
  })

  test('is what its browser calls one', () => {
    expect(privacy().allows({ url: 'https://example.net', isPrivate: true })).toBe(false)
    for (const incognito of [true, 'true', 'True', 1])
      expect(privacy().admit(visit({ url: 'https://a.b', incognito }))).toBeNull()
    expect(privacy().admit(visit({ url: 'https://a.b', incognito: false }))).not.toBeNull()
  })
})

describe('what is denied', () => {
  const { allows, admit } = privacy({
    denyDomains: ['bank.example', '*.clinic.example', 'https://Münze.example/login', '.dotted.example.'],
    denyApps: ['KeePassXC', 'signal*'],
    denyFolders: ['/home/ada/diary/', 'C:\\Secret'],
    denyTitles: ['Therapy', 'salary*2026'],
  })

  test.each([
    { url: 'https://bank.example' },
    { url: 'https://www.bank.example:8443/x?y#z' },
    { url: 'https://BANK.EXAMPLE./' },
    { url: 'bank.example/x' },
    { url: 'wss://a.b.clinic.example' },
    { url: 'https://clinic.example' },
    { url: 'https://xn--mnze-0ra.example/' },
    { url: 'https://dotted.example' },
    { url: 'https://ada:pw@bank.example/' },
    { url: 'view-source:https://bank.example/x' },
    { url: 'view-source:blob:https://bank.example/5c0a' },
    { url: 'blob:https://www.bank.example/5c0a' },
    { url: 'about:reader?url=https%3A%2F%2Fbank.example%2Fx' },
    { url: ' https://bank.example/x' },
    { url: 'https:bank.example/x' },
    { url: '//bank.example/x' },
    { title: 'https://bank.example/login' },
    { title: 'view-source:https://www.bank.example/ - Google Chrome' },
    { title: 'Sign in (https://bank.example/login?a=b)' },
    { title: 'bank.example/login - Google Chrome' },
    { title: 'www.bank.example:8443/login' },
    { title: 'bank.example — Mozilla Firefox' },
    { app: 'keepassxc' },
    { app: 'keepassxc.exe' },
    { app: 'org.keepassxc.KeePassXC' },
    { app: 'org.keepassxc.KeePassXC.desktop' },
    { app: 'org.signal.Signal-Beta' },
    { app: 'C:\\Programs\\KeePassXC.exe' },
    { app: 'Signal Desktop' },
    { path: '/home/ada/diary' },
    { path: '/home/ada/diary/2026/may.md' },
    { path: '/home/ada/x/../diary/a' },
    { path: 'c:\\secret\\plan.docx' },
    { url: 'file:///home/ada/diary/may%2Emd' },
    { title: 'Group THERAPY on Tuesday' },
    { title: 'Salary of Ada, 2026 - Sheets' },
  ])('%j', (seen) => {
    expect(allows(seen)).toBe(false)
  })

  test.each([
    { url: 'https://notbank.example' },
    { url: 'https://bank.example.evil.example' },
    { url: 'https://example/bank.example' },
    { url: 'not a url' },
    { url: '' },
    { url: 'view-source:https://example.net/bank.example' },
    { url: 'about:reader?url=https%3A%2F%2Fexample.net' },
    { title: 'Is bank.example safe? - Search' },
    { title: 'https://example.net/bank.example' },
    { title: 'notbank.example/login' },
    { app: 'keepass' },
    { app: 'keepassxc.org.Website' },
    { app: 'my.keepassxc' },
    { path: '/home/ada/diary2/x' },
    { path: '/home/ada' },
    { title: '2026 salary' },
    {},
  ])('not %j', (seen) => {
    expect(allows(seen)).toBe(true)
  })

  test('activities are held to it by their facts, wherever these say it', () => {
    expect(admit(visit({ title: 'x', domain: 'bank.example' }))).toBeNull()
    const command = (cwd: string) => ({
      source: 'terminal',
      type: 'command',
      summary: 'ls',
      data: { command: 'ls', cwd },
    })
    expect(admit(command('/home/ada/diary'))).toBeNull()
    expect(admit(command('/home/ada'))).not.toBeNull()
    expect(
      admit({ source: 'wakatime', type: 'edit', summary: 'x', data: { entity: '/home/ada/diary/a.md' } }),
    ).toBeNull()
    expect(admit({ source: 'window', type: 'focus', summary: 'x', data: { app: 'KeePassXC', title: 'x' } })).toBeNull()
    const camera = {
      source: 'frigate',
      type: 'person_detected',
      summary: 'x',
      data: { url: 'http://bank.example/?a=b' },
    }
    expect(admit(camera)).toBe(camera)
  })

  test('a hostile pattern on a hostile title ends soon', () => {
    const { allows } = privacy({ denyTitles: [`${'a*'.repeat(99)}b`], denyDomains: ['bank.example'] })
    const begun = performance.now()
    for (const piece of ['a', 'a.', '://', 'a:', ' - ', 'blob:']) {
      const hostile = piece.repeat(100_000 / piece.length)
      expect(allows({ title: hostile, url: hostile, app: hostile })).toBe(true)
    }
    expect(performance.now() - begun).toBeLessThan(10_000) // A guard against explosion, not a figure of speed.
  })
})

describe('the URL of a page', () => {
  test.each([
    ['https://a.example/b/c?q=x#y', 'https://a.example/b/c', 'https://a.example/'],
    ['https://a.example', 'https://a.example', 'https://a.example'],
    ['https://a.example/', 'https://a.example/', 'https://a.example/'],
    ['https://a.example?q=x', 'https://a.example', 'https://a.example'],
    ['http://localhost:8080/#/inbox', 'http://localhost:8080/', 'http://localhost:8080/'],
    ['a.example/b?q', 'a.example/b', 'a.example/'],
    ['localhost:8080/x?q', 'localhost:8080/x', 'localhost:8080/'],
    ['file:///home/ada/x.html#top', 'file:///home/ada/x.html', 'file://'],
    ['view-source:https://a.example/b?q', 'view-source:https://a.example/b', 'view-source:https://a.example/'],
    ['blob:https://a.example/5c0a?q', 'blob:https://a.example/5c0a', 'blob:https://a.example/'],
    ['view-source:data:text/html,<b>', 'view-source:data:', 'view-source:data:'],
    ['about:reader?url=https%3A%2F%2Fa.example', 'about:reader', 'about:reader'],
    ['about:blank', 'about:blank', 'about:blank'],
    ['chrome://settings/?search=x', 'chrome://settings/', 'chrome://settings/'],
    ['data:text/html,<b>all of it</b>', 'data:', 'data:'],
    ['javascript:alert(1)', 'javascript:', 'javascript:'],
    ['mailto:ada@example.net?body=x', 'mailto:', 'mailto:'],
    ['', '', ''],
  ])('%s', (url, path, host) => {
    expect([cutUrl(url, 'path'), cutUrl(url, 'host'), cutUrl(url, 'full')]).toEqual([path, host, url])
  })

  test('is cut in its field, and where a title or the summary is made of it', () => {
    const url = 'https://www.shop.example/find?q=gift+for+bob'
    const before = visit(
      { url, title: 'shop.example/find?q=gift+for+bob', domain: 'shop.example', tabs: 3 },
      `Looks at ${url}`,
    )
    expect(privacy().admit(before)).toEqual({
      ...before,
      summary: 'Looks at https://www.shop.example/find',
      data: { url: 'https://www.shop.example/find', title: 'shop.example/find', domain: 'shop.example', tabs: 3 },
    })
    expect(privacy({ urls: 'full' }).admit(before)).toBe(before)
    const clean = visit({ url: 'https://www.shop.example/find', title: 'Find' })
    expect(privacy().admit(clean)).toBe(clean)
    expect(privacy().clean({ url, referrer: 'https://a.example/?b', title: 'x' })).toEqual({
      url: 'https://www.shop.example/find',
      referrer: 'https://a.example/',
      title: 'x',
    })
  })

  test('in a command or a prompt stays, but for secrets', () => {
    const command = {
      source: 'terminal',
      type: 'command',
      summary: 'x',
      data: { command: 'curl https://a.example/?page=2' },
    }
    expect(privacy().admit(command)).toBe(command)
  })

  test('cutting twice is as once, whatever the URL', () => {
    const url = fc.oneof(fc.webUrl({ withQueryParameters: true, withFragments: true }), fc.string(), fc.webPath())
    fc.assert(
      fc.property(url, fc.constantFrom('path' as const, 'host' as const), fc.string(), (one, urls, title) => {
        const { clean, admit } = privacy({ urls })
        const once = clean({ url: one, title: `${title}${one}` })
        expect(clean(once)).toEqual(once)
        const admitted = admit(visit({ url: one, title }))
        if (admitted) expect(admit(admitted)).toBe(admitted)
        expect(cutUrl(cutUrl(one, urls), urls)).toBe(cutUrl(one, urls))
      }),
      { numRuns: 1_000 },
    )
  })
})
