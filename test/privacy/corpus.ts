// Made secrets of many kinds, as they turn up in a person's day, and the places in which each source would show them. All
// are drawn by dice and put together when a test runs, so that this repository holds none that a scanner would report. Not
// for: what must be left alone (ordinary.ts), or who looks (corpus.test.ts, test/e2e/privacy.test.ts).
import { type Dice, dice, pick } from '../dice.ts'
import { commandPhrases } from './commands.ts'

export interface Secret {
  kind: string
  /** What nobody may find anywhere. */
  core: string
  /** How it is written: the least by which one can tell that it is one. */
  phrase: string
  /** True: it is known by its own form, wherever it stands. */
  alone: boolean
}

const HEX = '0123456789abcdef'
const LOWER = 'abcdefghijkmnpqrstuvwxyz'
const UPPER = LOWER.toUpperCase()
const DIGITS = '0123456789'
const LETTERS = LOWER + UPPER
const WORD = LETTERS + DIGITS
const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

class Maker {
  readonly random: Dice
  constructor(random: Dice) {
    this.random = random
  }
  of(length: number, alphabet: string = WORD): string {
    const one = () => alphabet[Math.floor(this.random() * alphabet.length)] ?? 'x'
    return Array.from({ length }, one).join('')
  }
  /** With a digit and both cases, as programs make them. */
  mixed(length: number): string {
    return this.of(length - 3) + this.of(1, DIGITS) + this.of(1, UPPER) + this.of(1, LOWER)
  }
  hex(length: number): string {
    return this.of(length, HEX)
  }
  /** As people choose them. */
  password(): string {
    return `${this.of(5, LOWER)}${pick(this.random, ['-', '_', '.', '+', '%', '#', '!'])}${this.of(3, DIGITS)}${this.of(4)}`
  }
  base64(bytes: number): string {
    return Buffer.from(this.of(bytes)).toString('base64')
  }
}

/** Beginning, core and end of what is known by its form. */
type Token = (m: Maker) => [before: string, core: string, after?: string]
/** The core, and the phrase around it. */
type Phrase = (m: Maker) => [core: string, phrase: (core: string) => string]

