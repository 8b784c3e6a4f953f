// The open bridge that hooks feed, of Claude Code and of Codex: it empties the spool, ends what fell silent, and hands each
// call to the transcripts once it is told. Not for: what a call means (translate.ts), or what transcripts and telemetry say.
import { statSync } from 'node:fs'
import type { Health } from '../../component.ts'
import type { BridgeHost, Notification, OpenBridge } from '../bridge.ts'
import { watchSpool } from '../spool.ts'
import { type HookCall, knownEvents } from './call.ts'
import type { HooksConfig } from './config.ts'
import { gathering } from './gathering.ts'
import type { Known } from './known.ts'
import { createKnown } from './known.ts'
import { memoryIn } from './memory.ts'
import { type HookContext, inferSessionEnd } from './notify.ts'
import { pausesIn } from './pauses.ts'
import { placeOf } from './place.ts'
import type { Session } from './session.ts'
import { type Spool, type SpoolFile, spoolIn } from './spool.ts'
import type { openTelemetry } from './telemetry/telemetry.ts'
import { openTranscripts } from './transcripts/open.ts'
import type { PastHook } from './transcripts/transcripts.ts'
import { passOver, step } from './translate.ts'

/** What is read and told at once, so that nothing else waits long: each call costs some synced writes. */
const BATCH = { files: 10, bytes: 4 * 1024 * 1024 }
/** More files than this are not what happens now: they wait until little waits in the outbox. */
const BACKLOG = 200
const SWEEP_MS = 30_000
/** Sessions of the past that an import holds in mind. */
const PAST_MOST = 1000

export interface HooksParts {
  source: string
  /** Where the program can be told to send its own. */
  telemetry?: typeof openTelemetry
}

