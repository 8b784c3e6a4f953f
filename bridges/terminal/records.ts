// What the hooks of the shells write, and reading it. A record is a row of texts, each ended by a NUL, which no shell has in
// a text:
//
//   (nothing)  daybook1  key=value  key=value  ...  .
//
// `daybook1` begins it and `.` ends it: neither has a `=`. The NUL in front ends whatever was cut before it, by a crash or
// a full disk, so that one cut record costs no other. Keys: kind (begin, end), session (random, of one shell), n (counts in
// the session); of a beginning at (epoch seconds, with a fraction where the shell knows one), pid, shell, level, host, cwd,
// root (of the git repository), branch, agent (who works in this shell, if no person does), cut (the whole length in
// characters, where only the first 65,536 are here), command; of an end exit, and until (epoch seconds) or ms (how long).
// What is empty is not known; unknown keys are left to later versions. Bytes that are not UTF-8 become U+FFFD.
// Not for: where the files are and when they go (spool.ts), or what commands mean (fold.ts).

export interface Begin {
  session: string
  n: number
  /** Epoch ms. */
  at: number
  pid: number
  command: string
  shell?: string
  level?: number
  host?: string
  cwd?: string
  root?: string
  branch?: string
  agent?: string
  /** Length of the whole command in characters, where it was cut. */
  length?: number
}

export interface End {
  session: string
  n: number
  exitCode?: number
  /** Epoch ms. */
  until?: number
  /** ms */
  duration?: number
}

export type ShellRecord = ({ kind: 'begin' } & Begin) | ({ kind: 'end' } & End)

export interface Read {
  records: ShellRecord[]
  /** Bytes that need not be read again: up to where the last record begins that has no end yet. */
  used: number
  /** Records that were cut, or say nothing that we understand. */
  broken: number
}

const START = 'daybook1'
const END = '.'
/** 2000 to 3000: what else a clock says is not a time. */
const [EARLIEST, LATEST] = [946_684_800, 32_503_680_000]

/** Pure. `bytes` may begin anywhere and end anywhere. */
export function readRecords(bytes: Buffer): Read {
  const records: ShellRecord[] = []
  let broken = 0
  let used = 0
  let fields: string[] | undefined
  for (let at = 0; ; ) {
    const nul = bytes.indexOf(0, at)
    if (nul < 0) return { records, used, broken }
    const text = bytes.toString('utf8', at, nul)
    if (text === START) {
      if (fields) broken++
      fields = []
      used = at
    } else if (fields && text === END) {
      const record = understood(fields)
      if (record) records.push(record)
      else broken++
      fields = undefined
    } else if (fields && text.includes('=')) fields.push(text)
    else if (fields) {
      broken++
      fields = undefined
    } else if (text !== '') broken++
    at = nul + 1
    if (!fields) used = at
  }
}

function understood(fields: readonly string[]): ShellRecord | undefined {
  const of = new Map(
    fields.map((field) => [field.slice(0, field.indexOf('=')), field.slice(field.indexOf('=') + 1)] as const),
  )
  const text = (key: string) => of.get(key) || undefined
  const number = (key: string) => {
    const value = text(key)
    return value !== undefined && /^\d{1,15}$/.test(value) ? Number(value) : undefined
  }
  const time = (key: string) => {
    const seconds = Number(text(key)?.replace(',', '.'))
    return seconds > EARLIEST && seconds < LATEST ? Math.trunc(seconds * 1000) : undefined
  }
  const session = text('session')
  const n = number('n')
  if (session === undefined || !/^[\w-]{8,64}$/.test(session) || n === undefined) return undefined
  if (text('kind') === 'end') {
    return present<ShellRecord>({
      kind: 'end',
      session,
      n,
      exitCode: number('exit'),
      until: time('until'),
      duration: number('ms'),
    })
  }
  const at = time('at')
  const command = text('command')
  if (text('kind') !== 'begin' || at === undefined || command === undefined) return undefined
  return present<ShellRecord>({
    kind: 'begin',
    session,
    n,
    at,
    pid: number('pid') ?? 0,
    command,
    shell: text('shell'),
    level: number('level'),
    host: text('host'),
    cwd: text('cwd'),
    root: text('root'),
    branch: text('branch'),
    agent: text('agent'),
    length: number('cut'),
  })
}

/** Without what is undefined. */
function present<T>(fields: { [K in keyof T]: T[K] | undefined } | Record<string, unknown>): T {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as T
}
