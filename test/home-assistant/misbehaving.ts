// A server that speaks just enough of Home Assistant's API to misbehave in ways that the real one cannot be made to: it
// refuses a token, falls silent with the line open, sends arrays of messages, has no history. Real sockets on 127.0.0.1.
// Not for: anything that the real one can show, which the journey does with the real one.
import { createServer } from 'node:http'
import { type WebSocket, WebSocketServer } from 'ws'

export interface FakeState {
  entity_id: string
  state: string
  attributes?: Record<string, unknown>
  last_updated: string
}

export interface Misbehaving {
  readonly url: string
  /** What it shows as the present. */
  states: FakeState[]
  /** Its past; null: it has none and answers 404. */
  history: FakeState[] | null
  refusesToken: boolean
  /** Answers nothing any more, but keeps the line. */
  silent: boolean
  /** Reads nothing after the login, not even a goodbye: a line that is open at one end only. */
  freezes: boolean
  /** Event types that this token may not see. */
  denied: readonly string[]
  /** The user of the token. */
  user: { id: string; is_owner: boolean }
  /** RUNNING unless it is still starting. */
  phase: string
  /** How many lines were opened, and how many requests for history were made. */
  readonly counts: { lines: number; histories: number }
  /** Sends messages in one frame, as an array, to every line. */
  send(...events: Record<string, unknown>[]): void
  /** A state_changed that it also shows from now on. */
  change(state: FakeState): void
  dropLines(): void
  close(): Promise<void>
}

export async function misbehaving(): Promise<Misbehaving> {
  const subscriptions = new Map<WebSocket, Map<string, number>>()
  const http = createServer((request, response) => {
    if (!request.url?.startsWith('/api/history/')) return response.writeHead(404).end()
    fake.counts.histories++
    if (fake.history === null) return response.writeHead(404).end()
    const { pathname, searchParams } = new URL(request.url, 'http://127.0.0.1')
    const ids = searchParams.get('filter_entity_id')?.split(',') ?? []
    const since = Date.parse(decodeURIComponent(pathname.slice('/api/history/period/'.length)))
    const until = Date.parse(searchParams.get('end_time') ?? '')
    const within = (at: number) => at > since && at <= until
    const rows = fake.history.filter((row) => ids.includes(row.entity_id) && within(Date.parse(row.last_updated)))
    response.setHeader('content-type', 'application/json').end(JSON.stringify(rows.length ? [rows] : []))
  })
  const sockets = new WebSocketServer({ server: http, path: '/api/websocket' })

  sockets.on('connection', (socket) => {
    fake.counts.lines++
    const types = new Map<string, number>()
    subscriptions.set(socket, types)
    const say = (message: unknown) => socket.send(JSON.stringify(message))
    say({ type: 'auth_required', ha_version: '2026.11.0' })
    socket.on('close', () => subscriptions.delete(socket))
    socket.on('message', (bytes: Buffer) => {
      const { id, type, event_type } = JSON.parse(bytes.toString()) as { id: number; type: string; event_type?: string }
      if (fake.silent) return
      if (type === 'auth') {
        say({ type: fake.refusesToken ? 'auth_invalid' : 'auth_ok', ha_version: '2026.11.0' })
        if (fake.freezes) socket.pause()
        return
      }
      if (type === 'ping') return say({ id, type: 'pong' })
      if (type === 'subscribe_events' && event_type) {
        if (fake.denied.includes(event_type)) {
          return say({ id, type: 'result', success: false, error: { code: 'unauthorized', message: 'Unauthorized' } })
        }
        types.set(event_type, id)
      }
      const results: Record<string, unknown> = {
        get_states: fake.states,
        get_config: { state: fake.phase },
        'auth/current_user': fake.user,
      }
      say({ id, type: 'result', success: true, result: results[type] ?? [] })
    })
  })

  const fake: Misbehaving = {
    url: '',
    states: [],
    history: [],
    refusesToken: false,
    silent: false,
    freezes: false,
    denied: [],
    user: { id: 'owner', is_owner: true },
    phase: 'RUNNING',
    counts: { lines: 0, histories: 0 },
    send(...events) {
      for (const [socket, types] of subscriptions) {
        const messages = events.flatMap((event) => {
          const id = types.get(String(event.event_type))
          return id === undefined ? [] : [{ id, type: 'event', event }]
        })
        socket.send(JSON.stringify(messages))
      }
    },
    change(state) {
      fake.states = [...fake.states.filter(({ entity_id }) => entity_id !== state.entity_id), state]
      fake.send({ event_type: 'state_changed', data: { entity_id: state.entity_id, new_state: state } })
    },
    dropLines() {
      for (const socket of sockets.clients) socket.terminate()
    },
    async close() {
      fake.dropLines()
      await new Promise((resolve) => sockets.close(resolve))
      http.closeAllConnections()
      await new Promise((resolve) => http.close(resolve))
    },
  }
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  const address = http.address()
  return Object.assign(fake, { url: `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}` })
}
