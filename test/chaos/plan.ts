// The kill matrix as data: which part is struck at which moment on which broker, which of these make no sense and why,
// and a draw that spreads over all that do. Pure: the same seed draws the same rounds. Not for: doing any of it.
import { type Dice, dice } from '../dice.ts'

export const parts = ['app', 'postgres', 'bridge', 'mosquitto', 'nats', 's3', 'network'] as const
export const moments = ['load', 'commit', 'upload', 'start', 'shutdown'] as const
export const brokers = ['embedded', 'mosquitto', 'nats'] as const

export type Part = (typeof parts)[number]
export type Moment = (typeof moments)[number]
export type BrokerName = (typeof brokers)[number]

export interface Cell {
  broker: BrokerName
  part: Part
  moment: Moment
}

export interface Round extends Cell {
  /** Counted from 1 over the whole run, in the order in which they are played. */
  number: number
  /** Of all that is random in it. */
  seed: number
}

/** What each means, for people. */
export const meanings: Record<Part | Moment, string> = {
  app: 'Daybook itself',
  postgres: 'the postmaster, or one of its backends',
  bridge: 'a bridge that stands alone, with its outbox',
  mosquitto: 'the broker',
  nats: 'one node of three, now and then all of them',
  s3: 'the object store',
  network: 'one line or all: cut with or without a word to either end',
  load: 'at any time, under load',
  commit: 'while a transaction of the write path is open',
  upload: 'while the PUT of a payload is under way',
  start: 'again within the first second of its return',
  shutdown: 'after it was told to end',
}

/** Why a cell is not played, or null. */
export function senseless({ broker, part, moment }: Cell): string | null {
  if (part === 'mosquitto' && broker !== 'mosquitto') return 'it is not there'
  if (part === 'nats' && broker !== 'nats') return 'it is not there'
  if ((part === 'mosquitto' || part === 'nats') && moment === 'upload') return 'payloads do not go through the broker'
  if (part === 's3' && moment === 'commit') return 'no transaction waits for the object store'
  if (part === 'network' && moment === 'shutdown') return 'a line is not told to end'
  return null
}

export const cells: readonly Cell[] = brokers.flatMap((broker) =>
  parts.flatMap((part) =>
    moments.map((moment) => ({ broker, part, moment })).filter((cell) => senseless(cell) === null),
  ),
)

export interface Wanted {
  rounds: number
  seed: number
  brokers?: readonly BrokerName[]
  part?: Part | undefined
}

/**
 * Draws the rounds: no cell a second time before every cell had its first, and among those that are due the one whose
 * part, then moment, then broker had the fewest rounds. So few rounds touch every part and every moment, and many every cell
 * equally. They are played broker by broker.
 */
export function draw({ rounds, seed, brokers: on = brokers, part }: Wanted): Round[] {
  const random = dice(seed)
  const open = cells.filter((cell) => on.includes(cell.broker) && (!part || cell.part === part))
  const had = new Map<string, number>()
  const drawn: (Cell & { seed: number })[] = []
  while (open.length > 0 && drawn.length < rounds) {
    const cell = due(open, had, random)
    for (const key of keysOf(cell)) had.set(key, (had.get(key) ?? 0) + 1)
    drawn.push({ ...cell, seed: Math.floor(random() * 2 ** 31) })
  }
  const inOrder = brokers.flatMap((broker) => drawn.filter((round) => round.broker === broker))
  return inOrder.map((round, index) => ({ ...round, number: index + 1 }))
}

export function nameOf({ broker, part, moment }: Cell): string {
  return `${part} / ${moment} on ${broker}`
}

function due(open: readonly Cell[], had: ReadonlyMap<string, number>, random: Dice): Cell {
  const ranked = open.map((cell) => ({ cell, rank: [...keysOf(cell).map((key) => had.get(key) ?? 0), random()] }))
  const [first] = ranked.sort((a, b) => a.rank.reduce((sum, n, i) => sum || n - (b.rank[i] ?? 0), 0))
  if (!first) throw new Error('there is no cell to draw from')
  return first.cell
}

/** What is counted of a cell, most important first. A part and a broker may bear the same name. */
function keysOf(cell: Cell): string[] {
  return [nameOf(cell), `part ${cell.part}`, `moment ${cell.moment}`, `broker ${cell.broker}`]
}
