// Our own rules of redaction: what secretlint, which is made for files, does not look for in the text of a person's day:
// command lines, KEY=value, headers, URLs, Home Assistant's tokens and webhooks, coordinates. Not for: applying them
// (redact-text.ts), or for what the name of a field says (redact-fields.ts).
import {
  type Find,
  find,
  given,
  type Spare,
  spareBare,
  spareNothing,
  spareValue,
  spareWord,
  unlessAfter,
  word,
} from './redact-find.ts'
import { knownTokens } from './redact-known.ts'
import { bare, isReference, otherNames, otherNameWords, quoted, secretName, secretNameWords } from './redact-names.ts'
import { programFinds, programWords } from './redact-programs.ts'

/** A rule finds secrets by patterns whose group `secret` is what must go; the rest of the match stays. */
export interface TextRule {
  /** What is noted in `data.redacted` and stands in the text instead: `[redacted:<id>]`. */
  readonly id: string
  /** For people, one line. */
  readonly what: string
  /** One of these is in every text in which it finds anything (redact-hint.ts). */
  readonly words: readonly string[]
  readonly finds: readonly Find[]
}

/** `glpat-` and the words after it may be the name of something. */
const spareWordlike: Spare = (secret) => !/\d/.test(secret)

/** In fish, what comes from a command or a variable is not the value itself. A plain `set` may be a sentence. */
const spareSet: Spare = (secret, before) =>
  /^(?:\(|\$\w+$|-)/.test(secret) ||
  (/(?<![\w-])set[ \t]+\w+[ \t]+["']?$/i.test(before) ? spareWord(secret, before) : spareValue(secret, before))

/** `pass=3` counts. */
const sparePass: Spare = (secret, before) =>
  /^(?:\d{1,5}\D{0,3}|all|any|first|last|ok|pass(?:ed)?|fail(?:ed)?)$/i.test(secret) || spareBare(secret, before)

/** `-pass env:NAME` says where it is, `-pass 1` is the first of two runs. */
const spareOption: Spare = (secret, before) => /^(?:(?:env|file|fd):|[1-3]$)/.test(secret) || spareBare(secret, before)

const spareUserinfo: Spare = (secret) => secret.split(':').every((part) => part === '' || isReference(part))

const spareOutOfRange: Spare = (pair) => {
  const [latitude = 0, longitude = 0] = pair.match(/-?\d+\.\d+/g)?.map(Number) ?? []
  return Math.abs(latitude) > 90 || Math.abs(longitude) > 180
}

/** With what stands before a line that is shown with its number. */
const pemBody = '[\\w+/=\\s\\\\:,.→|-]'
const pemEnd = '-----END [A-Z ]{0,40}PRIVATE KEY(?: BLOCK)?-----'
const pem = `-----BEGIN [A-Z ]{0,40}PRIVATE KEY(?: BLOCK)?-----(?:${pemBody}*?${pemEnd}|${pemBody}{16,})`
const option = `(?<=[\\s"'\`]|^)--?[\\w.-]{0,60}?${secretName}`
const sets =
  '(?<![\\w-])(?:set(?:[ \\t]{1,3}--?[a-z-]{1,20}){1,5}|set(?=[ \\t]{1,3}(?-i:[A-Z]))|setx(?:[ \\t]/\\w)?|set-?env(?:ironment)?(?:[ \\t]-\\w)?|set-item(?:[ \\t]-path)?)[ \\t]{1,3}'
const secretVariable = `(?:(?:\\$?env:|\\w)\\w{0,100}?(?<=[_:]))?(?:pass|pat|${secretName})`
const header = '\\\\*["\']?[ \\t]{0,3}[:=][ \\t]{0,3}\\\\*["\']?'
const user = '\\s(?:(?-i:-u)|--user|--proxy-user)[ =]?'
const schemes = '(?:Bearer|Basic|Token|Negotiate|ApiKey)'

export const textRules: readonly TextRule[] = [
  {
    id: 'private-key-part',
    what: 'A private key in PEM that is cut off, short or encrypted',
    words: ['private key'],
    finds: [find(new RegExp(`(?<secret>${pem})`, 'dg'))],
  },
  {
    id: 'jwt',
    what: 'A JSON Web Token (RFC 7519): a long-lived access token of Home Assistant, a signed path',
    words: ['eyj'],
    finds: [find(/(?<![\w-])(?<secret>eyJ[\w-]{4,}\.[\w-]{4,}\.[\w-]{4,})/dg)],
  },
  {
    id: 'known-token',
    what: 'A token known by its beginning, in more forms than secretlint knows: AWS key ids, GitHub, Google, Telegram, ...',
    words: knownTokens.flatMap(({ words }) => words),
    finds: knownTokens.map(({ pattern, wordlike }) => find(pattern, wordlike ? spareWordlike : spareNothing)),
  },
  {
    id: 'authorization',
    what: 'What follows Authorization, Bearer or Cookie in a header',
    words: ['authorization', 'bearer', 'cookie'],
    finds: [
      find(`authorization${header}${schemes}\\s{1,3}(?<secret>[^\\s"'\`\\\\]+)`),
      find(`authorization${header}(?:Digest|AWS4-HMAC-SHA256)\\s{1,3}(?<secret>[^\\r\\n]+)`),
      find(
        `authorization${header}(?!(?:${schemes}|Digest|AWS4-HMAC-SHA256)\\s)(?<secret>[^\\s"'\`\\\\]{8,})`,
        spareWord,
      ),
      find(/\bbearer[ \t]{1,3}(?<secret>[\w.~+/=-]{8,})/dgi, spareWord),
      find(/\bcookie:[ \t]{0,3}(?<secret>[^\s=;"']{1,100}=[^\r\n"']+)/dgi),
    ],
  },
  {
    id: 'url-userinfo',
    what: 'User and password in a URL, or a long token in their place',
    words: ['@', '%##'],
    finds: [
      // Within another URL.
      find(/%3A%2F%2F(?<secret>[^\s/?#&"']{0,200}?%3A[^\s/?#&"']{1,200}?)%40/dgi, () => false),
      find(/:(?:\\?\/){2}(?<secret>[^\s/:?#"'`<>]*:[^\s/?#"'`<>]+)@/dg, spareUserinfo),
      find(/https?:(?:\\?\/){2}(?<secret>[\w.~%+-]{20,}):?@/dg),
      find(/https?:(?:\\?\/){2}(?<secret>(?=[\w~%+-]*\d)(?=[\w~%+-]*[a-z])(?=[\w~%+-]*[A-Z])[\w~%+-]{12,19}):?@/dg),
    ],
  },
  {
    id: 'url-parameter',
    what: 'A code, signature, key or session in the query or fragment of a URL',
    words: ['code=', 'sig=', 'signature=', 'key=', 'auth=', 'session=', 'sid=', 'ticket=', 'jwt='],
    finds: [
      find(
        /[?&#](?:code|sig|signature|x-amz-signature|key|auth|session|sid|ticket|jwt)=(?<secret>[\w.~%+/=-]{16,})/dgi,
      ),
    ],
  },
  {
    id: 'webhook',
    what: 'The id of a webhook, which is all that guards it',
    words: ['webhook', 'hooks.slack.com'],
    finds: [
      find(/\/api\/webhook\/(?<secret>[\w-]+)/dg),
      find(/(?:\/|%2F)api(?:\/|%2F)webhooks(?:\/|%2F)\d+(?:\/|%2F)(?<secret>[\w-]+)/dgi),
      find(/hooks\.slack\.com(?:(?:\/|%2F)\w{1,40}){3}(?:\/|%2F)(?<secret>[\w-]{8,})/dgi),
      find(`webhook[_-]?id${header}(?<secret>[\\w-]+)`),
    ],
  },
  {
    id: 'auth-path',
    what: 'The id of a login flow in a path under /auth/',
    words: ['/auth/'],
    finds: [find(/\/auth\/(?:[\w-]{1,40}\/){0,3}(?<secret>(?=[\w-]{0,63}\d)[\w-]{16,})/dg)],
  },
  {
    id: 'argument',
    what: 'A password or token on a command line: --password x, mysql -px, curl -u user:x',
    words: [...secretNameWords, 'cookie', '-p', '-a', '-u', '--user', '--proxy-user'],
    finds: [
      ...given(`${option}(?:[ \\t]{1,3}|=)`, spareOption),
      ...given(
        `\\bconfig(?:ure)?[: ](?:set|--?[\\w-]{1,30}) (?:--?[\\w-]{1,30} ){0,3}[\\w.:/@-]{0,100}?${secretName}[ =]`,
        spareBare,
      ),
      // htpasswd -bc FILE USER x, openssl -passin pass:x, wpa_passphrase NETWORK x.
      find(
        `\\b(?:htpasswd|mosquitto_passwd)(?:\\s-[\\w]{1,8}){0,4}\\s-\\w{0,4}b\\w{0,4}\\s${word}\\s${word}\\s${bare}`,
      ),
      find(`\\s-{1,2}(?:pass|passin|passout|password)\\s{1,3}["']?pass:${bare}`),
      find(`\\bwpa_passphrase\\s${word}\\s["']?${bare}`),
      // login ada password x, nmcli ... password x.
      ...given(`\\b(?:login|account|user|connect|username)\\s${word}\\s{1,3}password\\s{1,3}`, spareValue),
      find(/(?<=\s)--?cookie[ =]["']?(?<secret>[^\s=;"']{1,100}=[^\r\n"']+)/dgi),
      ...given('\\s(?-i:-p) ?', unlessAfter('sshpass|atuin|(?:docker|podman|helm)\\s[^;|&]*login')),
      ...given('\\s(?-i:-p)', unlessAfter('mysql\\w*|mariadb[\\w-]*')),
      ...given('\\s(?-i:-a) ', unlessAfter('redis-cli|https?|xh')),
      find(`${user}(?<quote>["'])[^:"'/]{0,100}:(?<secret>(?:(?!\\k<quote>)[\\s\\S])+)`, unlessAfter('curl|wget|xh')),
      find(`${user}[^\\s:"'/]{0,100}:(?<secret>[^\\s"']+)`, unlessAfter('curl|wget|xh')),
    ],
  },
  {
    id: 'program',
    what: 'A secret where a known program takes it: openssl -k x, useradd -p x, vault kv put a b=x, chpasswd <<< ada:x',
    words: programWords,
    finds: programFinds,
  },
  {
    id: 'key-value',
    what: 'What is given to a name such as PASSWORD, API_KEY or token: KEY=x, "password": "x"',
    words: [...secretNameWords, 'pw=', 'identified', ...otherNameWords],
    finds: [
      // As other languages say it, in a sentence or a form.
      find(
        `${otherNames}[ \\t\\u00a0]{0,2}[:=][ \\t]{0,8}(?<quote>["'])(?<secret>(?:(?!\\k<quote>)[^\\n])+)`,
        spareWord,
      ),
      find(`${otherNames}[ \\t\\u00a0]{0,2}[:=][ \\t]{0,8}(?!["'\`])${bare}`, spareWord),
      find(`${secretName}(?:\\\\*["'])?[ \\t]{0,8}(?::=?|=>?)(?![=>])[ \\t]{0,8}${quoted}`, spareValue),
      find(`${secretName}(?:\\\\*["'])?[ \\t]{0,8}:?=>?(?![=>])[ \\t]{0,8}(?!["'\`])${bare}`, spareBare),
      find(`${secretName}(?:\\\\*["'])?:[ \\t]{1,8}(?!["'\`])${bare}`, spareWord),
      // pass=x, which counts tests, too.
      ...given('(?<![\\w.-])(?:pass|pw)=', sparePass),
      // SQL.
      find(
        `\\b(?:identified\\s(?:with\\s\\S{1,40}\\s)?by|(?:with|encrypted|user\\s\\S{1,64})\\spassword)\\s{1,3}\\\\*'(?<secret>[^'\\n\\\\]+)`,
      ),
      // fish, csh, Windows.
      ...given(`${sets}${secretVariable}(?:[ \\t]-value)?[ \\t]{1,3}`, spareSet),
      find(`SetEnvironmentVariable\\(\\s{0,3}["']?${secretVariable}["']?\\s{0,3},\\s{0,3}["'](?<secret>[^"'\\n]+)`),
    ],
  },
  {
    id: 'named-by-format',
    what: 'The password in a line of .pgpass, a Wi-Fi code, a login of Docker or npm',
    words: ['wifi:', ':####:', ':*:', 'auth"', 'auth\\', '_auth'],
    finds: [
      find(/\bWIFI:(?:[^\s;]{0,64};){0,4}P:(?<secret>(?:\\.|[^;\\\s"])+)/dg),
      find(/(?<![\w.-])[\w.*-]{1,100}:(?:543\d|6432|\*):[\w*-]{1,64}:[\w.*-]{1,64}:(?<secret>[^\s:"'`;|&]+)/dg),
      find(/\bauth\\*"\s{0,3}:\s{0,3}\\*"(?<secret>[\w+/=-]{12,})/dg),
      find(/\b_auth\s{0,3}=\s{0,3}\\*"?(?<secret>[\w+/=-]{12,})/dg),
    ],
  },
  {
    id: 'one-time-code',
    what: 'A code to log in with once, or to come back with',
    words: [
      'recovery code',
      'backup code',
      'verification code',
      'security code',
      'login code',
      'one-time code',
      'is your',
    ],
    finds: [
      find(
        /\b(?:recovery|backup|verification|security|login|one-time) codes?(?:\s{0,2}[:=]\s{0,4}|\s{1,3}is\s{1,3}|\s)(?<secret>(?=[\w-]{0,40}\d)[\w-]{6,64})/dgi,
      ),
      find(/(?<![\w.,-])(?<secret>\d{3}[ -]?\d{3,5}|[A-Z]{1,2}-\d{4,8})(?= is your [\w' ]{0,40}code)/dg),
    ],
  },
  {
    id: 'coordinates',
    what: 'Where someone is: latitude, longitude, GPS fields, pairs of decimal degrees',
    words: [
      '.###',
      'latitude',
      'longitude',
      ...['lat', 'lon', 'lng'].flatMap((one) => [...'"\'=: \\\t'].map((end) => one + end)),
    ],
    finds: [
      find(
        /(?<![\d.])(?<secret>[-+]?\d{1,2}\.\d{3,}°?[NS]?\s{0,3}(?:[,;]|%2C)\s{0,3}[-+]?\d{1,3}\.\d{3,}(?:°?[EW]\b)?)(?!\.?\d)/dg,
        spareOutOfRange,
      ),
      find(`(?<![a-z])(?:lat|lon|lng|(?:lat|long)itude)${header}(?<secret>[-+]?\\d{1,3}\\.\\d+)`),
    ],
  },
]
