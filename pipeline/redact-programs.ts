// Where programs that are known to take a secret take it: a row a kind of program. Not for: options and variables whose own
// name says that a secret follows, whatever the program (redact-rules.ts).
import { type Find, find, given, type Spare, said, spareNothing, unlessAfter, word } from './redact-find.ts'
import { bare, isReference, secretName } from './redact-names.ts'

interface Program {
  /** As they are called, literally; one is in every text in which the row finds anything. */
  readonly names: readonly string[]
  /** The word behind one of these is secret. */
  readonly options: readonly string[]
  /** Also without a blank between: -px. */
  readonly attached?: true
}

const ldap = ['add', 'compare', 'delete', 'exop', 'modify', 'modrdn', 'passwd', 'search', 'vc', 'whoami']
const samba = ['smbclient', 'rpcclient', 'smbget', 'smbcacls', 'smbtree', 'winexe', 'net rpc', 'net ads']
const mongo = ['mongo', 'mongosh', 'mongodump', 'mongorestore', 'mongoexport', 'mongoimport', 'mongostat', 'mongotop']

const programs: readonly Program[] = [
  {
    names: ['openssl'],
    options: ['-k', '-K', '-hmac', '-psk', '-pass', '-passin', '-passout', '-password', '-challenge'],
  },
  { names: ldap.map((end) => `ldap${end}`), options: ['-w'], attached: true },
  { names: ['ldappasswd'], options: ['-a', '-s'], attached: true },
  { names: ['sqlcmd', 'osql', 'bcp', 'tsql'], options: ['-P'], attached: true },
  { names: ['ipmitool', 'mosquitto_pub', 'mosquitto_sub', 'mosquitto_rr'], options: ['-P'] },
  {
    names: ['keytool', 'jarsigner'],
    options: ['storepass', 'keypass', 'srcstorepass', 'deststorepass', 'srckeypass', 'destkeypass', 'new'].map(
      (name) => `-${name}`,
    ),
  },
  { names: ['useradd', 'usermod', 'groupadd', 'groupmod'], options: ['-p', '--password'] },
  { names: ['ssh-keygen'], options: ['-N', '-P'], attached: true },
  { names: ['ssh-keygen -Y', 'snmpget', 'snmpwalk', 'snmpset'], options: ['-A', '-X'] },
  { names: ['plink', 'pscp', 'psftp', 'putty'], options: ['-pw'] },
  { names: ['zip', 'unzip', 'zipcloak'], options: ['-P'], attached: true },
  { names: ['unrar', 'rar', '7z', '7za', '7zr', '7zz'], options: ['-p', '-hp'], attached: true },
  { names: mongo, options: ['-p'] },
  {
    names: ['cqlsh', 'cypher-shell', 'beeline', 'hydra', 'nxc', 'crackmapexec', 'evil-winrm', 'psexec', 'rdesktop'],
    options: ['-p'],
  },
  { names: ['twine', 'poetry publish', 'veracrypt', 'steghide', 'couchbase-cli'], options: ['-p'] },
  {
    names: ['oc login', 'cf login', 'cf auth', 'az login', 'skopeo login', 'oras login', 'nerdctl login'],
    options: ['-p'],
  },
  {
    names: ['security add-generic-password', 'security add-internet-password', 'security import'],
    options: ['-w', '-P'],
  },
  {
    names: ['security unlock-keychain', 'security create-keychain', 'security set-keychain-password'],
    options: ['-p'],
  },
  { names: ['ccrypt', 'ccencrypt', 'ccdecrypt'], options: ['-K'] },
  { names: ['mcrypt', 'nuget push'], options: ['-k'] },
  { names: ['nuget'], options: ['-ApiKey'] },
  { names: ['kadmin'], options: ['-w'] },
  { names: ['swaks'], options: ['-ap'] },
  { names: ['doctl auth'], options: ['-t'] },
  { names: ['pdftotext', 'pdfinfo', 'pdftoppm', 'pdfimages'], options: ['-upw', '-opw'] },
  { names: ['gh secret', 'gh variable'], options: ['-b', '--body'], attached: true },
  { names: ['aws secretsmanager'], options: ['--secret-string', '--secret-binary'] },
  { names: ['put-parameter', 'keyvault secret', 'secret:create', 'env:create'], options: ['--value'] },
  { names: ['npm', 'pnpm', 'yarn'], options: ['--otp'] },
  { names: ['curl'], options: ['--oauth2-bearer'] },
]

/** Each name with a value behind it is a secret of the store. */
const stores = [
  ...['vault kv put', 'vault kv patch', 'bao kv put', 'bao kv patch'],
  ...['fly secrets', 'flyctl secrets', 'doppler secrets', 'supabase secrets', 'wrangler secret', 'gopass insert'],
]

/** What is kept here is a setting more often; only what looks made up is a secret. */
const settings = ['heroku config', 'dokku config', 'gigalixir config', 'railway variables', 'netlify env']

