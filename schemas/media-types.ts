// What a media type says about the bytes: whether they are text, in which a secret can be found. Pure. Not for: what may
// be shown in a browser, which the surfaces decide.

const TEXTS = /^text\/|[/+.-](?:json|jsonl|ndjson|xml|yaml|toml|javascript|sh|sql)$/

/** True for text of any kind; parameters and case do not matter (RFC 9110, 8.3.1). */
export function isText(mediaType: string): boolean {
  return TEXTS.test((mediaType.split(';')[0] ?? '').trim().toLowerCase())
}

/** True for what has the form `type/subtype`, with or without parameters. */
export function isMediaType(text: string): boolean {
  return /^[\w!#$&^.+-]+\/[\w!#$&^.+-]+[ \t]*(?:;|$)/.test(text)
}
