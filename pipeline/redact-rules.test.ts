// Our own rules, by example: what goes, what stays, and that hostile texts cost little. Not for: secretlint's rules
// (redact-preset.test.ts) or whole notifications (redact.test.ts).
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { textRules } from './redact-rules.ts'
import { filler, presetSecrets, privateKey } from './redact-secrets.ts'
import { createRedactText, ruleWords } from './redact-text.ts'

const redactText = createRedactText()

/** The text with `<rule>` for each marker, which reads better. */
function redact(text: string): string {
  return redactText(text, new Set()).replace(/\[redacted:([a-z0-9-]+)\]/g, '<$1>')
}

const jwt = ['eyJhbGciOiJIUzI1NiJ9', `eyJ${filler(30)}`, filler(43)].join('.')

const goes: [before: string, after: string][] = [
  [privateKey.slice(0, 200), '<private-key-part>'],
  [`${privateKey.replace('MII', 'Proc-Type: 4,ENCRYPTED\n\n')} end`, '<private-key-part> end'],
  [`HASS=${jwt} ls`, 'HASS=<jwt> ls'],
  [`/api/camera?authSig=${jwt}&x=1`, '/api/camera?authSig=<jwt>&x=1'],
  [`id AKIA${filler(16, 'AB3CD5EF')} x`, 'id <known-token> x'],
  [`key=AIza${filler(35)}&x`, 'key=<known-token>&x'],
  [`gho${'_'}${filler(39)}`, '<known-token>'],
  [`ghs${'_'}abc-def.${filler(30)}`, '<known-token>'],
  [`say sk-${filler(24)}.`, 'say <known-token>.'],
  [`/bot123456789:AA${filler(33)}/send`, '/bot<known-token>/send'],
  ['curl -H "Authorization: Bearer abc.def" x', 'curl -H "Authorization: Bearer <authorization>" x'],
  ['{\\"Authorization\\": \\"Basic YTpi\\"}', '{\\"Authorization\\": \\"Basic <authorization>\\"}'],
  ['authorization: Digest username="a", response="b"', 'authorization: Digest <authorization>'],
  ['got bearer abc123def456', 'got bearer <authorization>'],
  ["-H 'Cookie: sid=abc; theme=dark'", "-H 'Cookie: <authorization>'"],
  ['git clone https://ada:pw@host/x.git', 'git clone https://<url-userinfo>@host/x.git'],
  ['mqtt://ada:p@ss@broker:1883', 'mqtt://<url-userinfo>@broker:1883'],
  ['/go/https%3A%2F%2Fada%3Apw%40host%2Fx', '/go/https%3A%2F%2F<url-userinfo>%40host%2Fx'],
  [`/go/123456789%3AAA${filler(33)}/send`, '/go/<known-token>/send'],
  [
    '/go/https%3A%2F%2Fdiscord.com%2Fapi%2Fwebhooks%2F12%2Fa-b_c',
    '/go/https%3A%2F%2Fdiscord.com%2Fapi%2Fwebhooks%2F12%2F<webhook>',
  ],
  [
    '/go/https%3A%2F%2Fhooks.slack.com%2Fservices%2FT1%2FB2%2Fabcdefgh',
    '/go/https%3A%2F%2Fhooks.slack.com%2Fservices%2FT1%2FB2%2F<webhook>',
  ],
  ['redis://:hunter2@cache', 'redis://<url-userinfo>@cache'],
  ['https:\\/\\/ada:pw@host', 'https:\\/\\/<url-userinfo>@host'],
  [`https://${filler(24)}@host/x`, 'https://<url-userinfo>@host/x'],
  ['GET /x?token=abc&page=2', 'GET /x?token=<key-value>&page=2'],
  ['/x?a=1&access_token=abc#top', '/x?a=1&access_token=<key-value>'],
  ['/x?api_key=abc', '/x?api_key=<key-value>'],
  [`/callback?code=${filler(32)}&state=1`, '/callback?code=<url-parameter>&state=1'],
  [`/blob?X-Amz-Signature=${filler(64)}`, '/blob?X-Amz-Signature=<url-parameter>'],
  ['POST /api/webhook/gate-x_1', 'POST /api/webhook/<webhook>'],
  ['webhook_id: gate1', 'webhook_id: <webhook>'],
  [`/auth/login_flow/${filler(32)}`, '/auth/login_flow/<auth-path>'],
  ['mysqldump --password hunter2 shop', 'mysqldump --password <argument> shop'],
  ['vault login --token="a b" x', 'vault login --token="<argument>" x'],
  ['aws configure set aws_secret_access_key abc', 'aws configure set aws_secret_access_key <argument>'],
  ['npm config set //r/:_authToken abc', 'npm config set //r/:_authToken <argument>'],
  ['git config --global hub.token abc', 'git config --global hub.token <argument>'],
  ["sshpass -p 'two words' ssh pi", "sshpass -p '<argument>' ssh pi"],
  ['mysql -uroot -phunter2 shop', 'mysql -uroot -p<argument> shop'],
  ['docker login -u ada -p hunter2 reg', 'docker login -u ada -p <argument> reg'],
  ['mosquitto_pub -p 1883 -u a -P pw -t x', 'mosquitto_pub -p 1883 -u a -P <program> -t x'],
  ['redis-cli -a hunter2 ping', 'redis-cli -a <argument> ping'],
  ['curl -u ada:pw https://x', 'curl -u ada:<argument> https://x'],
  ["curl --user 'ada:two words' x", "curl --user 'ada:<argument>' x"],
  ['export TOKEN=abc && ls', 'export TOKEN=<key-value> && ls'],
  ['PASSWORD=x', 'PASSWORD=<key-value>'],
  ['DB_PASS=x API_KEY2="a b" run', 'DB_PASS=<key-value> API_KEY2="<key-value>" run'],
  ['PASSWORD="unfinished and cut', 'PASSWORD="<key-value>'],
  ['PASSWORD="a\\"b" x', 'PASSWORD="<key-value>" x'],
  ['{"password": "x y", "a": 1}', '{"password": "<key-value>", "a": 1}'],
  ['-d "{\\"clientSecret\\":\\"x\\",\\"a\\":1}"', '-d "{\\"clientSecret\\":\\"<key-value>\\",\\"a\\":1}"'],
  ['wifi password: hunter2', 'wifi password: <key-value>'],
  ['X-Api-Key: 9f8a7b', 'X-Api-Key: <key-value>'],
  ['//registry/:_authToken=abc', '//registry/:_authToken=<key-value>'],
  ['Passwort: hunter2 gilt', 'Passwort: <key-value> gilt'],
  ['mot de passe : "a b" ok', 'mot de passe : "<key-value>" ok'],
  ['htpasswd -bc .htpasswd ada hunter2', 'htpasswd -bc .htpasswd ada <argument>'],
  ['openssl rsa -passin pass:hunter2 -in a', 'openssl rsa -passin pass:<argument> -in a'],
  ["wpa_passphrase 'Two Words' hunter2", "wpa_passphrase 'Two Words' <argument>"],
  ['machine a.example login ada password hunter2', 'machine a.example login ada password <argument>'],
  ['nmcli dev wifi connect Attic password "a b"', 'nmcli dev wifi connect Attic password "<argument>"'],
  ['echo hunter2 | sudo -S ls', 'echo <program> | sudo -S ls'],
  [
    "printf '%s' 'two words' | docker login -u a --password-stdin",
    "printf '%s' '<program>' | docker login -u a --password-stdin",
  ],
  ['set -gx AWS_SECRET_ACCESS_KEY abc; ls', 'set -gx AWS_SECRET_ACCESS_KEY <key-value>; ls'],
  ['setx API_KEY "a b" /M', 'setx API_KEY "<key-value>" /M'],
  ['pass=hunter2; echo', 'pass=<key-value>; echo'],
  ['git clone https://aB3dE5gH7jK9m@host/x', 'git clone https://<url-userinfo>@host/x'],
  ["rclone --password-command 'echo hunter2' ls", "rclone --password-command 'echo <program>' ls"],
  [
    'ansible-vault view --vault-password-file <(echo a) b',
    'ansible-vault view --vault-password-file <(echo <program> b',
  ],
  ['sudo /usr/bin/openssl enc -k hunter2 -in a', 'sudo /usr/bin/openssl enc -k <program> -in a'],
  ['keytool -storepass a1 -keypass "b 2"', 'keytool -storepass <program> -keypass "<program>"'],
  ['ldapsearch -whunter2 -x', 'ldapsearch -w<program> -x'],
  ["smbclient -U 'ada%a b'", "smbclient -U 'ada%<program>'"],
  ['7za x a.7z -phunter2', '7za x a.7z -p<program>'],
  ['vault kv put x a=1 "b=2 3"', 'vault kv put x a=<program> "b=<program>"'],
  ["chpasswd <<< 'bob:hunter2'", "chpasswd <<< '<program>'"],
  ['chpasswd <<EOF\nbob:a\nada:b\nEOF\nls', 'chpasswd <<EOF\n<program>\nEOF\nls'],
  ['echo bob:a | sudo chpasswd', 'echo <program> | sudo chpasswd'],
  ['lftp -u bob,hunter2 h', 'lftp -u bob,<program> h'],
  ['WIFI:T:WPA;S:Attic;P:a\\;b;;', 'WIFI:T:WPA;S:Attic;P:<named-by-format>;;'],
  ['db.lan:5432:*:ada:hunter2', 'db.lan:5432:*:ada:<named-by-format>'],
  [`{"auths":{"r":{"auth":"${filler(20)}"}}}`, '{"auths":{"r":{"auth":"<named-by-format>"}}}'],
  [`{\\"auth\\":\\"${filler(20)}\\"}`, '{\\"auth\\":\\"<named-by-format>\\"}'],
  ['recovery code: 839fa-fadc3', 'recovery code: <one-time-code>'],
  ['Your verification code is 482913.', 'Your verification code is <one-time-code>.'],
  ['482 913 is your Example code', '<one-time-code> is your Example code'],
  [`{"a":"ok\\nghp${'_'}${filler(36)}"}`, '{"a":"ok\\n<github>"}'],
  ['{"a":"ok\\nPASSWORD=hunter2\\nend"}', '{"a":"ok\\nPASSWORD=<key-value>"}'],
  [`glrt-${filler(20)} GOCSPX-${filler(28)} sbp_${filler(40, 'a0b1c2')}`, '<known-token> <known-token> <known-token>'],
  ['at 52.5200, 13.4050 now', 'at <coordinates> now'],
  ['geo:-33.8568,151.2153?z=1', 'geo:<coordinates>?z=1'],
  ['maps/@52.52000,13.40500,15z', 'maps/@<coordinates>,15z'],
  ['?latitude=52.52&longitude=13.4', '?latitude=<coordinates>&longitude=<coordinates>'],
  ['{\\"lat\\": 52.5, \\"lon\\": 13.4}', '{\\"lat\\": <coordinates>, \\"lon\\": <coordinates>}'],
  ['Türklingel: Passwort password=ü日🏠 ok', 'Türklingel: Passwort password=<key-value> ok'],
]

