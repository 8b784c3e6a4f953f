// Changes to a person's files that can be taken back byte for byte: each is written as a whole or not at all, and a journal
// says what was there before. Not for: what is changed, which each connector says.
import { isUtf8 } from 'node:buffer'
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { DaybookError } from '../../schemas/errors.ts'
import type { Connector, Edit } from './connector.ts'

/** A file that was changed, as the journal keeps it; texts in base64, null: there was no file. */
interface Changed {
  path: string
  before: string | null
  after: string | null
  /** When it had been changed last, epoch ms. */
  mtime?: number | undefined
  /** Folders made for it, the innermost first. */
  folders: string[]
}

export interface Journal {
  source: string
  /** Epoch ms. */
  at: number
  /** The house it was connected to. */
  house: string
  changed: Changed[]
}

/** What an edit will do to a file. */
export interface Difference {
  path: string
  why: string
  kind: 'create' | 'change' | 'remove' | 'none'
  /** The lines that come and go, `+` and `-` in front. */
  lines: string[]
}

/** What became of a file when it was put back. */
export interface PutBack {
  path: string
  how: 'restored' | 'removed' | 'taken out' | 'gone already' | 'left'
  /** What the person must do, where it was left. */
  todo?: string
}

/**
 * A file as text and back without losing a byte: what is no UTF-8 is taken byte by byte, marked so that it is written like
 * that again.
 */
const BYTEWISE = '\u{F0000}'
const decoded = (bytes: Buffer) => {
  const text = isUtf8(bytes) ? bytes.toString('utf8') : BYTEWISE
  return text.startsWith(BYTEWISE) ? BYTEWISE + bytes.toString('latin1') : text
}
const encoded = (text: string) =>
  text.startsWith(BYTEWISE) ? Buffer.from(text.slice(BYTEWISE.length), 'latin1') : Buffer.from(text, 'utf8')
const bytesOf = (text: string | null) => (text === null ? null : encoded(text).toString('base64'))
const textOf = (bytes: string | null) => (bytes === null ? null : decoded(Buffer.from(bytes, 'base64')))

/** Changes nothing. Throws what an edit throws, and `file_unwritable` for what its owner has made read-only. */
export function preview(edits: readonly Edit[]): Difference[] {
  return edits.map(({ path, why, apply }) => {
    const before = read(path)
    const after = apply(before)
    if (after !== before && isReadOnly(path)) {
      const lines = differing(before ?? '', after ?? '').join('\n  ')
      throw new DaybookError(
        'file_unwritable',
        `${path} is read-only, so another program probably makes it. Have that put in:\n  ${lines}`,
      )
    }
    const kind = after === before ? 'none' : before === null ? 'create' : after === null ? 'remove' : 'change'
    return { path, why, kind, lines: differing(before ?? '', after ?? '') }
  })
}

export function journalFile(state: string, source: string): string {
  return join(state, 'connections', `${source}.json`)
}

/** Null: it was never connected here, or has been disconnected. Throws `file_unwritable`. */
export function readJournal(state: string, source: string): Journal | null {
  const file = journalFile(state, source)
  const text = read(file)
  if (text === null) return null
  try {
    return JSON.parse(text) as Journal
  } catch {
    const fix = 'take out by hand what connecting had put into your files, and delete it'
    throw new DaybookError('file_unwritable', `${file} is damaged: ${fix}.`)
  }
}

/**
 * Changes the files, the journal first; on an error those that were changed are put back. What an earlier connect had
 * changed keeps what was there before that, with what the person has written since. Throws `file_unwritable`.
 */
export function applyEdits(
  edits: readonly Edit[],
  state: string,
  about: Omit<Journal, 'changed'>,
  undo?: Connector['undo'],
): Journal {
  const earlier = readJournal(state, about.source)?.changed ?? []
  const changed = edits.flatMap((edit): (Changed & { mode: number })[] => {
    const now = read(edit.path)
    const after = edit.apply(now)
    const first = earlier.find(({ path }) => path === edit.path)
    if (after === now && !first) return []
    const before = first && now !== null ? personal(first, now, undo) : bytesOf(now)
    const folders = first?.folders ?? missingFolders(edit.path)
    const mtime = first ? first.mtime : statSync(edit.path, { throwIfNoEntry: false })?.mtimeMs
    return [{ path: edit.path, before, after: bytesOf(after), mtime, folders, mode: edit.mode ?? 0o600 }]
  })
  const journal: Journal = {
    ...about,
    changed: [
      ...earlier.filter(({ path }) => !changed.some((one) => one.path === path)),
      ...changed.map(({ mode: _, ...one }) => one),
    ],
  }
  const file = journalFile(state, about.source)
  try {
    if (journal.changed.length > 0) write(file, JSON.stringify(journal, null, 2), 0o600)
    for (const { path, after, mode } of changed) put(path, textOf(after), mode)
    return journal
  } catch (error) {
    for (const one of changed) putBack(one, undefined)
    if (earlier.length === 0) removeJournal(file)
    throw new DaybookError('file_unwritable', `${(error as Error).message}; nothing was changed.`, { cause: error })
  }
}

/** A file that was connected before, as it would be without that; what cannot be told from the rest counts as the person's. */
function personal(first: Changed, now: string, undo: Connector['undo']): string | null {
  if (bytesOf(now) === first.after) return first.before
  const [was, became] = [textOf(first.before), textOf(first.after)]
  const rest = undo?.(first.path, now) ?? withoutInserted(was ?? '', became ?? '', now)
  if (rest === undefined) return bytesOf(now)
  return rest === '' && was === null ? null : bytesOf(rest)
}