/** Who reads a secret where other programs read their input. A source and its words. */
const readers: readonly [source: string, words: readonly string[]][] = [
  ['sudo\\s[^|;&\\n]{0,60}?-S', ['sudo']],
  [
    '[^|;&\\n]{1,100}(?:-stdin|--with-token|--passphrase-fd[ =]0|stdin-password)',
    ['-stdin', '--with-token', '--passphrase-fd', 'stdin-password'],
  ],
  ['(?:chpasswd|passwd|cryptsetup|vncpasswd|smbpasswd|kinit)', ['passwd', 'cryptsetup', 'kinit']],
  ['(?:wrangler|gh|docker|podman)\\ssecret', ['wrangler', 'gh secret', 'docker secret', 'podman secret']],
  ['(?:vercel\\senv|pass\\sinsert|secret-tool\\sstore)', ['vercel', 'pass insert', 'secret-tool']],
]
/** Before the name of a command: as whom, and in which folder it is. */
const lead = '(?:(?:sudo|doas|npx)(?:\\s-\\w(?:\\s\\w{1,30})?){0,3}\\s)?(?:[\\w.~/-]{0,60}/)?'

const after = (names: readonly string[]) => unlessAfter(names.join('|'))

/** By option: the spare that asks for a program that takes it. */
const takers = new Map(
  [...new Set(programs.flatMap(({ options }) => options))].map((option) => [
    option,
    after(programs.flatMap(({ names, options }) => (options.includes(option) ? names : []))),
  ]),
)

