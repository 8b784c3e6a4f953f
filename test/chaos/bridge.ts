// A bridge that stands alone, as a process of its own that can be killed at any moment, over the product's own root of a
// device: node bridge.ts <BridgeSettings as JSON>. It is told what to do, and tells how it is, over the IPC channel of its
// parent, with whom it ends. Not for: any real source; what its journal has and it has not emitted for sure, it emits
// again, as one that reads a log would.
import { pino } from 'pino'
import { z } from 'zod'
import { type BridgeHost, defineBridge } from '../../bridges/bridge.ts'
import { randomIds, wallClock } from '../../component.ts'
import { createDevice } from '../../device.ts'
import { loadDeviceConfig } from '../../device-config.ts'
import { type Journal, journalOf, type Line, openJournal, produced } from './journal.ts'

export interface BridgeSettings {
  folder: string
  producer: string
  /** With user and password. */
  broker: string
  house: { url: string; token: string }
}

/** What the parent may say. */
export type Order = { say: 'go' } | { say: 'stop' } | { say: 'attach'; bytes: number } | { say: 'how' }

/** What it hears: once when the bridge is open, and in answer to `how`. */
export interface BridgeState {
  produced: number
  depth: number
  lastSeq: number
}

const TICK_MS = 40
const EACH_TICK = 3
/** One event in so many has a payload, one has much data. */
const WITH_PAYLOAD = 13
const WITH_DATA = 29
const EMITTED = 'emitted'
const KEEPALIVE_S = 5

async function main({ folder, producer, broker, house }: BridgeSettings): Promise<void> {
  const log = pino({ level: 'info' }, pino.destination(2))
  const journal = openJournal(journalOf(folder))
  const source = shell(producer, journal)
  const env = { DAYBOOK__BROKER__KEEPALIVE_SECONDS: String(KEEPALIVE_S) }
  const config = loadDeviceConfig({ data: folder, broker, house: house.url, token: house.token }, { env })
  const common = { version: 'chaos', log, clock: wallClock, ids: randomIds }
  const device = createDevice({ bridge: source.bridge, config, producer, ...common })
  await device.start()

  const tell = () => {
    const { depth, lastSeq } = device.bridge.health().figures ?? {}
    process.send?.({ produced: journal.lines.length, depth: Number(depth), lastSeq: Number(lastSeq) })
  }
  process.on('message', (order: Order) => {
    if (order.say === 'how') tell()
    else source.obey(order)
  })
  process.once('disconnect', () => process.exit(1))
  process.once('SIGTERM', async () => {
    await device.stop()
    process.exit(0)
  })
  tell()
}

/** What people do in a shell: it is written down, then emitted; what was not emitted when it ended, comes first. */
function shell(producer: string, journal: Journal) {
  let host: BridgeHost<unknown> | undefined
  let going = false

  function emit(lines: readonly Line[]): void {
    for (const line of lines) {
      const { notification, payload } = produced(producer, line)
      const about = { mediaType: 'application/octet-stream', name: `core ${line.n}` }
      host?.emit([payload ? { ...notification, contentRef: host.attach(payload, about) } : notification])
    }
    const last = lines.at(-1)
    if (last) host?.state.set(EMITTED, last.n)
  }

  const bridge = defineBridge({
    name: 'terminal',
    title: 'A shell',
    always: true,
    types: ['command'],
    config: z.object({}),
    exampleConfig: {},
    examples: [],
    exampleContext: { space: 'home', now: 0 },
    translate: () => [],
    async open(opened: BridgeHost<unknown>) {
      host = opened
      emit(journal.lines.slice(host.state.get<number>(EMITTED) ?? 0))
      const timer = setInterval(() => going && emit(journal.write(commands(journal.lines.length))), TICK_MS)
      return {
        health: () => ({ state: 'ok' as const }),
        pause() {},
        forget: () => 0,
        close: async () => clearInterval(timer),
      }
    },
  })
  return {
    bridge,
    obey(order: Order): void {
      if (order.say === 'attach') emit(journal.write([{ at: Date.now(), payload: order.bytes, data: 0 }]))
      else going = order.say === 'go'
    },
  }
}

function commands(before: number): Omit<Line, 'n'>[] {
  return Array.from({ length: EACH_TICK }, (_, index) => {
    const n = before + index + 1
    const payload = n % WITH_PAYLOAD === 0 ? 2_000 + ((n * 7919) % 50_000) : 0
    return { at: Date.now(), payload, data: n % WITH_DATA === 0 ? 5_000 + (n % 2_000) : 0 }
  })
}

await main(JSON.parse(process.argv[2] ?? '{}') as BridgeSettings)
