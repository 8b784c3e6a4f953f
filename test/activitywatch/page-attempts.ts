// Everything that a page of another site can send to a server without its consent, as it is run inside that page: it says
// what the page could read. Not for: judging it (test/e2e/desk-browser.test.ts).

export interface Target {
  url: string
  /** What would be stored there. */
  body: string
}

/**
 * For `page.evaluate`, so it refers to nothing outside itself. One line an attempt that told the page something of the
 * answer: `GET cors http://...: 200 <what it read>`.
 */
export async function tryEverything(targets: Target[]): Promise<string[]> {
  const LONG_MS = 3_000
  const seen: string[] = []
  const late = () => new Promise<null>((done) => setTimeout(done, LONG_MS, null))

  async function attempt(what: string, url: string, make: () => Promise<string | null>): Promise<void> {
    const got = await Promise.race([make().catch(() => null), late()])
    if (got !== null) seen.push(`${what} ${url}: ${got}`)
  }
  const fetched = (url: string, init: RequestInit) => async () => {
    const answer = await fetch(url, init)
    return answer.type === 'opaque' ? null : `${answer.status} ${(await answer.text()).slice(0, 200)}`
  }
  const byXhr = (method: string, url: string, body: string) => () =>
    new Promise<string | null>((done) => {
      const request = new XMLHttpRequest()
      request.open(method, url)
      request.onload = () => done(`${request.status} ${request.responseText.slice(0, 200)}`)
      request.onerror = () => done(null)
      request.send(body)
    })
  const embedded = (element: HTMLElement, from: string, url: string) => () =>
    new Promise<string | null>((done) => {
      element.onload = () => done('loaded')
      element.onerror = () => done(null)
      element.setAttribute(from, url)
      document.body.append(element)
    })
  const byForm = (url: string, type: string, body: string) => async () => {
    const frame = document.createElement('iframe')
    frame.name = `to ${url} ${type}`
    const form = document.createElement('form')
    Object.assign(form, { method: 'post', action: url, enctype: type, target: frame.name })
    // Sent as text/plain, name and value make one JSON text.
    const field = document.createElement('input')
    Object.assign(field, { name: body.replace(/\}$/, ',"a":"'), value: '"}' })
    form.append(field)
    document.body.append(frame, form)
    const loaded = new Promise((done) => {
      frame.onload = done
    })
    form.submit()
    await loaded
    return frame.contentDocument?.body?.textContent || null
  }
  const bySocket = (url: string) => () =>
    new Promise<string | null>((done) => {
      const socket = new WebSocket(url.replace(/^http/, 'ws'))
      socket.onopen = () => done('open')
      socket.onerror = () => done(null)
    })
  const byEvents = (url: string) => () =>
    new Promise<string | null>((done) => {
      const source = new EventSource(url)
      source.onopen = () => done('open')
      source.onerror = () => {
        source.close()
        done(null)
      }
    })

  for (const { url, body } of targets) {
    const json = { 'content-type': 'application/json' }
    const link = Object.assign(document.createElement('link'), { rel: 'stylesheet' })
    await Promise.all([
      attempt('GET cors', url, fetched(url, {})),
      attempt('GET no-cors', url, fetched(url, { mode: 'no-cors' })),
      attempt('GET with credentials', url, fetched(url, { credentials: 'include' })),
      attempt('POST JSON', url, fetched(url, { method: 'POST', headers: json, body })),
      attempt('POST text', url, fetched(url, { method: 'POST', body })),
      attempt('POST text no-cors', url, fetched(url, { method: 'POST', mode: 'no-cors', body })),
      attempt('POST untyped no-cors', url, fetched(url, { method: 'POST', mode: 'no-cors', body: new Blob([body]) })),
      attempt('PUT', url, fetched(url, { method: 'PUT', headers: json, body })),
      attempt('DELETE', url, fetched(`${url}?force=1`, { method: 'DELETE' })),
      attempt('XHR GET', url, byXhr('GET', url, '')),
      attempt('XHR POST', url, byXhr('POST', url, body)),
      attempt('form', url, byForm(url, 'application/x-www-form-urlencoded', body)),
      attempt('form of text', url, byForm(url, 'text/plain', body)),
      attempt('form of files', url, byForm(url, 'multipart/form-data', body)),
      attempt('img', url, embedded(document.createElement('img'), 'src', url)),
      attempt('script', url, embedded(document.createElement('script'), 'src', url)),
      attempt('stylesheet', url, embedded(link, 'href', url)),
      attempt('WebSocket', url, bySocket(url)),
      attempt('EventSource', url, byEvents(url)),
    ])
    navigator.sendBeacon(url, body)
    navigator.sendBeacon(url, new Blob([body], { type: 'application/json' }))
  }
  return seen
}
