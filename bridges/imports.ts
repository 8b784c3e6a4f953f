// Bringing in the past that sources still hold, on demand: one import of a source at a time, watched while it runs. What
// is known already comes out with the id it has, so an import may be repeated. Not for: how a source is read, which each
// bridge knows, or for gaps that bridges fill by themselves.
import type { Clock, Component, Health, Ids, Logger } from '../component.ts'
import { asDaybookError, DaybookError } from '../schemas/errors.ts'
import type { ImportProgress, ImportRange } from './bridge.ts'

/** A bridge as an import sees it. */
export interface Importable {
  readonly source: string
  readonly producer: string
  /** See OpenBridge.import; rejects with `invalid` if its source has no past to give. */
  import(range: ImportRange, progress: (at: ImportProgress) => void, signal: AbortSignal): Promise<void>
}

/** An import and how far it is. */
export interface Import {
  id: string
  source: string
  /** Who its activities come from. */
  producer: string
  range: ImportRange
  state: 'running' | 'done' | 'failed' | 'stopped'
  startedAt: number
  endedAt?: number
  progress?: ImportProgress
  error?: { code: string; message: string }
}

export interface Imports extends Component {
  /** Starts one. Throws `not_found` if no such bridge is on, `already_running` if its source is being imported. */
  begin(source: string, range: ImportRange): Import
  /** Throws `not_found`. */
  get(id: string): Import
  /** Ends it; what it has emitted stays. Throws `not_found`. */
  end(id: string): Promise<Import>
}

/** So many that have ended are remembered. */
const REMEMBERED = 20

interface Run {
  about: Import
  ending: AbortController
  ended: Promise<void>
}

export function createImports(options: {
  /** Those that are on now. */
  bridges(): readonly Importable[]
  clock: Clock
  ids: Ids
  log: Logger
}): Imports {
  const { bridges, clock, ids, log } = options
  const runs = new Map<string, Run>()
  const running = () => [...runs.values()].filter(({ about }) => about.state === 'running')

  function find(id: string): Run {
    const run = runs.get(id)
    if (!run) throw new DaybookError('not_found', `There is no import "${id}"; those before the last start are gone.`)
    return run
  }

  async function run(bridge: Importable, about: Import, signal: AbortSignal): Promise<void> {
    try {
      await bridge.import(
        about.range,
        (progress) => {
          about.progress = progress
        },
        signal,
      )
      about.state = signal.aborted ? 'stopped' : 'done'
    } catch (thrown) {
      const { code, message } = asDaybookError(thrown)
      about.state = signal.aborted ? 'stopped' : 'failed'
      if (!signal.aborted) about.error = { code, message }
    }
    about.endedAt = clock.now()
    log.info({ source: about.source, ...about.progress, state: about.state, ...about.error }, 'an import has ended')
  }

  return {
    name: 'imports',
    async start() {},
    async stop() {
      for (const { ending } of running()) ending.abort()
      await Promise.all([...runs.values()].map(({ ended }) => ended))
    },
    health(): Health {
      return { state: 'ok', figures: { running: running().length } }
    },
    begin(source, range) {
      const bridge = bridges().find((each) => each.source === source)
      if (!bridge) {
        const on = bridges()
          .map((each) => each.source)
          .join(', ')
        throw new DaybookError(
          'not_found',
          `No bridge "${source}" is on; there are: ${on}. \`daybook connect\` says how to turn others on.`,
        )
      }
      const other = running().find(({ about }) => about.source === source)
      if (other) throw new DaybookError('already_running', `${source} is being imported: ${other.about.id}.`)
      const ending = new AbortController()
      const id = ids.random()
      const about: Import = { id, source, producer: bridge.producer, range, state: 'running', startedAt: clock.now() }
      runs.set(id, { about, ending, ended: run(bridge, about, ending.signal) })
      for (const [old, { about: past }] of runs) {
        if (runs.size > REMEMBERED && past.state !== 'running') runs.delete(old)
      }
      return about
    },
    get: (id) => find(id).about,
    async end(id) {
      const { about, ending, ended } = find(id)
      ending.abort()
      await ended
      return about
    },
  }
}