const stays = [
  'Passwort vergessen? Das Kennwort ist geheim: senha segura, mot de passe oublié : aide',
  'echo hello | sudo tee /etc/motd; echo x | grep y; docker login --password-stdin < file',
  'echo "$PASSWORD" | docker login -u ada --password-stdin',
  'http://localhost:5432/a:b and 10:5432:12; a.ts:12:30:error',
  'verification code: how it works; error code: 12345678; 12 is your lucky number, not a code',
  'sheet: token: 334.11 EUR, secret: 1,5',
  'src/auth/planner/authentication-of-the-house/index.ts',
  'glrt-the-name-of-a-branch-of-ours sl.ice dp.print AT-AT and q~ 3fq~x',
  'C:\\new\\table\\readme.txt',
  'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  'git checkout 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b',
  '01962f3a-5b7c-7abc-8def-0123456789ab 01HV7Z9X2K3M4N5P6Q7R8S9T0V',
  '1745432100.123456-a1b2c3:thumbnail',
  'light.kitchen_ceiling sensor.token_bucket_level input_boolean.password_check',
  'data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk',
  'ssh git@github.com:ada/house.git && mail ada@example.net',
  'http://127.0.0.1:8420?by=ada@example.net http://[::1]:8123/x',
  'mkdir -p /tmp/x; docker run -u 1000:1000 -p 8080:80 nginx; ps -a; cp -a x y; mysql -p shop',
  `API_KEY=$API_KEY TOKEN="\${TOKEN}" PASSWORD=$(pass show x) make`,
  'PWD=/home/ada OLDPWD=~/x ls',
  'Forgot your password: how to reset it', // A page title.
  'tokens=500 max_tokens: 12 token_count=3 pass=12 fail=0 keyboard=1 monkey: 9z',
  'if (token == other) token = next(token); const key = await secret()',
  'The secret of good bread; the token bucket; basic authentication; cookie: a recipe',
  'load average: 0.123 0.456 0.789, version 1.234.567, 10.0.0.1, 21.345 °C',
  'took 1.234, then 2.5 s', // One decimal place: no degree.
  '100.1234, 200.5678', // No such latitude.
  '/auth/authorize /auth/token ?code=python /api/webhook ',
  '--password-stdin --token-file x',
  'sk-learn-tutorial-for-the-beginner npm_config_something_longer_than_this task-list-of-the-day-2025',
  'the config password dialog; config set registry x',
  'null token: null, "secret": false',
]

