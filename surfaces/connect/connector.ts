// What it takes to connect a source at a person's desk: what is installed, which files change and how, and how to see
// that it works. One file a source beside this. Not for: changing anything (edits.ts) or talking to the person (cli/).
import type { ActivityEvent } from '../../schemas/activity.ts'
import type { Option } from '../cli/verb.ts'
import type { SourceDetails } from '../operations/sources.ts'
import type { Desk } from './desk.ts'

/** A file that connecting changes. Pure; texts are the whole file, null: there is none. */
export interface Edit {
  /** Absolute; a symbolic link is followed, the file behind it is changed. */
  path: string
  /** For people: what is put in and why, in one line. */
  why: string
  /** Of a file that is new, default 0o600. */
  mode?: number
  /** The file afterwards. The same text: nothing to do. Throws `invalid` for a file that must be mended first. */
  apply(before: string | null): string | null
}

/** What will be done. */
export interface Plan {
  /** What was found here, a line each, as in `zsh 5.9, /home/ada/.zshrc`. */
  found: readonly string[]
  edits: readonly Edit[]
  /** What the house's bridge is told; null: it needs nothing. */
  settings: Record<string, unknown> | null
  /** What only the person can do, a line each: install an extension, open a new terminal. */
  todo: readonly string[]
}

/** Something real that the source was made to tell, and how to know it when it is stored. */
export interface Proof {
  /** For people: `bash ran a command`. */
  what: string
  matches(activity: ActivityEvent): boolean
}

/** The house as a connector sees it. */
export interface HouseAtDesk {
  /** `http://127.0.0.1:8420`. */
  url: string
  /** Its key among the rest. */
  source: SourceDetails
}

export interface Connector {
  /** The bridge's name; with dashes the word on the command line. */
  source: string
  /** Other words for it: `browser`. */
  aliases?: readonly string[]
  /** A sentence without a full stop. */
  summary: string
  options?: readonly Option[]
  /** Looks, changes nothing. Throws `not_installed` naming what to install. */
  plan(desk: Desk, house: HouseAtDesk, option: (name: string) => string | undefined): Promise<Plan>
  /** Makes the source tell something real, at best by the person's own program; undefined: it can only be waited for. */
  prove?(desk: Desk, house: HouseAtDesk): Promise<Proof | undefined>
  /** What a person does to make something happen, where it can only be waited for: `look at a page in the browser`. */
  awaits?: string
  /**
   * Takes out of a file what connecting had put in, though it has changed since; null: remove the file. Undefined: cannot
   * tell. Absent: what was inserted in one piece is looked for and taken out.
   */
  undo?(path: string, now: string): string | null | undefined
  /** Folders of ours at this desk that nobody reads once it is disconnected: what hooks wrote. They are removed. */
  leftBehind?(desk: Desk): readonly string[]
}
