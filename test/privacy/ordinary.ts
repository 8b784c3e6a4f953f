// A thousand ordinary commands, titles and prompts, drawn by dice from plain words: with the hashes, ids, paths, versions and
// numbers that people have on their screens all day. None of them holds a secret. Not for: secrets (corpus.ts).
import { type Dice, dice, pick } from '../dice.ts'
import { lookalikes } from './lookalikes.ts'

export interface Ordinary {
  kind: 'command' | 'title' | 'prompt'
  text: string
}

type Grammar = (r: Random) => string

class Random {
  readonly dice: Dice
  constructor(seed: number) {
    this.dice = dice(seed)
  }
  of(length: number, alphabet: string): string {
    return Array.from({ length }, () => alphabet[Math.floor(this.dice() * alphabet.length)]).join('')
  }
  one(...from: [string, ...string[]]): string {
    return pick(this.dice, from)
  }
  number(least: number, most: number): number {
    return least + Math.floor(this.dice() * (most - least + 1))
  }
  hex(length: number): string {
    return this.of(length, '0123456789abcdef')
  }
  uuid(): string {
    return `${this.hex(8)}-${this.hex(4)}-4${this.hex(3)}-a${this.hex(3)}-${this.hex(12)}`
  }
  word(): string {
    return pick(this.dice, WORDS)
  }
  file(): string {
    const [name, end] = [this.word(), this.one('ts', 'py', 'rs', 'go', 'md', 'yaml', 'json', 'sql', 'txt', 'css')]
    return this.one(`${name}.${end}`, `${name}-${this.word()}.${end}`, `${name}_${this.word()}.test.${end}`)
  }
  path(): string {
    const parts = Array.from({ length: this.number(1, 6) }, () => this.word())
    return `${this.one('src', '~/work', '/var/lib', '/home/ada/projects', '..', './packages')}/${parts.join('/')}/${this.file()}`
  }
  version(): string {
    const tail = this.one('', '', '-rc.1', '-beta.3', `+build.${this.number(1, 99)}`)
    return `${this.number(0, 24)}.${this.number(0, 30)}.${this.number(0, 12)}${tail}`
  }
  host(): string {
    return this.one(
      '127.0.0.1',
      'gate.lan',
      'example.net',
      '192.168.1.20',
      '[fe80::1ff:fe23:4567:890a]',
      '[2001:db8::8a2e:370:7334]',
    )
  }
}

// Those that stand near secrets, and are none, among those that do not.
const WORDS = [
  ...[
    'kitchen',
    'garden',
    'token',
    'session',
    'password',
    'secret',
    'key',
    'bridge',
    'outbox',
    'receipt',
    'parser',
    'lexer',
  ],
  ...[
    'author',
    'cookie',
    'header',
    'bucket',
    'window',
    'ledger',
    'planner',
    'invoice',
    'recipe',
    'bread',
    'lamp',
    'sensor',
  ],
  ...[
    'keyboard',
    'monkey',
    'passage',
    'compass',
    'bypass',
    'credential',
    'signature',
    'webhook',
    'auth',
    'login',
    'code',
  ],
  ...[
    'latitude',
    'longitude',
    'location',
    'config',
    'release',
    'migration',
    'index',
    'client',
    'server',
    'worker',
    'queue',
  ],
] as const satisfies readonly [string, ...string[]]

