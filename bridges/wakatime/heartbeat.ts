// A heartbeat as clients of WakaTime send it, and as exports hold it, made into one form (wakatime-cli,
// pkg/heartbeat/heartbeat.go). Pure: what it cannot be is said, never thrown. Not for: what heartbeats mean together
// (stretch.ts), or whether one may be kept (taking.ts).
import { createHash } from 'node:crypto'
import { readAgent } from './agent.ts'

export interface Heartbeat {
  /** Epoch µs. */
  time: number
  /** A path, a URL, a domain or the name of an app, as `type` says. */
  entity: string
  /** `file`, `url`, `domain`, `app`, or what others may send. */
  type: string
  /** `coding`, `debugging`, `browsing`, ...; empty: none was sent. */
  category: string
  /** Empty: none, as for the next two. */
  project: string
  branch: string
  language: string
  write: boolean
  /** The source that the activity will bear. */
  source: string
  machine: string
  /** All else that was sent, under its own names: lines, AI figures, fields yet unknown. */
  more: Record<string, unknown>
}

/** A heartbeat that cannot be one, and why. */
export interface Refused {
  refused: string
}

/** What the request says of all heartbeats in it. */
export interface Sender {
  userAgent: string
  machine: string
  /** Epoch ms. */
  now: number
}

/** The most that is kept of one, characters. */
const MOST = { entity: 2048, name: 256, more: 2048 }
const AHEAD_MS = 86_400_000
const YEAR_2000 = 946_684_800
/** What is read into fields of its own, or says nothing of the activity. */
const READ = new Set(
  (
    'time entity type category project branch language is_write user_agent plugin user_agent_id machine machine_name ' +
    'machine_name_id hostname operating_system editor id user_id created_at project_root_count hash origin origin_id'
  ).split(' '),
)

export function readHeartbeat(input: unknown, { userAgent, machine, now }: Sender): Heartbeat | Refused {
  if (typeof input !== 'object' || input === null || Array.isArray(input)) return { refused: 'not an object' }
  const sent = input as Record<string, unknown>
  const entity = text(sent.entity, MOST.entity)
  if (!entity) return { refused: 'entity: missing' }
  const time = secondsOf(sent.time)
  if (time === undefined) return { refused: 'time: no seconds of the epoch' }
  if (time < YEAR_2000 || time * 1000 > now + AHEAD_MS) return { refused: 'time: before 2000 or over a day ahead' }
  const type = text(sent.type, 32).toLowerCase() || 'file'
  const isPage = type === 'url' || type === 'domain'
  const agents = [sent.user_agent, sent.plugin, sent.user_agent_id, userAgent].map((agent) => text(agent, 1024))
  const agent = agents.map(readAgent).find(({ editor }) => editor) ?? {}
  const editor =
    agent.editor ??
    (text(sent.editor, 48)
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, '_') ||
      'editor')
  const named = (value: unknown) => label(text(value, MOST.name), isPage)
  return {
    time: Math.round(time * 1e6),
    entity,
    type,
    category: text(sent.category, 64).toLowerCase() || (isPage ? 'browsing' : type === 'file' ? 'coding' : ''),
    project: named(sent.project),
    branch: named(sent.branch),
    language: named(sent.language),
    write: sent.is_write === true || sent.is_write === 'true' || sent.is_write === 'True' || sent.is_write === 1,
    source: isPage ? 'browser' : type === 'app' ? 'window' : editor,
    machine: text(sent.machine ?? sent.machine_name ?? sent.machine_name_id ?? sent.hostname, MOST.name) || machine,
    more: moreOf({ ...sent, ...(editor !== 'editor' && { program: editor }), ...(agent.os && { os: agent.os }) }),
  }
}

/** WakaTime takes two heartbeats for one if they agree in all of these (Wakapi, models/heartbeat.go). */
export function hashOf(beat: Heartbeat, time = beat.time): string {
  const { entity, type, category, project, branch, language, write } = beat
  const facts = [time, entity, type, category, project, branch, language, write]
  return createHash('sha256').update(JSON.stringify(facts)).digest('hex').slice(0, 32)
}

/** True for `<<LAST_PROJECT>>` and its like: what was last is meant. */
export function isPlaceholder(name: string): boolean {
  return name.startsWith('<<LAST_')
}

/** A page has nothing to do with the project that was last, although the browser extension says so. */
function label(name: string, isPage: boolean): string {
  return isPage && isPlaceholder(name) ? '' : name
}

function text(value: unknown, most: number): string {
  return typeof value === 'string' ? value.trim().slice(0, most) : ''
}

/** The browser extension sends a text, some clients ms. */
function secondsOf(value: unknown): number | undefined {
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value
  if (typeof number !== 'number' || !Number.isFinite(number)) return undefined
  return number > 1e11 ? number / 1000 : number
}

function moreOf(sent: Record<string, unknown>): Record<string, unknown> {
  const more = Object.entries(sent).filter(
    ([key, value]) => !READ.has(key) && value !== null && value !== undefined && value !== '' && key.length <= 64,
  )
  let left = MOST.more
  return Object.fromEntries(
    more.flatMap(([key, value]) => {
      left -= key.length + JSON.stringify(value).length
      return left > 0 ? [[key, value]] : []
    }),
  )
}
