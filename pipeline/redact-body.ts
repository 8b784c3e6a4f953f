// A payload without its secrets, by what its media type says that it is. Not for: how each is looked at (redact-lines.ts,
// redact-blocks.ts), or media types that are no text, which are not looked at.
import type { Redactor } from './redact.ts'
import { redacted } from './redact-blocks.ts'
import { redactedLines } from './redact-lines.ts'

/** JSON and JSON lines lose the secrets of each value, any other text those of its lines. */
export function redactBody(redactor: Redactor) {
  return (body: AsyncIterable<Uint8Array>, mediaType: string): AsyncIterable<Uint8Array> =>
    /[/+.-](?:json|jsonl|ndjson)\s*(?:;|$)/i.test(mediaType)
      ? redactedLines(body, redactor)
      : redacted(body, (text) => redactor.redactText(text).text)
}
