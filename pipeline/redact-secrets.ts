// Made-up secrets for the tests, one for each rule of secretlint's preset, put together when a test runs, so that this
// repository holds none that a scanner would report. Not for: anything but tests.

const letters = 'aB3dE5gH7jK9mN1pQ2rS4tU6vW8xY0zZ'
const only = 'abCdEfgHijKlmNopQrsTuvWxyZ'

/** `length` characters of the alphabet, the same each time. */
export function filler(length: number, alphabet = letters): string {
  return Array.from({ length }, (_, index) => alphabet[(index * 7) % alphabet.length]).join('')
}

const pem = (kind: string) => ['-----BEGIN ', kind, 'PRIVATE KEY-----\nMII', filler(400), '\n-----END ', kind].join('')

/** A PEM private key that is none. */
export const privateKey = `${pem('RSA ')}PRIVATE KEY-----`

const account = btoa(JSON.stringify({ email: 'ada@example.net', secretKey: filler(60), userAuth: { method: 'SRP' } }))

/** By rule: a secret alone, or a text in which `secret` must not survive. */
export const presetSecrets: Record<string, { text: string; secret: string }> = {
  '1password': alone('ops', '_', account),
  anthropic: alone('sk-ant', '-api03-', filler(93), 'AA'),
  aws: within('AWS_SECRET_ACCESS', '_KEY=', filler(40)),
  basicauth: within('https://ada:', '', filler(12), '@example.net/path'),
  cloudflare: alone('cfut', '_', filler(40), '0123abcd'),
  'database-connection-string': within('postgres://ada:', '', filler(12), '@db.lan:5432/house'),
  databricks: alone('dapi', '', filler(32, '0123456789abcdef')),
  docker: alone('dckr', '_pat_', filler(27)),
  figma: alone('figd', '_', filler(44)),
  gcp: within('{"private_key_id":"1","private_key":"', '', privateKey.replaceAll('\n', '\\n'), '"}'),
  github: alone('ghp', '_', filler(36)),
  gitlab: alone('glpat', '-', filler(20)),
  grafana: alone('glsa', '_', filler(32), '_0123abcd'),
  groq: alone('gsk', '_', filler(52)),
  'hashicorp-vault': alone('hvs', '.', filler(95)),
  huggingface: alone('hf', '_', filler(34, only)),
  linear: alone('lin', '_api_', filler(40)),
  notion: alone('ntn', '_', filler(11, '0123456789'), filler(35)),
  npm: alone('npm', '_', filler(36)),
  openai: alone('sk', '-', filler(20), 'T3Blbk', 'FJ', filler(20)),
  privatekey: alone(privateKey),
  sendgrid: alone('SG', '.', filler(22), '.', filler(43)),
  shopify: alone('shpat', '_', filler(32)),
  slack: alone('xoxb', '-', filler(12), '-', filler(24)),
  stripe: alone('sk', '_live_', filler(24)),
  tailscale: alone('tskey', '-auth-', filler(12), '-', filler(32)),
  vercel: alone('vcp', '_', filler(24)),
}

function alone(...parts: string[]) {
  const secret = parts.join('')
  return { text: `say ${secret} done`, secret }
}

function within(start: string, more: string, secret: string, end = '') {
  return { text: start + more + secret + end, secret }
}
