// The history files of bash, zsh and fish: commands with the time at which they began. What bears no time is counted and
// left out, as there is no telling when it was. Pure. Not for: finding the files, or Atuin's database (atuin.ts).

export type HistoryKind = 'bash' | 'zsh' | 'fish'

export interface Entry {
  /** Epoch ms, whole seconds. */
  at: number
  command: string
  /** ms; zsh knows it in whole seconds. */
  duration?: number
}

export interface History {
  kind: HistoryKind
  entries: Entry[]
  /** Commands that bear no time. */
  timeless: number
}

const FISH = /^- cmd: /m
const ZSH = /^: \d{1,12}:\d+;/m
const STAMP = /^#(\d{9,11})$/

/** Tells the kinds apart by what is in them; one without any times is taken for bash's. */
export function readHistory(bytes: Buffer): History {
  const text = bytes.toString('latin1')
  if (FISH.test(text)) return fish(bytes.toString('utf8'))
  if (ZSH.test(text)) return zsh(bytes)
  return bash(bytes.toString('utf8'))
}

/** With HISTTIMEFORMAT set, bash puts `#<epoch seconds>` before each command, which may then have several lines. */
function bash(text: string): History {
  const entries: Entry[] = []
  let timeless = 0
  let open: { at: number; lines: string[] } | undefined
  const close = () => {
    const command = open?.lines.join('\n').trimEnd()
    if (open && command) entries.push({ at: open.at, command })
  }
  for (const line of text.split('\n')) {
    const stamp = STAMP.exec(line)?.[1]
    if (stamp !== undefined) {
      close()
      open = { at: Number(stamp) * 1000, lines: [] }
    } else if (open) open.lines.push(line)
    else if (line.trim() !== '') timeless++
  }
  close()
  return { kind: 'bash', entries, timeless }
}

/**
 * With EXTENDED_HISTORY: `: <epoch seconds>:<seconds it took>;<command>`. A line break within a command has a backslash in
 * front. Bytes that mean something to zsh itself stand behind 0x83 with bit 5 turned over.
 */
function zsh(bytes: Buffer): History {
  const entries: Entry[] = []
  let timeless = 0
  const lines = plain(bytes).toString('utf8').split('\n')
  for (let i = 0; i < lines.length; i++) {
    let line = lines[i] as string
    while (/(?:^|[^\\])(?:\\\\)*\\$/.test(line) && i + 1 < lines.length) line = `${line.slice(0, -1)}\n${lines[++i]}`
    const [, at, took, command] = /^: (\d{1,12}):(\d+);([\s\S]*)$/.exec(line) ?? []
    const text = command?.trimEnd()
    if (text)
      entries.push({ at: Number(at) * 1000, command: text, ...(Number(took) > 0 && { duration: Number(took) * 1000 }) })
    else if (command === undefined && line.trim() !== '') timeless++
  }
  return { kind: 'zsh', entries, timeless }
}

function plain(bytes: Buffer): Buffer {
  if (!bytes.includes(0x83)) return bytes
  const out = Buffer.alloc(bytes.length)
  let length = 0
  for (let i = 0; i < bytes.length; i++) {
    out[length++] = bytes[i] === 0x83 && i + 1 < bytes.length ? (bytes[++i] as number) ^ 0x20 : (bytes[i] as number)
  }
  return out.subarray(0, length)
}

/** Looks like YAML and is not: `- cmd: ` with `\n` and `\\` for a line break and a backslash, `  when: <epoch seconds>`. */
function fish(text: string): History {
  const entries: Entry[] = []
  let timeless = 0
  let command: string | undefined
  const close = (at?: number) => {
    if (command && at !== undefined) entries.push({ at, command })
    else if (command) timeless++
    command = undefined
  }
  for (const line of text.split('\n')) {
    if (line.startsWith('- cmd: ')) {
      close()
      command = line.slice('- cmd: '.length).replace(/\\(n|\\)/g, (_, letter) => (letter === 'n' ? '\n' : '\\'))
    } else {
      const when = /^ {2}when: (\d{1,12})$/.exec(line)?.[1]
      if (when !== undefined) close(Number(when) * 1000)
    }
  }
  close()
  return { kind: 'fish', entries, timeless }
}