/** openssl is told where it is kept. */
const spareOption: Spare = (secret, before) => {
  const option = before.match(/\s(--?[\w-]+)(?:[ \t]{1,3}|=)\\*["'`]?$/)?.[1] ?? ''
  return /^(?:(?:env|file|fd|pass):|stdin$|prompt$)/.test(secret) || takers.get(option)?.(secret, before) !== false
}

const isMadeUp = (secret: string) => secret.length >= 10 && /\d/.test(secret) && /[A-Za-z]/.test(secret)

const spareSetting: Spare = (secret, before) => !isMadeUp(secret) || after(settings)(secret, before)

const either = (options: readonly string[]) => `(?-i:${[...options].sort((a, b) => b.length - a.length).join('|')})`

/** Attached, an option is one letter or two, and what follows does not look like the rest of another option. */
const attached = programs.flatMap(({ names, options, attached }) =>
  attached ? options.filter((one) => !one.startsWith('--')).map((option) => ({ names, option })) : [],
)

/** As far as the quote that began before it. */
const rest = '(?<secret>(?:(?!\\k<quote>)[^\\n])+)'
const q = '\\\\*["\']?'
const name = '[\\w.-]{1,64}'

/** Before `command`, in the name of what is given a command that puts the secret out. */
const commandStems = ['pass', 'password', 'passphrase', 'token', 'secret']

export const programFinds: readonly Find[] = [
  ...given(`(?<=\\s)${either([...takers.keys()])}(?:[ \\t]{1,3}|=)`, spareOption),
  ...attached.flatMap(({ names, option }) => given(`(?<=[\\s"'])(?-i:${option})(?![=\\s])`, after(names))),
  // smbclient -U user%x, lftp -u user,x.
  find(`\\s(?:(?-i:-U)|--user)[ =]{0,3}${q}[^\\s%"']{1,100}%${bare}`, after(samba)),
  find(`\\s(?:(?-i:-U)|--user)[ =]{0,3}(?<quote>\\\\*["'])[^%"'\\n]{1,100}%${rest}`, after(samba)),
  find(`\\s(?:(?-i:-u)|--user)[ =]{0,3}${q}[^\\s,"'\\\\]{1,100},${bare}`, after(['lftp', 'open'])),
  find(`\\s(?:(?-i:-u)|--user)[ =]{0,3}(?<quote>\\\\*["'])[^,"'\\n]{1,100},${rest}`, after(['lftp', 'open'])),
  // vault kv put box pass=x.
  ...[after(stores), spareSetting].flatMap((spare) => [
    ...given(`(?<=\\s)${name}=`, spare),
    find(`(?<=\\s)(?<quote>\\\\*["'])${name}=${rest}`, spare),
  ]),
  ...given(`--from-literal[= ]{1,3}${q}${name}=`, after(['create secret'])),
  ...given(`\\bpulumi\\sconfig\\sset\\s[^;|&\\n]{0,60}--secret\\s${word}\\s`, spareNothing),
  ...given(`\\b(?:doppler secrets set|netlify env:set|chamber write [\\w/-]{1,60})\\s${name}\\s{1,3}`, isReference),
  // curl -u key:, curl -b sid=x.
  find(`\\s(?-i:-u) ?${q}(?<secret>[\\w.~+-]{16,}):(?=[\\s"'\\\\]|$)`, after(['curl'])),
  find(/\s-b ?\\*["']?(?<secret>[^\s=;"'\\]{1,100}=[^\r\n"'\\]+)/dg, after(['curl'])),
  // By place alone.
  ...given(`\\bopenssl\\spasswd(?:\\s-(?:\\d|apr1|salt\\s${word})){0,3}\\s`, isReference),
  ...given('\\bansible-vault\\sencrypt_string\\s', isReference),
  ...given(`\\bmysqladmin\\s[^;|&\\n]{0,100}?\\bpassword\\s{1,3}`, isReference),
  ...given(`\\brabbitmqctl\\s(?:add_user|change_password)\\s${word}\\s`, isReference),
  ...given(`\\bnet1?\\suser\\s(?!/)${word}\\s(?!/|\\*)`, isReference),
  ...given('\\b(?:cargo|vault|bao)\\slogin\\s(?![\\w-]{1,30}=)', isReference),
  ...given('\\bngrok\\s(?:authtoken|config\\sadd-authtoken)\\s', isReference),
  ...given(`\\bbw\\s(?:unlock|login\\s${word})\\s`, isReference),
  ...given(`\\bhtpasswd(?:\\s-\\w{1,8}){0,4}\\s-\\w{0,4}(?:nb|bn)\\w{0,4}\\s${word}\\s`, isReference),
  find(`\\b(?:xfreerdp3?|wfreerdp|cmdkey)\\s[^;|&\\n]{0,200}?\\s/p(?:ass)?:${q}${bare}`),
  find(`\\b(?:sqlplus|sqlldr|expdp|impdp|rman)\\s[^;|&\\n]{0,60}?\\b\\w{1,60}/(?<secret>[^\\s/@"'\\\\]{1,100})@`),
  ...given(`\\bsmbclient\\s${q}//[^\\s"'\\\\]{1,100}${q}\\s`, isReference),
  ...given(`\\bpoetry\\sconfig\\s(?:http-basic\\.${name}\\s${word}|pypi-token\\.${name})\\s`, isReference),
  ...given(`\\b(?:wpa_cli|nmcli)\\s[^;|&\\n]{0,200}?\\b(?:psk|wep-key\\d?)\\s${q}`, isReference),
  ...given('\\bConvertTo-SecureString\\s(?:-String\\s)?', isReference),
  find(`\\boathtool\\s[^;|&\\n]{0,100}?\\s${q}(?<secret>[A-Z2-7]{16,}=*|[0-9a-f]{20,})`),
  // --password-command 'echo x', BORG_PASSCOMMAND='echo x', --vault-password-file <(echo x).
  ...said('', `(?:${commandStems.join('|')})[_-]?(?:command|cmd)(?:[ \\t]{1,3}|=)${q}`),
  ...said('', `(?<=\\s)--?[\\w.-]{0,60}?${secretName}[\\w-]{0,20}(?:[ \\t]{1,3}|=)<\\(`),
  // What who asks for a secret is given: by a pipe, by a here-string, by a here-document.
  ...readers.flatMap(([asks]) => said(`\\s{0,3}\\|\\s{0,3}${lead}${asks}(?![\\w-])`)),
  ...readers.flatMap(([asks]) => given(`(?<![\\w-])${asks}(?![\\w-])[^;|&<\\n]{0,100}<<<\\s{0,3}`, isReference)),
  find(
    '\\bchpasswd\\b[^;|&<\\n]{0,60}<<-?\\s?["\']?(?<end>\\w{1,30})["\']?[^\\n]{0,60}\\n(?<secret>[\\s\\S]+?)(?=\\n\\s{0,8}\\k<end>|$)',
  ),
]

/** The beginnings of these are enough, and of two that hold each other the shorter: the hint stays small. */
const allWords = [
  ...new Set(
    [
      ...programs.flatMap(({ names }) => names),
      ...[...stores, ...settings, ...samba, ...readers.flatMap(([, words]) => words)],
      ...['lftp', 'create secret', 'pulumi', 'ansible-vault', 'mysqladmin', 'rabbitmqctl', 'net user', 'net1 user'],
      ...['cargo', 'vault', 'bao login', 'ngrok', 'bw unlock', 'bw login', 'htpasswd', 'freerdp', 'cmdkey'],
      ...['sqlplus', 'sqlldr', 'expdp', 'impdp', 'rman', 'oathtool', 'chamber'],
      ...commandStems.flatMap((stem) => ['', '_', '-'].flatMap((by) => [`${stem}${by}command`, `${stem}${by}cmd`])),
      '<(',
      ...['smbclient', 'poetry', 'wpa_cli', 'nmcli', 'convertto-securestring'],
    ].map((one) => one.toLowerCase().replace(/\d/g, '#').slice(0, 10)),
  ),
]

export const programWords: readonly string[] = allWords.filter(
  (word) => !allWords.some((other) => other !== word && word.includes(other)),
)
