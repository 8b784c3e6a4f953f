// What a browser may do with a payload, which is hostile until shown otherwise: show it, if its media type is on the
// list, or else only save it, as bytes without a type. Pure. Not for: looking into the bytes.

/** What no browser runs, whatever stands in it. SVG, HTML, XML and PDF can hold scripts and are left out. */
const shown = new Set([
  'image/jpeg',
  'image/png',
  'image/webp',
  'image/gif',
  'image/avif',
  'video/mp4',
  'video/webm',
  'audio/mpeg',
  'audio/ogg',
  'audio/wav',
  'audio/mp4',
  'text/plain',
  'application/json',
])

const UNKNOWN = 'application/octet-stream'

/** A type and a subtype of RFC 6838, 4.2, as they stand before the parameters. */
const ESSENCE = /^[a-z0-9][a-z0-9!#$&^_.+-]{0,126}\/[a-z0-9][a-z0-9!#$&^_.+-]{0,126}$/

/** Media type without its parameters, in lower case; null for what is none (RFC 9110, 8.3.1). */
export function essenceOf(mediaType: string): string | null {
  const essence = (mediaType.split(';', 1)[0] ?? '').trim().toLowerCase()
  return ESSENCE.test(essence) ? essence : null
}

/** The essence that bytes of this media type are served with: their own if it may be shown, else that of any bytes. */
export function servedType(mediaType: string): string {
  const essence = essenceOf(mediaType)
  return essence !== null && shown.has(essence) ? essence : UNKNOWN
}

/** Content-Type and Content-Disposition of bytes that are served as `type`, which servedType gave. */
export function dispositionHeaders(type: string, name: string | undefined): Record<string, string> {
  return {
    // Without a charset browsers take text for windows-1252.
    'content-type': type === 'text/plain' ? `${type}; charset=utf-8` : type,
    'content-disposition': (shown.has(type) ? 'inline' : 'attachment') + fileName(name),
  }
}

/** Path separators, controls, and the marks that turn `gnp.exe` into `exe.png` before the eye. */
const deceptive = /[/\\\p{Cc}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu

/** RFC 6266, 4.3: a name in ASCII for the old, the true one for all others. */
function fileName(name: string | undefined): string {
  const safe = (name ?? '').toWellFormed().replace(deceptive, '_')
  if (safe === '') return ''
  const ascii = safe.replace(/[^ -~]|["%]/gu, '_')
  return `; filename="${ascii}"; filename*=UTF-8''${extended(safe)}`
}

/** RFC 8187, 3.2.1: everything but attr-char is percent-encoded. */
function extended(text: string): string {
  return encodeURIComponent(text).replace(/['()*]/g, (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`)
}

/** The name that a sender gives in Content-Disposition, the extended form first; undefined if there is none. */
export function nameIn(contentDisposition: string | undefined): string | undefined {
  const [, encoded] = /;\s*filename\*\s*=\s*utf-8'[^']*'([^\s;]+)/i.exec(contentDisposition ?? '') ?? []
  const [, quoted, plain] =
    /;\s*filename\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;"]+))/i.exec(contentDisposition ?? '') ?? []
  try {
    if (encoded !== undefined) return decodeURIComponent(encoded)
  } catch {
    // Then the other form will do.
  }
  return quoted?.replace(/\\(.)/g, '$1') ?? plain
}
