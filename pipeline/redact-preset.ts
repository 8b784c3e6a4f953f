// secretlint's recommended preset, asked for the secrets in a text. Its engine is asynchronous and made for files, its
// rules are not: each reports while its function runs. So they are driven here without the engine, and `emit` can redact
// before anything is written. Not for: our own rules (redact-rules.ts).
import { rules } from '@secretlint/secretlint-rule-preset-recommend'

/** Where in a text a secret is; `end` is exclusive. */
export interface Finding {
  readonly rule: string
  readonly start: number
  readonly end: number
}

type Creator = (typeof rules)[number]
type Context = Parameters<Creator['create']>[0]
type Source = Parameters<NonNullable<ReturnType<Creator['create']>['file']>>[0]
type Report = Parameters<Context['report']>[0]

const shortId = (creator: Creator) => creator.meta.id.replace('@secretlint/secretlint-rule-', '')

/** The preset without the rule that lets a comment switch the others off: what is recorded must not say what is kept. */
const scanners = rules.filter((rule) => shortId(rule) !== 'filter-comments')

/** The names that the preset's rules have in `data.redacted`: `github`, `slack`, ... */
export const presetIds: readonly string[] = scanners.map(shortId)

/** For each rule, words of which one is in everything it finds (redact-hint.ts). A rule that is missing is always asked. */
const words: Record<string, readonly string[]> = {
  '1password': ['ops_ey'],
  anthropic: ['sk-ant-'],
  aws: ['secret'],
  basicauth: ['@'],
  cloudflare: ['cfk_', 'cfut_', 'cfat_'],
  'database-connection-string': ['@'],
  databricks: ['dapi'],
  docker: ['dckr_pat_'],
  figma: ['figd_'],
  gcp: ['private_key'],
  github: ['ghp_', 'gho_', 'ghu_', 'ghs_', 'ghr_', 'github_pat_'],
  gitlab: ['glpat-'],
  grafana: ['glc_', 'glsa_'],
  groq: ['gsk_'],
  'hashicorp-vault': ['hvs.', 'hvb.', 'hvr.'],
  huggingface: ['hf_'],
  linear: ['lin_api_'],
  notion: ['ntn_'],
  npm: ['npm_', 'x-oauth-basic'],
  openai: ['t#blbkfj'],
  privatekey: ['private key'],
  sendgrid: ['sg.'],
  shopify: ['shppa_', 'shpca_', 'shpat_', 'shpss_'],
  slack: ['xox', 'xapp-', 'hooks.slack'],
  stripe: ['sk_live_', 'sk_test_', 'rk_live_', 'rk_test_'],
  tailscale: ['tskey-'],
  vercel: ['vcp_', 'vci_', 'vca_', 'vcr_', 'vck_'],
}

/** The words of every rule of the preset, by its id. */
export const presetWords: ReadonlyMap<string, readonly string[]> = new Map(presetIds.map((id) => [id, words[id] ?? []]))

/** Returns a search for what one rule of the preset finds. A rule that fails on a text condemns all of it. */
export function createPreset(): (rule: string, text: string) => Finding[] {
  let findings: Finding[] = []
  let text = ''
  const files = new Map(
    scanners.map((creator) => {
      const rule = shortId(creator)
      const report = (descriptor: Report) => findings.push({ rule, ...extent(text, descriptor) })
      return [rule, creator.create(context(report), {}).file]
    }),
  )
  return (rule, content) => {
    findings = []
    text = content
    try {
      void files.get(rule)?.(source(content))
    } catch {
      findings.push({ rule, start: 0, end: content.length })
    }
    return findings
  }
}

/** No translation: a message would hold the secret. */
function context(report: (descriptor: Report) => void): Context {
  return {
    sharedOptions: {},
    createTranslator: () => (messageId, data) => ({ message: '', messageId: String(messageId), data }),
    report,
    ignore: () => {},
  }
}

/**
 * Some rules report where their match begins but how long only the secret in it is; the secret itself is always among
 * the data of the message, so it is looked for from there.
 */
function extent(text: string, { range, message }: Report): { start: number; end: number } {
  const [from, to] = range
  const secret = Object.values<unknown>(message.data ?? {}).find((one) => typeof one === 'string' && one !== '')
  const start = typeof secret === 'string' ? text.indexOf(secret, from) : -1
  return start < 0 ? { start: from, end: to } : { start, end: start + String(secret).length }
}

/** What a rule sees of a file; only what looks like JSON is called JSON, else a rule would parse every text. */
function source(content: string): Source {
  const nowhere = () => {
    throw new Error('a text in memory has no lines')
  }
  const common = { hasBOM: false, filePath: undefined, physicalFilePath: undefined, contentType: 'text' as const }
  const paths = { getFilePath: () => undefined, getPhysicalFilePath: () => undefined }
  const positions = {
    locationToRange: nowhere,
    rangeToLocation: nowhere,
    positionToIndex: nowhere,
    indexToPosition: nowhere,
  }
  return { ...common, ...paths, ...positions, content, ext: /^\s*\{/.test(content) ? '.json' : '' }
}
