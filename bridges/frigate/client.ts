// Frigate's HTTP API for one instance: logs in where that is asked for, again when the session has run out, and says
// plainly what is wrong. Not for: trying again, which those do who ask.
import { type Clock, wallClock } from '../../component.ts'
import { asDaybookError, DaybookError } from '../../schemas/errors.ts'
import { type Answer, type Ask, createRequests, type Times } from './http.ts'

const JSON_BYTES = 32 * 1024 * 1024
const PICTURE_BYTES = 8 * 1024 * 1024
const CLIP_BYTES = 64 * 1024 * 1024
/** Its limits on logins are a few a minute. */
const LOGIN_PAUSE_MS = { first: 2000, most: 300_000 }
const TOO_MANY = 429
/** From one refused login to the next: one who tries a wrong password on and on is locked out. */
const REFUSED_PAUSES_MS = [60_000, 120_000, 300_000]
const LONGEST_REFUSED_PAUSE_MS = 600_000

const kinds = {
  snapshot: { file: 'snapshot.jpg', family: 'image/', most: PICTURE_BYTES },
  thumbnail: { file: 'thumbnail.jpg', family: 'image/', most: PICTURE_BYTES },
  clip: { file: 'clip.mp4', family: 'video/', most: CLIP_BYTES },
} as const

export type PayloadKind = keyof typeof kinds

export interface Payload {
  bytes: Uint8Array
  mediaType: string
}

export interface ClientParts {
  url: string
  tls: string
  user?: string | undefined
  password?: string | undefined
  signal: AbortSignal
  clock?: Clock
  times?: Times
  /** It answers again after it did not. */
  onBack?: () => void
}

export type Client = ReturnType<typeof createClient>