describe('the rules for text', () => {
  test.each(goes)('%s', (before, after) => {
    expect(redact(before)).toBe(after)
  })

  test.each(stays)('leaves alone: %s', (text) => {
    expect(redactText(text, new Set())).toBe(text)
  })

  test('each rule has an example', () => {
    const shown = goes.flatMap(([, after]) => Array.from(after.matchAll(/<([a-z0-9-]+)>/g), ([, rule]) => rule))
    expect(shown).toEqual(expect.arrayContaining(textRules.map(({ id }) => id)))
  })
})

const fragments = [
  ...[...goes.map(([before]) => before), ...stays, ...Object.values(presetSecrets).map(({ text }) => text)],
  ...[
    '[redacted:jwt]',
    '[redacted:',
    ']',
    'password',
    'token=',
    '--password ',
    '"',
    "'",
    '\\',
    ':',
    '=',
    ' ',
    '\n',
    '@',
  ],
  ...['://', 'curl -u ', '-----BEGIN PRIVATE KEY-----', '52.5200,', '&', '?', 'eyJ', '.', 'ü', '🏠', 'lat', '1.234'],
]
const texts = fc.array(fc.oneof(fc.constantFrom(...fragments), fc.string({ maxLength: 8 })), { maxLength: 8 })

describe('redacting any text', () => {
  test('twice is as once, and notes exactly the rules that stand in it', () => {
    fc.assert(
      fc.property(texts, (parts) => {
        const text = parts.join('').replaceAll('[redacted:jwt]', 'x')
        const found = new Set<string>()
        const once = redactText(text, found)
        const again = new Set<string>()
        expect(redactText(once, again)).toBe(once)
        expect(again.size).toBe(0)
        for (const rule of found) expect(ruleWords.has(rule)).toBe(true)
        expect(found.size > 0).toBe(once !== text)
      }),
      { numRuns: 2000 },
    )
  })

  test('gives the same without the hint: it spares time, never a secret', () => {
    const all = new Set(ruleWords.keys())
    const unhinted = createRedactText(() => all)
    fc.assert(
      fc.property(texts, (parts) => {
        const text = parts.join('')
        expect(redactText(text, new Set())).toBe(unhinted(text, new Set()))
      }),
      { numRuns: 2000 },
    )
  })

  const hostile = [
    ...[
      'eyJ',
      'eyJ.',
      'password=',
      'password="',
      '--password ',
      ' -p docker login',
      ' -u ',
      'curl -u a:',
      '://',
      '://a:',
    ],
    ...[
      '://a:b@',
      'http://',
      '-----BEGIN PRIVATE KEY-----',
      '-----BEGIN PRIVATE KEY-----\nMII',
      '1.111,',
      '1.1111',
      'lat',
    ],
    ...[
      'authorization: ',
      'bearer ',
      'cookie: a',
      '/auth/a',
      '/auth/aaaaaaaaaaaaaaaa/',
      'token\\',
      '\\"token\\":\\"',
      '[redacted:',
    ],
    ...[
      'xoxb-',
      'SG.a.',
      'SG.',
      'ghs_1_',
      'ghs_1_a.',
      'ops_ey',
      'figd_',
      'mongodb://a:',
      '-password',
      '- --a',
      '{{',
      ' \t',
    ],
    ...[
      'openssl -k ',
      ' -k',
      'set -x ',
      'set TOKEN ',
      'pass=',
      'echo a | ',
      'echo a -stdin ',
      'chpasswd <<',
      'vault kv put a=',
      '<<<',
      'x-',
    ],
    ...['[redacted:jwt]', 'password=[redacted:jwt]', 'token=abc ', '52.5200,13.4050 ', 'webhook_id='],
  ]

  test.each(hostile)('100 KB of %j ends soon', (unit) => {
    const text = unit.repeat(Math.ceil(100_000 / unit.length))
    const start = performance.now()
    redactText(text, new Set())
    redactText(`${text}!`, new Set())
    expect(performance.now() - start).toBeLessThan(4_000) // A guard against explosion, not a figure of speed.
  })
})