export async function openHooks(host: BridgeHost<HooksConfig>, parts: HooksParts): Promise<OpenBridge> {
  const { state, clock, log, space, privacy } = host
  const closing = new AbortController()
  const signal = AbortSignal.any([host.signal, closing.signal])
  const gathered = gathering(state)
  const known = createKnown(state)
  const knownLive = createKnown(gathered)
  const memory = memoryIn(gathered, privacy)
  const pauses = pausesIn(state)
  const spool = host.config.spool === undefined ? undefined : spoolIn(host.config.spool)
  const contextWith = (times: Known): HookContext => ({ space, now: clock.now(), source: parts.source, known: times })
  const context = () => contextWith(knownLive)
  const { source } = parts
  const translate = pastTranslator(source, () => contextWith(known))
  const folder = host.config.transcriptsFolder
  const transcripts = openTranscripts({ host, known, source, folder, translate })
  const telemetry = parts.telemetry?.({ host, known, source })
  const counts = { hooks: 0, unreadable: 0 }
  const unheard = new Set<string>()
  let swept = clock.now()
  let fullSince: number | undefined

  /** False for what must leave no trace. */
  function allowed({ body }: HookCall): boolean {
    const input = Object(body.tool_input) as Record<string, unknown>
    const paths = [body.cwd, input.file_path, input.notebook_path].filter((path) => typeof path === 'string')
    return paths.every((path) => privacy.allows({ path }))
  }

  /** Tells what these files hold, and removes them once it is safe. */
  function take(from: Spool, files: readonly SpoolFile[]): void {
    const sessions = new Map<string, Session>()
    const notifications: Notification[] = []
    const calls: { call: HookCall; run: string | undefined }[] = []
    const done: SpoolFile[] = []
    for (const file of files) {
      const call = from.read(file)
      if (!call) {
        counts.unreadable++
        log.warn({ file: file.name }, 'a hook wrote what cannot be read; it is put aside')
        continue
      }
      done.push(file)
      if (!allowed(call)) continue
      const id = String(call.body.session_id)
      const before = sessions.get(id) ?? memory.get(id)
      if (pauses.covers(call.at)) {
        const after = passOver(call, before)
        if (after) sessions.set(id, after)
        continue
      }
      const place = typeof call.body.cwd === 'string' ? placeOf(call.body.cwd) : undefined
      const { session, notifications: told } = step({ ...call, place }, before, context())
      if (session) sessions.set(id, session)
      notifications.push(...told)
      calls.push({ call, run: session?.key })
      if (!knownEvents.has(call.event) && !unheard.has(call.event)) {
        unheard.add(call.event)
        log.info({ event: call.event }, 'an event that is new to this version is kept as it is')
      }
    }
    keep(notifications, sessions.values())
    for (const file of done) from.remove(file)
    counts.hooks += calls.length
    for (const { call, run } of calls) notice(call, run)
  }

  /** In two writes, whatever it is: the same calls would be told with the same ids if there were but the first. */
  function keep(notifications: readonly Notification[], sessions: Iterable<Session>): void {
    try {
      host.emit(notifications)
    } catch (error) {
      gathered.drop()
      throw error
    }
    memory.save(sessions)
    gathered.write()
  }

  function notice({ body, event, at }: HookCall, run: string | undefined): void {
    if (host.config.transcripts === 'off') return
    const { session_id: session, transcript_path, agent_transcript_path, agent_id } = body
    const ofAgent = event === 'SubagentStop' && typeof agent_id === 'string'
    const path = ofAgent ? agent_transcript_path : transcript_path
    if (typeof session !== 'string' || typeof path !== 'string' || path === '') return
    const whose = ofAgent ? { agent: agent_id } : { activity: run }
    transcripts.notice({ event, session, path, at, ...whose })
  }

  async function look(from: Spool): Promise<void> {
    const waiting = from.waiting(clock.now())
    for (const files of batches(waiting)) {
      if (waiting.length > BACKLOG) await host.room(signal)
      await clock.sleep(0, signal)
      if (signal.aborted) return
      // A pause may have begun while we waited: what is older waits until it is over.
      const now = pauses.lasting() ? files.filter(({ at }) => pauses.covers(at)) : files
      if (now.length > 0) take(from, now)
    }
    const full = from.reopen()
    if (full !== undefined) {
      fullSince = full
      log.warn({ since: new Date(full).toISOString() }, 'the hooks kept nothing since then: 512 MiB lay in the spool')
    }
    if (clock.now() - swept >= Math.min(SWEEP_MS, silentMs())) sweep()
  }

  const silentMs = () => host.config.silentMinutes * 60_000

  /** A killed session tells nothing: it ended when it was last heard of. */
  function sweep(): void {
    swept = clock.now()
    if (pauses.lasting()) return
    const running = memory.all().filter(({ endedAt }) => endedAt === undefined)
    for (const session of running) {
      const at = Math.max(session.lastAt, transcripts.grewAt(session.id) ?? grewAt(session.transcript))
      if (swept - at >= silentMs()) endRun(session, at, 'silent')
    }
    memory.tidy(swept)
  }

  function endRun(session: Session, at: number, reason: 'silent' | 'paused'): void {
    const ended = structuredClone(session)
    const ends = inferSessionEnd(ended, context(), { at, reason })
    keep(ends, [reason === 'paused' ? { ...ended, blind: true } : ended])
  }

  const watched = spool
    ? watchSpool({ folder: host.config.spool ?? '', look: () => look(spool), clock, signal, log })
    : Promise.resolve()

  function health(): Health {
    const running = memory.all().filter(({ endedAt }) => endedAt === undefined).length
    const aside = spool?.aside() ?? { files: 0, folder: '' }
    const waiting = spool?.depth() ?? 0
    const own = { ...counts, running, waiting, aside: aside.files }
    const figures = { ...own, ...transcripts.figures(), ...telemetry?.figures() }
    if (aside.files > 0) {
      const detail = `${aside.files} files of hooks could not be read; they lie in ${aside.folder}, delete them when you have seen them.`
      return { state: 'degraded', detail, figures }
    }
    if (fullSince !== undefined && clock.now() - fullSince < 86_400_000) {
      const detail = `Hooks kept nothing from ${new Date(fullSince).toISOString()} until now: 512 MiB lay in the spool.`
      return { state: 'degraded', detail, figures }
    }
    return { state: 'ok', figures }
  }

  return {
    health,
    pause(paused) {
      if (paused && spool && !pauses.lasting()) {
        for (const files of batches(spool.waiting(clock.now()))) take(spool, files)
        for (const session of memory.all()) if (session.endedAt === undefined) endRun(session, session.lastAt, 'paused')
      }
      pauses.set(paused, clock.now())
      transcripts.pause(paused)
    },
    forget({ since = 0, until = Number.POSITIVE_INFINITY, source, entity }) {
      if (entity !== undefined || (source !== undefined && source !== parts.source)) return 0
      const own = memory.forget(since, until) + known.forget(since, until)
      return own + transcripts.forget(since, until) + (telemetry?.forget(since, until) ?? 0)
    },
    import: (...past) => transcripts.import(...past),
    ...(telemetry && { serve: (...asked) => telemetry.serve(...asked) }),
    async close() {
      closing.abort()
      await watched
      await transcripts.close()
    },
  }
}

/** Translates what transcripts tell of the past, with sessions in mind that are not those that run. */
function pastTranslator(source: string, context: () => HookContext) {
  const sessions = new Map<string, Session>()
  return (body: PastHook, at: number): Notification[] => {
    const place = typeof body.cwd === 'string' ? placeOf(body.cwd) : undefined
    // The branch of today is not that of the past.
    const call = { source, event: body.hook_event_name, at, body, ...(place && { place: { project: place.project } }) }
    const { session, notifications } = step(call, sessions.get(body.session_id), context())
    if (session) sessions.set(body.session_id, session)
    const [oldest] = sessions.keys()
    if (sessions.size > PAST_MOST && oldest !== undefined) sessions.delete(oldest)
    return notifications
  }
}

function* batches(files: readonly SpoolFile[]): Generator<SpoolFile[]> {
  let batch: SpoolFile[] = []
  let bytes = 0
  for (const file of files) {
    if (batch.length >= BATCH.files || (batch.length > 0 && bytes + file.bytes > BATCH.bytes)) {
      yield batch
      batch = []
      bytes = 0
    }
    batch.push(file)
    bytes += file.bytes
  }
  if (batch.length > 0) yield batch
}

function grewAt(transcript: string | undefined): number {
  return (transcript && statSync(transcript, { throwIfNoEntry: false })?.mtimeMs) || 0
}