export function createClient({ url, tls, user, password, signal, clock = wallClock, onBack, ...rest }: ClientParts) {
  const requests = createRequests(url, tls, rest.times ?? { idleMs: 10_000, totalMs: 60_000 })
  let cookie: string | undefined
  let login: Promise<void> | undefined
  let loginPause = 0
  let quietUntil = 0
  /** The last login was refused, or of no use: none before `loginAt`. */
  let refused: DaybookError | undefined
  let refusals = 0
  let loginAt = 0
  /** It has answered without a login, so that a refused one is no reason to ask for nothing. */
  let isOpen = false
  let trouble: DaybookError | null = null

  async function ask(path: string, about: Omit<Ask, 'signal'>): Promise<Answer> {
    try {
      if (!cookie && !isOpen) throwIfRefused()
      const answer = await inside(path, about)
      if (answer.status === 403) throw new DaybookError('frigate_auth', `${path}: this user may not see it.`)
      if (trouble) onBack?.()
      trouble = null
      return answer
    } catch (thrown) {
      const error = asDaybookError(thrown)
      // What is too large was answered all the same.
      if (error.code !== 'too_large') trouble = error
      throw error
    }
  }

  /** Logs in once if it is asked to. */
  async function inside(path: string, about: Omit<Ask, 'signal'>): Promise<Answer> {
    const used = cookie
    const answer = await once(path, about)
    if (answer.status !== 401) {
      isOpen ||= !used && answer.status === 200
      return answer
    }
    // Without a password nobody can be locked out: only this one question has failed.
    if (!user || !password) throw new DaybookError('frigate_auth', `${path}: it wants a login, and none is set.`)
    if (!cookie || cookie === used) await logIn()
    const again = await once(path, about)
    if (again.status === 401) throw refuse(`${path}: it refuses the session that it has just given.`)
    refused = undefined
    refusals = 0
    return again
  }

  async function once(path: string, about: Omit<Ask, 'signal'>): Promise<Answer> {
    if (clock.now() < quietUntil) throw new DaybookError('frigate_unreachable', 'It asked us to slow down.')
    const headers = { ...about.headers, ...(cookie && { cookie }) }
    const answer = await requests.ask(path, { ...about, headers, signal })
    if (answer.status !== TOO_MANY) return answer
    slowDown(answer)
    throw new DaybookError('frigate_unreachable', `${path}: too many questions (429).`)
  }

  /** One login for all who wait for it. */
  function logIn(): Promise<void> {
    if (!login) throwIfRefused()
    login ??= enter().finally(() => {
      login = undefined
    })
    return login
  }

  async function enter(): Promise<void> {
    cookie = undefined
    const headers = { 'content-type': 'application/json' }
    const body = JSON.stringify({ user, password })
    const answer = await once('/api/login', { method: 'POST', headers, body, most: JSON_BYTES })
    if (answer.status >= 500) throw new DaybookError('frigate_unreachable', `/api/login answers ${answer.status}.`)
    const given = answer.headers['set-cookie']?.[0]?.split(';')[0]
    if (answer.status !== 200 || !given) throw refuse(`/api/login answers ${answer.status}.`)
    cookie = given
  }

  function refuse(detail: string): DaybookError {
    if (clock.now() >= loginAt) loginAt = clock.now() + (REFUSED_PAUSES_MS[refusals++] ?? LONGEST_REFUSED_PAUSE_MS)
    refused = new DaybookError('frigate_auth', detail)
    return refused
  }

  function throwIfRefused(): void {
    if (refused && clock.now() < loginAt) throw refused
  }

  function slowDown(answer: Answer): void {
    const said = Number(answer.headers['retry-after']) * 1000
    loginPause = Math.min(Math.max(2 * loginPause, LOGIN_PAUSE_MS.first), LOGIN_PAUSE_MS.most)
    quietUntil = clock.now() + (said > 0 ? Math.min(said, LOGIN_PAUSE_MS.most) : loginPause)
  }

  function check(path: string, { status }: Answer): void {
    if (status === 404) throw new DaybookError('object_missing', `${path}: Frigate does not have it.`)
    if (status !== 200) throw new DaybookError('frigate_unreachable', `${path} answers ${status}.`)
    loginPause = 0
  }

  return {
    /** Why the last question was not answered; null when it was. */
    trouble: () => trouble,
    /** Rejects with `object_missing`, `frigate_unreachable`, `frigate_auth`. */
    async json(path: string): Promise<unknown> {
      const answer = await ask(path, { most: JSON_BYTES })
      check(path, answer)
      try {
        return JSON.parse(answer.body.toString())
      } catch {
        throw new DaybookError('frigate_unreachable', `${path.split('?')[0]} answers with something that is no JSON.`)
      }
    },
    /** Rejects like `json`. */
    async text(path: string): Promise<string> {
      const answer = await ask(path, { most: JSON_BYTES })
      check(path, answer)
      return answer.body.toString()
    },
    /** A picture or clip of a tracked object, or of a review that has none. Rejects like `json`, and with `too_large`. */
    async payload(id: string, kind: PayloadKind): Promise<Payload> {
      const { file, most, family } = kinds[kind]
      const path = `/api/events/${encodeURIComponent(id)}/${file}`
      return read(path, most, family)
    },
    /** Any picture below its root. */
    picture: (path: string): Promise<Payload> => read(path, PICTURE_BYTES, 'image/'),
    close: () => requests.close(),
  }

  async function read(path: string, most: number, family: string): Promise<Payload> {
    const answer = await ask(path, { most })
    check(path, answer)
    const mediaType = answer.headers['content-type']?.split(';')[0]?.trim().toLowerCase() ?? ''
    const wrong = !mediaType.startsWith(family) || answer.body.length === 0 || isCut(answer)
    if (wrong)
      throw new DaybookError('frigate_unreachable', `${path} answers ${mediaType || 'nothing'}, no whole ${family}*.`)
    return { bytes: answer.body, mediaType }
  }
}

/** A JPEG without its end marker, of which nobody said how long it is: a lost connection looks like its end. */
function isCut({ headers, body }: Answer): boolean {
  const isJpeg = body[0] === 0xff && body[1] === 0xd8
  return headers['content-length'] === undefined && isJpeg && body.lastIndexOf(Buffer.from([0xff, 0xd9])) === -1
}
