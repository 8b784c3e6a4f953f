// Sends heartbeats to an ActivityWatch server as many watchers do, each in a bucket of its own: raw HTTP/1.1 with a window
// of open requests, so that the sender costs little. A process of its own; prints one line of JSON. Not for: what becomes
// of them, which capture.ts looks at.
import { connect, type Socket } from 'node:net'
import { parseArgs } from 'node:util'
import { rounded } from './statistics.ts'

export interface HeartbeatsResult {
  sent: number
  /** Answered with 200. */
  taken: number
  refused: number
  seconds: number
  perSecond: number
  /** ms from the sending to the answer. */
  latency: { p50: number; p99: number; max: number }
}

const STEP_MS = 100

interface Watcher {
  socket: Socket | null
  bucket: string
  sent: number
  answered: number
  refused: number
  /** When each open request was sent. */
  open: number[]
  latencies: number[]
}

const { values } = parseArgs({
  options: {
    url: { type: 'string', default: 'http://127.0.0.1:5600' },
    watchers: { type: 'string', default: '20' },
    /** Of each watcher: open requests. */
    window: { type: 'string', default: '32' },
    /** Heartbeats a second over all watchers; 0: as many as go. */
    rate: { type: 'string', default: '0' },
    seconds: { type: 'string', default: '10' },
    /** Heartbeats with the same data, one after the other, before it changes: so many make one event. */
    run: { type: 'string', default: '100' },
    /** Epoch ms of the first heartbeat. */
    from: { type: 'string', default: String(Date.now()) },
  },
})

let over = false
const { hostname, port } = new URL(values.url)
const [window, rate, seconds, from, ofOne] = [values.window, values.rate, values.seconds, values.from, values.run].map(
  Number,
) as [number, number, number, number, number]

function request(watcher: Watcher): string {
  const at = new Date(from + watcher.sent * STEP_MS).toISOString()
  const title = `Page ${Math.floor(watcher.sent / ofOne)} of ${watcher.bucket}`
  const body = JSON.stringify({ timestamp: at, duration: 0, data: { app: 'bench', title } })
  return `POST /api/0/buckets/${watcher.bucket}/heartbeat?pulsetime=5 HTTP/1.1\r\nHost: ${hostname}:${port}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`
}

async function created(bucket: string): Promise<void> {
  const body = JSON.stringify({ client: 'bench', type: 'currentwindow', hostname: 'bench' })
  const headers = { 'content-type': 'application/json' }
  const { status } = await fetch(`${values.url}/api/0/buckets/${bucket}`, { method: 'POST', body, headers })
  if (status !== 200 && status !== 304) throw new Error(`bucket ${bucket}: ${status}`)
}

async function watcher(bucket: string): Promise<Watcher> {
  await created(bucket)
  const one: Watcher = { bucket, socket: null, sent: 0, answered: 0, refused: 0, open: [], latencies: [] }
  dial(one)
  return one
}

/** Some servers hang up after each answer; then the next request takes a new connection, and the window must be 1. */
function dial(one: Watcher): void {
  const socket: Socket = connect({ host: hostname, port: Number(port), noDelay: true })
  one.socket = socket
  let rest = ''
  const answered = () => {
    if (/^HTTP\/1\.[01] 200/.test(rest)) one.answered++
    else one.refused++
    one.latencies.push(performance.now() - (one.open.shift() ?? 0))
  }
  socket.setEncoding('latin1').on('data', (text: string) => {
    rest += text
    for (;;) {
      const head = rest.indexOf('\r\n\r\n')
      const length = /content-length: (\d+)/i.exec(rest.slice(0, Math.max(head, 0)))?.[1]
      if (head < 0 || length === undefined || rest.length < head + 4 + Number(length)) return
      answered()
      if (/^connection: close/im.test(rest.slice(0, head))) return hangUp()
      rest = rest.slice(head + 4 + Number(length))
    }
  })
  const hangUp = () => {
    socket.destroy()
    if (one.socket !== socket) return
    one.socket = null
    if (!over) dial(one)
  }
  socket.on('error', () => {})
  socket.on('close', hangUp)
}

const watchers = await Promise.all(
  Array.from({ length: Number(values.watchers) }, (_, index) => watcher(`bench-watcher-${index}`)),
)
const sum = (of: (watcher: Watcher) => number) => watchers.reduce((total, one) => total + of(one), 0)
const began = performance.now()
const end = began + seconds * 1000

/** As many as the window and the rate allow. */
function push(): void {
  const due = rate === 0 ? Infinity : ((performance.now() - began) / 1000) * rate - sum(({ sent }) => sent)
  let left = due
  for (const one of watchers) {
    if (!one.socket) continue
    let batch = ''
    const share = rate === 0 ? window : Math.ceil(due / watchers.length)
    for (let count = 0; count < share && left > 0 && one.open.length < window; count++, left--) {
      batch += request(one)
      one.sent++
      one.open.push(performance.now())
    }
    if (batch !== '') one.socket?.write(batch)
  }
}

while (performance.now() < end) {
  push()
  await new Promise((resolve) => setTimeout(resolve, 1))
}
const late = performance.now() + 30_000
while (watchers.some(({ open }) => open.length > 0) && performance.now() < late)
  await new Promise((resolve) => setTimeout(resolve, 5))
const took = (performance.now() - began) / 1000
over = true
for (const { socket } of watchers) socket?.destroy()

const latencies = watchers.flatMap((one) => one.latencies).sort((a, b) => a - b)
const at = (share: number) =>
  rounded(latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * share))] ?? 0)
const result: HeartbeatsResult = {
  sent: sum((one) => one.sent),
  taken: sum((one) => one.answered),
  refused: sum((one) => one.refused),
  seconds: rounded(took),
  perSecond: Math.round(sum((one) => one.answered) / took),
  latency: { p50: at(0.5), p99: at(0.99), max: at(1) },
}
console.log(JSON.stringify(result))