const tokens: Record<string, Token> = {
  'github-classic': (m) => [`gh${m.of(1, 'pous')}_`, m.mixed(36)],
  'github-fine-grained': (m) => ['github_pat_', `${m.mixed(22)}_${m.mixed(59)}`],
  gitlab: (m) => ['glpat-', m.mixed(20)],
  'gitlab-runner': (m) => ['glrt-', m.mixed(20)],
  'aws-key-id': (m) => ['AKIA', m.of(16, `${UPPER}234567`)],
  'google-api': (m) => ['AIza', m.mixed(35)],
  'google-oauth': (m) => ['GOCSPX-', m.mixed(28)],
  slack: (m) => ['xoxb-', `${m.of(12, DIGITS)}-${m.of(12, DIGITS)}-${m.mixed(24)}`],
  'slack-webhook': (m) => [`https://hooks.slack.com/services/T${m.of(8, UPPER)}/B${m.of(8, UPPER)}/`, m.mixed(24)],
  'discord-webhook': (m) => [`https://discord.com/api/webhooks/${m.of(18, DIGITS)}/`, m.mixed(68)],
  stripe: (m) => [`${m.of(1, 'sr')}k_live_`, m.mixed(24)],
  npm: (m) => ['npm_', m.mixed(36)],
  pypi: (m) => ['pypi-AgEIcHlwaS5vcmc', m.mixed(70)],
  openai: (m) => ['sk-proj-', m.mixed(48)],
  anthropic: (m) => ['sk-ant-api03-', m.mixed(93), 'AA'],
  huggingface: (m) => ['hf_', m.of(34, LETTERS)],
  groq: (m) => ['gsk_', m.mixed(52)],
  sendgrid: (m) => ['SG.', `${m.mixed(22)}.${m.mixed(43)}`],
  telegram: (m) => [`${m.of(9, '123456789')}:AA`, m.mixed(33)],
  jwt: (m) => ['eyJhbGciOiJIUzI1NiJ9.', `eyJ${m.mixed(60)}.${m.mixed(43)}`],
  digitalocean: (m) => ['dop_v1_', m.hex(64)],
  netlify: (m) => ['nfp_', m.mixed(36)],
  docker: (m) => ['dckr_pat_', m.mixed(27)],
  shopify: (m) => ['shpat_', m.hex(32)],
  vault: (m) => ['hvs.', m.mixed(95)],
  pulumi: (m) => ['pul-', m.hex(40)],
  tailscale: (m) => ['tskey-auth-', `${m.mixed(12)}-${m.mixed(32)}`],
  notion: (m) => ['ntn_', `${m.of(11, DIGITS)}${m.mixed(35)}`],
  linear: (m) => ['lin_api_', m.mixed(40)],
  figma: (m) => ['figd_', m.mixed(44)],
  grafana: (m) => ['glsa_', `${m.mixed(32)}_${m.hex(8)}`],
  atlassian: (m) => ['ATATT3xFfGF0', m.mixed(120), `=${m.hex(8).toUpperCase()}`],
  square: (m) => ['sq0csp-', m.mixed(43)],
  'new-relic': (m) => ['NRAK-', m.of(27, UPPER + DIGITS)],
  doppler: (m) => ['dp.pt.', m.mixed(43)],
  supabase: (m) => ['sbp_', m.hex(40)],
  planetscale: (m) => ['pscale_tkn_', m.mixed(43)],
  terraform: (m) => [`${m.mixed(14)}.atlasv1.`, m.mixed(67)],
  age: (m) => ['AGE-SECRET-KEY-1', m.of(58, 'QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L')],
  sentry: (m) => ['sntrys_', m.mixed(80)],
  dropbox: (m) => ['sl.', m.mixed(130)],
  'azure-secret': (m) => [`${m.of(3)}8Q~`, m.mixed(34)],
  mailchimp: (m) => ['', m.hex(32), `-us${1 + Math.floor(m.random() * 20)}`],
}