/** Puts every file back and forgets the journal, unless something has to be left to the person. */
export function undoEdits(state: string, journal: Journal, undo: Connector['undo']): PutBack[] {
  const done = journal.changed.toReversed().map((one) => putBack(one, undo))
  const left = journal.changed.filter(({ path }) => done.some((each) => each.path === path && each.how === 'left'))
  const file = journalFile(state, journal.source)
  if (left.length > 0) write(file, JSON.stringify({ ...journal, changed: left }, null, 2), 0o600)
  else removeJournal(file)
  return done
}

function removeJournal(file: string): void {
  rmSync(file, { force: true })
  // Nothing of ours is left in the person's folders.
  removeFolders([dirname(file), dirname(dirname(file))])
}

function putBack({ path, before, after, mtime, folders }: Changed, undo: Connector['undo']): PutBack {
  const now = read(path)
  const [was, became] = [textOf(before), textOf(after)]
  if (now === was) return { path, how: 'gone already' }
  if (now === became) {
    put(path, was, 0o600)
    if (was !== null && mtime !== undefined) utimesSync(path, mtime / 1000, mtime / 1000)
    removeFolders(folders)
    return { path, how: was === null ? 'removed' : 'restored' }
  }
  if (now === null) return { path, how: 'gone already' }
  const rest = undo?.(path, now) ?? withoutInserted(was ?? '', became ?? '', now)
  if (rest === undefined) {
    const todo = `It has changed since, and what was put in cannot be told from the rest: ${differing(was ?? '', became ?? '').join(' ')}`
    return { path, how: 'left', todo }
  }
  put(path, rest === '' && was === null ? null : rest, 0o600)
  removeFolders(folders)
  return { path, how: 'taken out' }
}

/** The text without the lines that turned `before` into `after`, if they came in one place and stand in it once. */
function withoutInserted(before: string, after: string, now: string): string | undefined {
  const inserted = insertedLines(before, after)
  if (inserted === undefined) return undefined
  const around = `\n${now}`.split(`\n${inserted}`)
  return around.length === 2 ? around.join('\n').slice(1) : undefined
}

/** Whole lines; undefined if it was anything else that changed. */
function insertedLines(before: string, after: string): string | undefined {
  let head = 0
  while (head < before.length && before[head] === after[head]) head++
  // Lines that begin as the rest goes on are seen late: they began with their first.
  if (head < before.length) while (head > 0 && before[head - 1] !== '\n') head--
  const inserted = after.slice(head, after.length - (before.length - head)).replace(/^\n/, '')
  const isInsertion = after.endsWith(before.slice(head)) && inserted.trim() !== '' && inserted.endsWith('\n')
  return isInsertion ? inserted : undefined
}

/** The lines of one text that the other has not, in order. */
function differing(before: string, after: string): string[] {
  const [old, now] = [before.split('\n'), after.split('\n')]
  const lost = old.filter((line) => line !== '' && !now.includes(line)).map((line) => `- ${line}`)
  return [...lost, ...now.filter((line) => line !== '' && !old.includes(line)).map((line) => `+ ${line}`)]
}

/** Null: there is none. Throws `file_unwritable` for what is no file. */
function read(path: string): string | null {
  try {
    return decoded(readFileSync(path))
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return null
    throw new DaybookError('file_unwritable', message, { cause: error })
  }
}

function isReadOnly(path: string): boolean {
  const was = statSync(path, { throwIfNoEntry: false })
  return was !== undefined && (was.mode & 0o222) === 0
}

/** The file behind links, also if it is not there yet. */
function realOf(path: string, links = 0): string {
  if (links > 40 || !lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink()) return path
  return realOf(resolve(dirname(path), readlinkSync(path)), links + 1)
}

function put(path: string, text: string | null, mode: number): void {
  if (text === null) rmSync(realOf(path), { force: true })
  else write(path, text, mode)
}

/** As a whole or not at all; a link stays a link, and the file keeps its owner and its rights. */
function write(path: string, text: string, mode: number): void {
  const real = realOf(path)
  mkdirSync(dirname(real), { recursive: true, mode: 0o700 })
  const was = statSync(real, { throwIfNoEntry: false })
  if (was && was.nlink > 1) {
    // A new file in its place would leave its other names behind.
    writeFileSync(real, encoded(text), { flush: true })
    return
  }
  const half = `${real}.daybook-new`
  writeFileSync(half, encoded(text), { mode: was ? was.mode & 0o777 : mode, flush: true })
  if (was) {
    chmodSync(half, was.mode & 0o777)
    if (process.getuid?.() === 0) chownSync(half, was.uid, was.gid)
  }
  renameSync(half, real)
}

function missingFolders(path: string): string[] {
  const missing: string[] = []
  for (let folder = dirname(path); !existsSync(folder); folder = dirname(folder)) missing.push(folder)
  return missing
}

/** Folders of ours with all that is in them, and what stood around them for their sake. */
export function removeAll(folders: readonly string[]): void {
  for (const folder of folders) {
    rmSync(folder, { recursive: true, force: true })
    removeFolders([dirname(folder)])
  }
}

/** Those that hold nothing of others. */
function removeFolders(folders: readonly string[]): void {
  for (const folder of folders) {
    try {
      rmdirSync(folder)
    } catch {
      return
    }
  }
}