const commands: readonly Grammar[] = [
  (r) => `git checkout ${r.hex(r.number(7, 40))}`,
  (r) => `git log --oneline ${r.hex(8)}..${r.hex(8)} -- ${r.path()}`,
  (r) => `git commit -m "${r.one('Fix', 'Add', 'Rename', 'Document')} the ${r.word()} of the ${r.word()}"`,
  (r) => `git clone git@github.com:ada/${r.word()}-${r.word()}.git`,
  (r) => `git push origin feature/${r.word()}-${r.number(100, 9999)}`,
  (r) => `npm install ${r.word()}-${r.word()}@${r.version()}`,
  (r) => `npx vitest run ${r.path()} -t "${r.word()} ${r.word()}"`,
  (r) => `docker run --rm -p ${r.number(1024, 65535)}:80 -u 1000:1000 nginx:${r.version()}`,
  (r) => `docker pull registry.example.net/${r.word()}@sha256:${r.hex(64)}`,
  (r) => `kubectl get pods -n ${r.word()} ${r.word()}-${r.hex(10)}-${r.of(5, 'bcdfghjklmnpqrstvwxz2456789')}`,
  (r) => `kubectl create secret generic ${r.word()} --from-file=${r.path()}`,
  (r) => `curl -sS http://${r.host()}:${r.number(1024, 65535)}/api/v1/${r.word()}?page=${r.number(1, 90)}&limit=50`,
  (r) => `curl -o ${r.file()} https://example.net/files/${r.uuid()}`,
  (r) => `ssh -p ${r.number(22, 9999)} ada@${r.host()} 'tail -f /var/log/${r.word()}.log'`,
  (r) => `scp -P 2222 ${r.path()} pi@${r.host()}:/tmp/`,
  (r) => `mkdir -p ${r.path()}`,
  (r) => `rg -n "${r.word()}_${r.word()}" ${r.path()}`,
  (r) => `grep -rn 'def ${r.word()}(' --include='*.py' .`,
  (r) => `sed -n '${r.number(1, 90)},${r.number(91, 400)}p' ${r.path()}`,
  (r) => `psql -h ${r.host()} -U ada -d ${r.word()} -c 'select count(*) from ${r.word()}s'`,
  (r) => `mysql -u root -p ${r.word()} < ${r.file()}`,
  (r) => `openssl x509 -in ${r.file()} -noout -fingerprint -sha256`,
  (r) => `sha256sum ${r.path()} | grep ${r.hex(64)}`,
  (r) => `cp Scan_${r.of(22, 'ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz0123456789')}==.pdf ~/papers/`,
  (r) => `export PATH="$HOME/${r.word()}/bin:$PATH" EDITOR=vim`,
  () => `API_KEY=$API_KEY DB_PASSWORD="$(pass show db)" ./run.sh`,
  (r) => `make -j${r.number(2, 16)} ${r.word()} VERSION=${r.version()}`,
  (r) => `tar -czf ${r.word()}-2026-${r.number(10, 12)}-${r.number(10, 28)}.tar.gz ${r.path()}`,
  (r) => `ffmpeg -i IMG_2026${r.number(1000, 1231)}_${r.number(100000, 235959)}.mov -vf scale=1280:-1 out.mp4`,
  (r) => `ping -c 3 ${r.host()} && traceroute 2001:db8:85a3::8a2e:${r.hex(4)}:${r.hex(4)}`,
  (r) => `systemctl restart ${r.word()}@${r.number(1, 9)}.service`,
  (r) => `pytest -k "${r.word()} and not ${r.word()}" --maxfail=${r.number(1, 5)} -q`,
  (r) => `cargo test ${r.word()}::${r.word()} -- --nocapture`,
  (r) => `echo "${r.word()} ${r.word()}" | tee -a ${r.file()}`,
  (r) => `echo ${r.word()} | sudo tee /etc/${r.word()}.conf`,
  (r) => `docker login -u ada --password-stdin < ~/.${r.word()}`,
  (r) => `ssh-keygen -t ed25519 -f ~/.ssh/${r.word()} -C ada@example.net`,
  (r) => `gpg --verify ${r.file()}.asc; gpg --fingerprint ${r.hex(16).toUpperCase()}`,
  (r) => `vim +${r.number(1, 300)} ${r.path()}`,
  (r) => `python -c 'print(${r.number(100, 999)}.${r.number(10, 99)} * ${r.number(2, 20)})'`,
  (r) => `http GET ${r.host()}:8420/api/v1/activities since==${1_700_000_000_000 + r.number(0, 90_000_000)}`,
]