const phrases: Record<string, Phrase> = {
  'aws-secret': (m) => [m.mixed(40), (x) => `AWS_SECRET_ACCESS_KEY=${x}`],
  'private-key': (m) => [
    m.mixed(180),
    (x) => ['-----BEGIN ', `RSA PRIVATE KEY-----\nMII${x}\n-----END `, 'RSA PRIVATE KEY-----'].join(''),
  ],
  'openssh-key': (m) => [
    m.mixed(200),
    (x) => ['-----BEGIN ', `OPENSSH PRIVATE KEY-----\nb3Bl${x}\n-----END `, 'OPENSSH PRIVATE KEY-----'].join(''),
  ],
  'url-login': (m) => [m.of(14), (x) => `https://ada:${x}@git.example.net/house.git`],
  'database-url': (m) => [m.of(14), (x) => `postgres://ada:${x}@db.lan:5432/house`],
  bearer: (m) => [m.mixed(40), (x) => `Authorization: Bearer ${x}`],
  'basic-header': (m) => [m.base64(18), (x) => `Authorization: Basic ${x}`],
  cookie: (m) => [m.mixed(40), (x) => `Cookie: session=${x}`],
  'env-password': (m) => [m.password(), (x) => `DB_PASSWORD=${x}`],
  'env-quoted': (m) => [m.password(), (x) => `SMTP_PASS="${x}"`],
  'api-key-variable': (m) => [m.hex(32), (x) => `DATADOG_API_KEY=${x}`],
  'twilio-token': (m) => [m.hex(32), (x) => `TWILIO_AUTH_TOKEN=${x}`],
  'password-option': (m) => [m.password(), (x) => `mosquitto_passwd -b users.txt ada ${x}`],
  'password-flag': (m) => [m.password(), (x) => `restic-tool --password ${x} snapshots`],
  mysql: (m) => [m.password(), (x) => `mysql -u root -p${x} shop`],
  'curl-login': (m) => [m.password(), (x) => `curl -u ada:${x} https://cloud.example.net/dav`],
  sshpass: (m) => [m.password(), (x) => `sshpass -p ${x} ssh pi@gate.lan`],
  redis: (m) => [m.mixed(20), (x) => `redis-cli -a ${x} ping`],
  htpasswd: (m) => [m.password(), (x) => `htpasswd -bc .htpasswd ada ${x}`],
  'json-field': (m) => [m.mixed(30), (x) => `{"client_id":"house","client_secret":"${x}"}`],
  'yaml-field': (m) => [m.password(), (x) => `password: ${x}`],
  wireguard: (m) => [m.base64(32), (x) => `PrivateKey = ${x}`],
  otpauth: (m) => [m.of(32, BASE32), (x) => `otpauth://totp/House:ada?secret=${x}&issuer=House`],
  wifi: (m) => [m.mixed(16), (x) => `WIFI:T:WPA;S:Attic;P:${x};;`],
  netrc: (m) => [m.password(), (x) => `machine git.example.net login ada password ${x}`],
  npmrc: (m) => [m.hex(36), (x) => `//registry.example.net/:_authToken=${x}`],
  'url-token': (m) => [m.mixed(40), (x) => `https://api.example.net/v1/me?access_token=${x}`],
  'azure-sas': (m) => [m.mixed(43), (x) => `https://ada.blob.core.windows.net/box?sv=2026-01-01&sig=${x}%3D`],
  'azure-storage': (m) => [m.base64(64), (x) => `DefaultEndpointsProtocol=https;AccountName=ada;AccountKey=${x}`],
  'docker-config': (m) => [m.base64(30), (x) => `{"auths":{"reg.example.net":{"auth":"${x}"}}}`],
  pgpass: (m) => [m.of(14), (x) => `db.lan:5432:house:ada:${x}`],
  openssl: (m) => [m.password(), (x) => `openssl pkcs12 -in a.p12 -passin pass:${x}`],
  gpg: (m) => [m.password(), (x) => `gpg --batch --passphrase ${x} -d box.gpg`],
  kubectl: (m) => [m.mixed(24), (x) => `kubectl create secret generic box --from-literal=password=${x}`],
  sudo: (m) => [m.password(), (x) => `echo ${x} | sudo -S apt-get update`],
  'password-stdin': (m) => [m.password(), (x) => `echo '${x}' | docker login -u ada --password-stdin`],
  'german-password': (m) => [m.password(), (x) => `Passwort: ${x}`],
  'french-password': (m) => [m.password(), (x) => `mot de passe : ${x}`],
  'spanish-password': (m) => [m.password(), (x) => `contraseña: ${x}`],
  'wpa-psk': (m) => [m.mixed(20), (x) => `wpa_passphrase Attic ${x}`],
  'nmcli-password': (m) => [m.mixed(16), (x) => `nmcli dev wifi connect Attic password ${x}`],
  'home-assistant-webhook': (m) => [m.mixed(40), (x) => `curl -X POST http://house.lan:8123/api/webhook/${x}`],
  'two-factor-codes': (m) => [`${m.hex(5)}-${m.hex(5)}`, (x) => `recovery code: ${x}`],
  'url-token-user': (m) => [m.mixed(16), (x) => `git clone https://${x}@github.com/ada/house.git`],
  'curl-token-user': (m) => [m.mixed(24), (x) => `curl -u ${x}: https://api.example.net`],
  oathtool: (m) => [m.of(32, BASE32), (x) => `oathtool --totp -b ${x}`],
  'azure-ad-json': (m) => [m.mixed(32), (x) => `{"appId":"1","password":"${x}","tenant":"2"}`],
}

/** So many of each kind, but one of each command. */
const EACH = 3

/** The same each time. */
export const secrets: readonly Secret[] = [
  ...Object.entries(tokens).flatMap(([kind, make], index) =>
    each(1_000 + index, (m) => {
      const [before, core, after = ''] = make(m)
      return { kind, core, phrase: before + core + after, alone: true }
    }),
  ),
  ...Object.entries(phrases).flatMap(([kind, make], index) =>
    each(2_000 + index, (m) => {
      const [core, phrase] = make(m)
      return { kind, core, phrase: phrase(core), alone: false }
    }),
  ),
  ...Object.entries(commandPhrases).flatMap(([kind, phrase], index) =>
    each(
      3_000 + index,
      (m) => {
        const core = m.password()
        return { kind: `command-${kind}`, core, phrase: phrase.replace('@', () => core), alone: false }
      },
      1,
    ),
  ),
]

