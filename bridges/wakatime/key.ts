// Whether a request shows the key, in any of the forms that WakaTime's clients have: Basic with and without a colon,
// Bearer, and a parameter of the address. Pure, and in the same time whatever is wrong. Not for: tokens of the house.
import { createHash, timingSafeEqual } from 'node:crypto'

/** The key is a UUIDv4; `waka_` before it changes nothing. */
export function showsKey({ headers, url }: Pick<Request, 'headers' | 'url'>, key: string): boolean {
  const [, scheme = '', value = ''] = /^\s*(\w+)\s+(\S+)\s*$/.exec(headers.get('authorization') ?? '') ?? []
  const query = new URL(url).searchParams
  const shown = [
    query.get('api_key') ?? '',
    query.get('token') ?? '',
    headers.get('x-api-key') ?? '',
    ...(/^basic$/i.test(scheme) ? inBasic(value) : []),
    ...(/^bearer$/i.test(scheme) ? [value, ...inBasic(value)] : []),
  ]
  return shown.map((each) => same(each, key)).includes(true)
}

/** `key`, `key:`, `user:key`. */
function inBasic(value: string): string[] {
  const text = Buffer.from(value, 'base64').toString('utf8')
  const colon = text.indexOf(':')
  return colon < 0 ? [text] : [text.slice(0, colon), text.slice(colon + 1)]
}

function same(shown: string, key: string): boolean {
  const digest = (text: string) =>
    createHash('sha256')
      .update(
        text
          .trim()
          .toLowerCase()
          .replace(/^waka_/, ''),
      )
      .digest()
  return timingSafeEqual(digest(shown), digest(key))
}
