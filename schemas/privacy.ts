// What a person wants nobody to keep, as bridges and the write path ask for it. Not for: the rules themselves, which
// pipeline/privacy.ts makes of the configuration, or secrets, which the redactor takes out.

/** What was seen at a desk, as far as it bears on privacy. */
export interface Seen {
  url?: string | undefined
  /** Of a page or a window. */
  title?: string | undefined
  /** The application's name. */
  app?: string | undefined
  /** A folder or file, absolute. */
  path?: string | undefined
  /** The source itself calls it private: an incognito window. */
  isPrivate?: boolean | undefined
}

/** Synchronous, pure and deterministic. */
export interface Privacy {
  /** False for what must leave no trace: private windows, denied domains, apps, folders and titles. */
  allows(seen: Seen): boolean
  /**
   * Facts as they may be kept: no secrets, URLs cut to what the configuration allows; the same object if nothing changes.
   * Twice is as once. What a bridge emits goes through it anyway; it is for what a bridge keeps for itself.
   */
  clean<Facts extends Record<string, unknown>>(facts: Facts): Facts
}

/** What a source says of its window, in the forms that sources say it in: true, "true", 1. */
export function isYes(said: unknown): boolean {
  return said === true || said === 1 || (typeof said === 'string' && /^\s*(?:true|1|yes)\s*$/i.test(said))
}