function each(seed: number, make: (m: Maker) => Secret, count = EACH): Secret[] {
  const maker = new Maker(dice(seed))
  return Array.from({ length: count }, () => make(maker))
}

/** What a source would hand over, by the place in which the secret stands in it. */
export interface Placement {
  name: string
  /** Only for what is known by its own form. */
  alone?: boolean
  /** A text, or data with names. */
  put(secret: Secret): unknown
}

export const placements: readonly Placement[] = [
  { name: 'a command', put: ({ phrase }) => `${phrase} && echo done` },
  { name: 'a later command of a line', put: ({ phrase }) => `cd ~/house; ${phrase}` },
  { name: 'a here-document', put: ({ phrase }) => `cat > .env <<'EOF'\nMODE=live\n${phrase}\nEOF` },
  { name: 'a command in quotes', put: ({ phrase }) => `ssh pi "${phrase.replaceAll('"', '\\"')}"` },
  { name: 'a window title', put: ({ phrase }) => `${phrase} — Terminal` },
  { name: 'a page title', put: ({ phrase }) => `Edit box · ${phrase} · Example` },
  { name: 'a prompt', put: ({ phrase }) => `Please try this for me:\n\n${phrase}\n\nand tell me what it says.` },
  { name: 'a code block', put: ({ phrase }) => `Look:\n\`\`\`sh\n${phrase}\n\`\`\`\n` },
  { name: 'the input of a tool', put: ({ phrase }) => JSON.stringify({ command: phrase, description: 'Try it' }) },
  { name: 'JSON within JSON', put: ({ phrase }) => JSON.stringify({ body: JSON.stringify({ command: phrase }) }) },
  {
    name: 'a line of a transcript',
    put: ({ phrase }) =>
      JSON.stringify({ type: 'user', message: { content: [{ type: 'tool_result', content: `ok\n${phrase}\n` }] } }),
  },
  { name: 'data', put: ({ phrase }) => ({ tool_input: { command: phrase, timeout: 5 }, tags: [phrase] }) },
  {
    name: 'an attribute of OTLP',
    put: ({ phrase }) => ({ attributes: [{ key: 'prompt', value: { stringValue: phrase } }] }),
  },
  { name: 'a diff', put: ({ phrase }) => `@@ -1,2 +1,2 @@\n-old\n+${phrase}\n end` },
  { name: 'a note', put: ({ phrase }) => `for the attic: ${phrase}` },
  { name: 'an argument', alone: true, put: ({ phrase }) => `tool login ${phrase} --now` },
  { name: 'an argument in a list', alone: true, put: ({ phrase }) => ({ argv: ['tool', 'login', phrase] }) },
  { name: 'a variable', alone: true, put: ({ phrase }) => `export ATTIC=${phrase}` },
  { name: 'a path of a file', alone: true, put: ({ phrase }) => ({ file: `/home/ada/box/${phrase}.txt` }) },
  { name: 'a path of a page', alone: true, put: ({ phrase }) => ({ url: `https://example.net/in/${phrase}/box` }) },
  {
    name: 'a path of a page, encoded',
    alone: true,
    put: ({ phrase }) => ({ url: `https://example.net/go/${encodeURIComponent(phrase)}` }),
  },
  { name: 'a word of a sentence', alone: true, put: ({ phrase }) => `it is "${phrase}", I think.` },
]

/** True if any ten characters of the secret in a row, or all of a shorter one, are in the text, also escaped. */
export function leaks(text: string, { core }: Pick<Secret, 'core'>): boolean {
  const length = Math.min(10, core.length)
  for (let at = 0; at + length <= core.length; at++) {
    const piece = core.slice(at, at + length)
    if (text.includes(piece) || text.includes(encodeURIComponent(piece))) return true
  }
  return false
}
