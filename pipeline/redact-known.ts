// Tokens that are known by their form, wherever they stand: a row a maker. What secretlint's preset knows as it should is not
// repeated. Not for: finding them in a text (redact-text.ts), or secrets that only their surroundings tell (redact-rules.ts).

export interface KnownToken {
  /** One of these is in each, lower case, `#` a digit (redact-hint.ts). */
  readonly words: readonly string[]
  /** Group `secret`, flags d and g. */
  readonly pattern: RegExp
  /** True: a beginning that words may have, too; one without a digit is none. */
  readonly wordlike?: boolean
}

export const knownTokens: readonly KnownToken[] = [
  {
    words: ['akia', 'asia', 'agpa', 'aida', 'aroa', 'abia', 'acca'],
    pattern: /(?<![A-Z0-9])(?<secret>(?:AKIA|ASIA|AGPA|AIDA|AROA|ABIA|ACCA)[A-Z0-9]{16})(?![A-Z0-9])/dg,
  },
  {
    // GitHub, GitLab, Netlify, DigitalOcean, PyPI.
    words: [
      ...['ghp_', 'gho_', 'ghu_', 'ghs_', 'ghr_', 'github_pat_', 'nfp_', 'nfc_', 'nfo_', 'nfu_', 'nfb_', 'dop_v#_'],
      ...['glpat-', 'glrt-', 'gldt-', 'glptt-', 'glft-', 'glcbt-', 'glagent-', 'gloas-', 'glsoat-', 'pypi-age'],
    ],
    pattern:
      /(?<![\w-])(?<secret>(?:gh[pousr]_|github_pat_|gl(?:pat|rt|dt|ptt|ft|cbt|agent|oas|soat)-|nf[pcoub]_|dop_v1_|pypi-AgE)[\w.-]{20,})/dg,
    wordlike: true,
  },
  { words: ['aiza', 'pul-'], pattern: /(?<![\w-])(?<secret>AIza[\w-]{35}|pul-[0-9a-f]{40})(?![\w-])/dg },
  // Google's client secrets, Square, New Relic, Supabase.
  {
    words: ['gocspx-', 'sq#csp-', 'sq#atp-', 'nrak-', 'nrjs-', 'nrii-', 'sbp_'],
    pattern:
      /(?<![\w-])(?<secret>GOCSPX-[\w-]{20,}|sq0(?:csp|atp)-[\w-]{20,}|NR(?:AK|JS|II)-[\w-]{20,}|sbp_[0-9a-f]{40})/dg,
  },
  // Atlassian.
  { words: ['atatt#', 'atctt#', 'atbb'], pattern: /(?<![\w-])(?<secret>AT(?:ATT3|CTT3|BB)[\w=-]{24,})/dg },
  // Doppler, PlanetScale, Sentry, Terraform, Dropbox.
  {
    words: ['dp.', 'pscale_', 'sntry', '.atlasv#.', 'sl.'],
    pattern:
      /(?<![\w.-])(?<secret>dp\.(?:pt|st|ct|sa|scim|audit)\.[\w.-]{40,}|pscale_(?:tkn|pw|oauth)_[\w.-]{32,}|sntry[su]_[\w+/=-]{40,}|\w{14}\.atlasv1\.[\w-]{60,}|sl\.[\w.-]{100,})/dg,
  },
  // age; Microsoft's client secrets; Mailchimp.
  { words: ['age-secret-key-'], pattern: /(?<secret>AGE-SECRET-KEY-(?:PQ-)?1[0-9A-Z]{40,})/dg },
  { words: ['#q~'], pattern: /(?<![\w~.-])(?<secret>[\w~.-]{3}\dQ~[\w~.-]{31,34})(?![\w~-])/dg },
  { words: ['-us#'], pattern: /(?<![\w-])(?<secret>[0-9a-f]{32}-us\d{1,2})(?![\w-])/dg },
  // Telegram.
  { words: [':aa', '%#aaa'], pattern: /(?<!\d)(?<secret>\d{8,10}(?::|%3A)AA[\w-]{32,34})(?![\w-])/dg },
  { words: ['sk-'], pattern: /(?<![\w-])(?<secret>sk-[\w-]{20,})/dg, wordlike: true },
]
