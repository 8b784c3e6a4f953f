// Changes to a person's files that can be taken back byte for byte: each is written as a whole or not at all, and a journal
// says what was there before. Not for: what is changed, which each connector says.
import { isUtf8 } from 'node:buffer'
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { DaybookError } from '../../schemas/errors.ts'
import type { Connector, Edit } from './connector.ts'

/** A file that was changed, as the journal keeps it; texts in base64, null: there was no file. */
interface Changed {
  path: string
  before: string | null
  after: string | null
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
const decoded = (bytes: Buffer) => (isUtf8(bytes) ? bytes.toString('utf8') : BYTEWISE + bytes.toString('latin1'))
const encoded = (text: string) =>
  text.startsWith(BYTEWISE) ? Buffer.from(text.slice(BYTEWISE.length), 'latin1') : Buffer.from(text, 'utf8')
const bytesOf = (text: string | null) => (text === null ? null : encoded(text).toString('base64'))
const textOf = (bytes: string | null) => (bytes === null ? null : decoded(Buffer.from(bytes, 'base64')))

/** Changes nothing. Throws what an edit throws. */
export function preview(edits: readonly Edit[]): Difference[] {
  return edits.map(({ path, why, apply }) => {
    const before = read(path)
    const after = apply(before)
    const kind = after === before ? 'none' : before === null ? 'create' : after === null ? 'remove' : 'change'
    return { path, why, kind, lines: differing(before ?? '', after ?? '') }
  })
}

export function journalFile(state: string, source: string): string {
  return join(state, 'connections', `${source}.json`)
}

/** Null: it was never connected here, or has been disconnected. */
export function readJournal(state: string, source: string): Journal | null {
  const text = read(journalFile(state, source))
  return text === null ? null : (JSON.parse(text) as Journal)
}

/**
 * Changes the files, the journal first; on an error those that were changed are put back. What an earlier connect had
 * changed keeps what was there before that. Throws `data_unwritable`.
 */
export function applyEdits(edits: readonly Edit[], state: string, about: Omit<Journal, 'changed'>): Journal {
  const earlier = readJournal(state, about.source)?.changed ?? []
  const changed = edits.flatMap((edit): (Changed & { mode: number })[] => {
    const now = read(edit.path)
    const after = edit.apply(now)
    const first = earlier.find(({ path, after: left }) => path === edit.path && left === bytesOf(now))
    if (after === now && !first) return []
    const before = first ? first.before : bytesOf(now)
    const folders = first?.folders ?? missingFolders(edit.path)
    return [{ path: edit.path, before, after: bytesOf(after), folders, mode: edit.mode ?? 0o600 }]
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
    if (earlier.length === 0) rmSync(file, { force: true })
    throw new DaybookError('data_unwritable', `${(error as Error).message}; nothing was changed.`, { cause: error })
  }
}

/** Puts every file back and forgets the journal, unless something has to be left to the person. */
export function undoEdits(state: string, journal: Journal, undo: Connector['undo']): PutBack[] {
  const done = journal.changed.toReversed().map((one) => putBack(one, undo))
  const left = journal.changed.filter(({ path }) => done.some((each) => each.path === path && each.how === 'left'))
  const file = journalFile(state, journal.source)
  if (left.length > 0) write(file, JSON.stringify({ ...journal, changed: left }, null, 2), 0o600)
  else rmSync(file, { force: true })
  return done
}

function putBack({ path, before, after, folders }: Changed, undo: Connector['undo']): PutBack {
  const now = read(path)
  const [was, became] = [textOf(before), textOf(after)]
  if (now === was) return { path, how: 'gone already' }
  if (now === became) {
    put(path, was, 0o600)
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

function read(path: string): string | null {
  return existsSync(path) ? decoded(readFileSync(path)) : null
}

function put(path: string, text: string | null, mode: number): void {
  if (text === null) rmSync(path, { force: true })
  else write(path, text, mode)
}

/** As a whole or not at all; a link stays a link, and the file keeps its owner and its rights. */
function write(path: string, text: string, mode: number): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  const real = existsSync(path) ? realpathSync(path) : path
  const was = statSync(real, { throwIfNoEntry: false })
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
