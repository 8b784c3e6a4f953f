// What the events of each kind of watcher are to Daybook: the one table, a row a bucket type. Pure. Not for: ids, phases
// and durations (translate.ts), or words for people (describe.ts).
import { isTopicWord } from '../../schemas/topics.ts'
import type { Data } from './store/buckets.ts'

/** As much of a bucket as its events' meaning depends on. */
export interface Watched {
  id: string
  type: string
  client: string
  hostname: string
}

export interface Meaning {
  /** A source, or where it is read from: the name of the watcher. */
  source: (bucket: Watched) => string
  type: string
  /** What `data` holds first and in our words; what else the watcher said follows under its own names. */
  facts(data: Data, bucket: Watched): Record<string, unknown>
  /** Fields of the watcher that the facts say already. */
  said: readonly string[]
  /** False while it is no event yet. */
  isOne?(data: Data): boolean
}

const always = (source: string) => () => source

export const meanings: Readonly<Record<string, Meaning>> = {
  'web.tab.current': {
    source: always('browser'),
    type: 'visit',
    facts: ({ url, title, audible, browser }, bucket) => ({
      url,
      title,
      domain: domainOf(url),
      audible,
      browser: browser ?? browserIn(bucket),
    }),
    said: ['url', 'title', 'audible', 'browser', 'incognito'],
  },
  currentwindow: {
    source: always('window'),
    type: 'focus',
    facts: ({ app, title, url }) => ({ app, title, domain: domainOf(url) }),
    said: ['app', 'title'],
  },
  afkstatus: {
    source: always('afk'),
    type: 'presence',
    facts: ({ status }) => ({ state: status === 'afk' ? 'away' : status === 'not-afk' ? 'active' : status }),
    said: ['status'],
  },
  'app.editor.activity': {
    source: watcherIn,
    type: 'edit',
    facts: ({ file, project, projectPath, language, branch }) => ({
      file: known(file),
      project: lastPart(known(project)),
      language: known(language),
      branch: known(branch),
      project_path: projectPath ?? (isPath(project) ? project : undefined),
    }),
    said: ['file', 'project', 'language', 'branch', 'projectPath'],
  },
  'os.lockscreen.unlocks': { source: always('phone'), type: 'unlock', facts: () => ({}), said: [] },
  'media.playback': { source: always('media'), type: 'playback', facts: played, said: ['title', 'artist', 'album'] },
  'currently-playing': { source: always('media'), type: 'playback', facts: played, said: ['title', 'artist', 'album'] },
  'os.hid.input': { source: always('input'), type: 'strokes', facts: () => ({}), said: [] },
  'general.stopwatch': {
    source: always('stopwatch'),
    type: 'timing',
    facts: ({ label }) => ({ label }),
    said: ['label', 'running'],
    // It is replaced by what it came to when it is stopped.
    isOne: ({ running }) => running !== true,
  },
}

/** Of kinds without a row the watcher is the source, and the bucket's type the type; all that it said is kept. */
export function meaningOf(bucket: Watched): Meaning {
  if (Object.hasOwn(meanings, bucket.type)) return meanings[bucket.type] as Meaning
  const type = wordOf(bucket.type, 'event')
  const facts = () => (type === 'event' ? { bucket_type: bucket.type } : {})
  return { source: watcherIn, type, facts, said: [] }
}

export function sourceIn(bucket: Watched): string {
  return meaningOf(bucket).source(bucket)
}

/** What is kept of an event, in snake_case: what is undefined, null or empty is left out. */
export function factsIn(data: Data, bucket: Watched): Record<string, unknown> {
  const { facts, said } = meaningOf(bucket)
  const rest = Object.entries(data).filter(([key]) => !said.includes(key))
  const host = bucket.hostname === '' || bucket.hostname === 'unknown' ? undefined : bucket.hostname
  const all: [string, unknown][] = [
    ...rest.map(([key, value]): [string, unknown] => [snake(key), value]),
    ...Object.entries({ ...facts(data, bucket), host }),
  ]
  const named = Object.keys(facts(data, bucket))
  const kept = all.filter(([, value]) => value !== undefined && value !== null && value !== '')
  const inOrder = [...kept.filter(([key]) => named.includes(key)), ...kept.filter(([key]) => !named.includes(key))]
  return Object.fromEntries(inOrder)
}

/** Where a page is from, without `www.`; undefined for what is no page of the web. */
export function domainOf(url: unknown): string | undefined {
  if (typeof url !== 'string' || !/^https?:/i.test(url)) return undefined
  return URL.parse(url)?.hostname.replace(/^www\./, '') || undefined
}

/** `aw-watcher-web-firefox_desk`: firefox. */
function browserIn({ id }: Watched): string | undefined {
  return /^aw-watcher-web-([A-Za-z0-9-]+?)(?:_|$)/.exec(id)?.[1]?.toLowerCase()
}

/** People write both names. */
const ALIASES: Readonly<Record<string, string>> = { neovim: 'nvim', 'visual-studio-code': 'vscode' }

/** `aw-watcher-vim` as a client, or `aw-watcher-vim_desk` as a bucket: vim. */
function watcherIn({ client, id }: Watched): string {
  const name = /^aw-watcher-(.+)/i.exec(client)?.[1] ?? /^aw-watcher-([^_]+)/i.exec(id)?.[1] ?? ''
  const word = wordOf(name, 'activitywatch')
  return ALIASES[word] ?? word
}

/** As it may stand in a topic. What is no word to begin with is not made one: it may hold anything, and topics are read by all. */
function wordOf(text: string, otherwise: string): string {
  const word = text.toLowerCase()
  return isTopicWord(word) ? word : otherwise
}

function played({ title, artist, album }: Data): Record<string, unknown> {
  return { title, artist, album }
}

/** Editors say `unknown` where they know nothing. */
function known(value: unknown): unknown {
  return value === 'unknown' ? undefined : value
}

/** Absolute, on whatever system. */
export function isPath(value: unknown): value is string {
  return typeof value === 'string' && /^(?:\/|[A-Za-z]:[\\/])/.test(value)
}

/** A project is its folder's name, as other sources call it. */
function lastPart(value: unknown): unknown {
  return isPath(value) ? (value.split(/[\\/]/).findLast((part) => part !== '') ?? value) : value
}

function snake(key: string): string {
  return key.replace(/([a-z0-9])([A-Z])/g, '$1_$2').toLowerCase()
}
