// What must hold when a world has become quiet: the rows are exactly what the sources have produced, every reference
// opens with the right bytes, and the books agree. Not for: bringing about the quiet (round.ts).
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import type { ContentRef } from '../../schemas/content-ref.ts'
import type { Accounting } from '../../schemas/delivery.ts'
import type { BridgeState } from './bridge.ts'
import { journalOf, type Line, produced, readJournal, sha256 } from './journal.ts'
import { BRIDGE, type World } from './world.ts'

/** What a world has seen so far. */
export interface Tally {
  produced: number
  stored: number
  /** Payloads that were opened, one that two rows refer to counted once. */
  payloads: number
  duplicates: number
}

export interface Oracle {
  readonly tally: Tally
  /** What does not hold and was not said before, in words; nothing if all is well. */
  check(bridge: BridgeState): Promise<string[]>
  /** Opens every payload of the whole run again. */
  openAll(): Promise<string[]>
}

interface Row {
  id: string
  producer: string
  summary: string
  content_ref: ContentRef | null
  attachments: ContentRef[] | null
}

const AT_ONCE = 8
const OPEN_MS = 45_000

export function oracleOf(world: World): Oracle {
  /** What is known to be wrong. */
  const told = new Set<string>()
  const expected = new Map<string, { producer: string; line: Line }>()
  /** How many lines of each producer are expected. */
  const counted = new Map<string, number>()
  /** Of these the row was looked at. */
  const known = new Set<string>()
  const refs = new Map<string, ContentRef>()
  const tally: Tally = { produced: 0, stored: 0, payloads: 0, duplicates: 0 }

  function journals(): [producer: string, lines: readonly Line[]][] {
    const sources = world.sources.map(({ producer, journal }): [string, readonly Line[]] => [producer, journal.lines])
    return [[BRIDGE, readJournal(journalOf(world.bridge.folder))], ...sources]
  }

  async function check(bridge: BridgeState): Promise<string[]> {
    const wrong: string[] = []
    const rows = await rowsOf(world.postgres.url)
    const stored = new Map(rows.map((row) => [row.id, row]))
    if (stored.size !== rows.length) wrong.push(`${rows.length - stored.size} rows are there twice`)
    expectMore()
    const fresh = new Map<string, ContentRef>()
    for (const [id, { producer, line }] of expected) {
      const row = stored.get(id)
      if (!row) wrong.push(`${producer} ${line.n} is missing: ${id}, produced ${new Date(line.at).toISOString()}`)
      else if (!known.has(id)) {
        wrong.push(...differences(producer, line, row))
        for (const ref of refsOf(row)) if (!refs.has(ref.id)) fresh.set(ref.id, ref)
        known.add(id)
      }
    }
    for (const { id, producer } of rows) if (!expected.has(id)) wrong.push(`nobody produced ${id} of ${producer}`)
    wrong.push(...(await open([...fresh.values()])))
    for (const [id, ref] of fresh) refs.set(id, ref)
    wrong.push(...(await books(bridge)))
    Object.assign(tally, { produced: expected.size, stored: stored.size, payloads: refs.size })
    const news = wrong.filter((each) => !told.has(each))
    for (const each of news) told.add(each)
    return news
  }

  /** What was produced since the last time. */
  function expectMore(): void {
    for (const [producer, lines] of journals()) {
      for (const line of lines.slice(counted.get(producer))) {
        expected.set(produced(producer, line, false).notification.id, { producer, line })
      }
      counted.set(producer, lines.length)
    }
  }

  /** Rows are told from what their lines say, to the byte of each payload. */
  function differences(producer: string, line: Line, row: Row): string[] {
    const { notification, payload, moved } = produced(producer, line)
    const name = `${producer} ${line.n}`
    const wrong: string[] = []
    if (row.producer !== producer || row.summary !== notification.summary) wrong.push(`${name} is another's: ${row.id}`)
    const attached = row.content_ref?.id
    if (attached !== (payload && sha256(payload))) wrong.push(`${name} refers to ${attached} for its payload`)
    const data = row.attachments?.[0]?.id
    if (data !== (moved && sha256(moved))) wrong.push(`${name} refers to ${data} for its data`)
    return wrong
  }

  async function open(wanted: readonly ContentRef[]): Promise<string[]> {
    const left = [...wanted]
    const wrong: string[] = []
    const opener = async () => {
      for (let ref = left.pop(); ref; ref = left.pop()) {
        const path = `/objects/${ref.storage}/${ref.id}`
        const { status, bytes } = await fetched(path)
        if (status !== 200) wrong.push(`${path} answers ${status}: ${bytes.subarray(0, 300)}`)
        else if (sha256(bytes) !== ref.id) wrong.push(`${path} opens with other bytes: ${bytes.length} of ${ref.size}`)
      }
    }
    await Promise.all(Array.from({ length: AT_ONCE }, opener))
    return wrong
  }

  /** An object store that has just come back is asked again for a while, as the answer says. */
  async function fetched(path: string): Promise<{ status: number; bytes: Buffer }> {
    for (const late = Date.now() + OPEN_MS; ; await sleep(100)) {
      const response = await world.app.house.api(path)
      const { status } = response
      const bytes = Buffer.from(await response.arrayBuffer())
      if (status !== 503 || Date.now() > late) return { status, bytes }
    }
  }

  async function books({ lastSeq }: BridgeState): Promise<string[]> {
    const { producers } = (await (await world.app.house.api('/api/v1/accounting')).json()) as Accounting
    tally.duplicates = producers.reduce((sum, { duplicates }) => sum + duplicates, 0)
    return journals().flatMap(([producer, { length }]) => {
      const account = producers.find((each) => each.producer === producer)
      if (!account) return length === 0 ? [] : [`${producer} has no account`]
      const { received, stored, duplicates, rejected, suppressed, missing, gaps } = account
      const sum = stored + duplicates + rejected + suppressed
      const isTrue =
        received === sum &&
        stored === length &&
        rejected + suppressed + missing + gaps.length === 0 &&
        (producer !== BRIDGE || account.lastSeq === lastSeq)
      return isTrue ? [] : [`the books say ${JSON.stringify(account)}, it is ${length} produced, last ${lastSeq}`]
    })
  }

  return { tally, check, openAll: () => open([...refs.values()]) }
}

function refsOf({ content_ref, attachments }: Row): ContentRef[] {
  return [...(content_ref ? [content_ref] : []), ...(attachments ?? [])]
}

async function rowsOf(url: string): Promise<Row[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    const { rows } = await client.query<Row>('select id, producer, summary, content_ref, attachments from activities')
    return rows
  } finally {
    await client.end()
  }
}