const titles: readonly Grammar[] = [
  (r) => `${r.file()} - ${r.word()} - Visual Studio Code`,
  (r) => `${r.word()}/${r.path()} at ${r.hex(40)} · ada/${r.word()}`,
  (r) =>
    `Pull request #${r.number(1, 9999)}: ${r.one('Rotate', 'Rename', 'Test')} the ${r.word()} ${r.word()} — Mozilla Firefox`,
  (r) => `How to reset a forgotten password: ${r.word()} and ${r.word()} - Example`,
  (r) => `${r.word()} token explained: what it is and why - Google Chrome`,
  (r) => `Inbox (${r.number(1, 900)}) - ada@example.net - Mail`,
  (r) => `ada@laptop: ${r.path()}`,
  (r) => `Invoice ${r.number(2020, 2026)}-${r.number(10_000, 99_999)} from ${r.word()} GmbH.pdf`,
  (r) => `+49 30 ${r.number(1_000_000, 9_999_999)} - Contacts`,
  (r) => `Call with +1 (555) ${r.number(100, 999)}-${r.number(1000, 9999)} - Phone`,
  (r) => `${r.version()} release notes · ${r.word()} · Discussions`,
  (r) => `https://example.net/${r.word()}/${r.uuid()}`,
  (r) => `Grafana - ${r.word()} (last ${r.number(1, 48)} h) - ${r.number(1, 99)}.${r.number(0, 9)} %`,
  (r) => `Issue ${r.word().toUpperCase()}-${r.number(1, 5000)}: the ${r.word()} loses its ${r.word()}`,
  (r) => `Sheet ${r.number(1, 9)}: ${r.word()}: ${r.number(1, 999)}.${r.number(10, 99)} EUR`,
  (r) => `Passwort vergessen? So geht es mit ${r.word()}`,
  (r) => `The secret of good ${r.word()} - ${r.word()} magazine`,
  (r) => `localhost:${r.number(1024, 65535)}/${r.word()}/${r.number(1, 999)}`,
  (r) => `${r.uuid()}.png (${r.number(400, 4000)} × ${r.number(300, 3000)}) - Image Viewer`,
  (r) => `man ${r.word()}(${r.number(1, 8)}) — Terminal`,
]

const prompts: readonly Grammar[] = [
  (r) => `Why does ${r.path()} fail with "cannot read ${r.word()} of undefined" at line ${r.number(1, 400)}?`,
  (r) => `Rename the field ${r.word()}_${r.word()} to ${r.word()}Id everywhere, and keep the migration ${r.hex(12)}.`,
  (r) =>
    `Write a test that checks: the ${r.word()} expires after ${r.number(1, 90)} minutes, and a second ${r.word()} is refused.`,
  (r) => `Explain what a JWT is, how a cookie differs from a bearer token, and when ${r.word()} needs either.`,
  (r) => `Where do we read the password from? I want it to come from the variable ${r.word().toUpperCase()}_PASSWORD.`,
  (r) => `Upgrade ${r.word()} from ${r.version()} to ${r.version()} and tell me what breaks in ${r.file()}.`,
  (r) => `The row ${r.uuid()} of ${r.number(1, 28)} May is missing; the commit before, ${r.hex(7)}, still has it.`,
  (r) =>
    `Make the ${r.word()} at ${r.host()} answer in under ${r.number(5, 900)} ms; now it takes ${r.number(1, 9)}.${r.number(1, 9)} s.`,
  (r) => `Summarise ${r.path()} in ${r.number(3, 9)} sentences. Do not touch anything else.`,
  (r) =>
    `Our ${r.word()} has ${r.number(1_000, 99_999)} users; tokens in: ${r.number(100, 9_999)}, tokens out: ${r.number(10, 999)}. Is that much?`,
  (r) => `if (token === other) return next(token) — is this ${r.word()} comparison safe against timing?`,
  (r) => `Which licence is "${r.one('MIT', 'Apache-2.0', 'BSD-3-Clause')}" and may ${r.word()} ${r.version()} use it?`,
  (r) => `Draw a diagram: ${r.word()} -> ${r.word()} -> ${r.word()}; label the arrows 1, 2 and ${r.number(3, 9)}.`,
  (r) =>
    `My phone number in the form is ${r.number(100, 999)}-${r.number(100, 999)}-${r.number(1000, 9999)}; the pattern refuses it.`,
  (r) => `Decode c2Vlbg== and aGVsbG8gd29ybGQ= for me, and say which ${r.word()} writes them.`,
]

/** A text a grammar, over and over. */
function drawn(kind: Ordinary['kind'], seed: number, count: number, grammars: readonly Grammar[]): Ordinary[] {
  const random = new Random(seed)
  const texts = new Set<string>()
  for (let i = 0; texts.size < count; i++) texts.add((grammars[i % grammars.length] as Grammar)(random))
  return [...texts].map((text) => ({ kind, text }))
}

export const ordinary: readonly Ordinary[] = [
  ...drawn('command', 1, 400, commands),
  ...drawn('title', 2, 300, titles),
  ...drawn('prompt', 3, 300, prompts),
  ...lookalikes.flatMap((text) => [{ kind: 'command', text } as const, { kind: 'prompt', text } as const]),
]
