// The one configuration: daybook.yaml, DAYBOOK__ variables over it, everything optional, every mistake reported at
// once by its path. The only file that reads the environment. Not for: credentials that we make ourselves.
import { existsSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { resolve } from 'node:path'
import { parse } from 'yaml'
import { z } from 'zod'
import { activitywatchConfig } from './bridges/activitywatch/config.ts'
import { registry as bridges } from './bridges/registry.ts'
import { foreignConfig } from './broker/foreign/config.ts'
import { type OwnStorage, ownStorages } from './schemas/content-ref.ts'
import { DaybookError } from './schemas/errors.ts'
import { topicPrefix } from './schemas/topics.ts'
import { stores } from './storage/objects/registry.ts'

const host = z.string().min(1).default('127.0.0.1')
const number = z.coerce
  .number({ error: (issue) => (issue.expected === 'number' ? 'must be a number' : undefined) })
  .int()
const port = (usual: number) => number.min(0).max(65_535).default(usual)
const optionalPort = (usual: number) =>
  z
    .union([z.literal('off'), z.literal(false).transform(() => 'off' as const), number.min(0).max(65_535)])
    .default(usual)
/** Settled names whose part is not built yet. */
const later = 'not used yet'
const flag = z.union([z.boolean(), z.enum(['true', 'false']).transform((text) => text === 'true')])
/** A list, or the same in one text, as a variable has it. */
const words = z.union([
  z.array(z.string()),
  z.string().transform((text) => text.split(/[\s,]+/).filter((word) => word !== '')),
])
/** The same where a word may hold blanks. */
const lines = (what: string, read = (one: string) => one) =>
  z
    .union([z.array(z.string()), z.string().transform((text) => text.split(','))])
    .transform((all) => all.map((one) => read(one.trim())).filter((one) => one !== ''))
    .refine((all) => all.length <= 1_000 && all.every((one) => one.length <= 200), {
      error: 'at most 1,000 of at most 200 characters',
    })
    .default([])
    .describe(what)
const section = <Shape extends z.ZodRawShape>(shape: Shape) => z.strictObject(shape).prefault({} as never)

const bridgeSections = Object.fromEntries(
  bridges
    .filter(({ name }) => name !== 'activitywatch')
    .map((bridge) => [camel(bridge.name), (bridge.config as z.ZodType).optional().describe(bridge.title)]),
)

/** A store that is not configured stays readable where that needs nothing. */
const storeSections = Object.fromEntries(stores.map(({ storage, config }) => [storage, config.prefault({})]))

export const configSchema = z.strictObject({
  data: z.string().min(1).default('./data').describe('the folder that holds everything'),
  space: z
    .string()
    .min(1)
    .max(64)
    .default('home')
    .describe('the household or person; part of every id, do not change it later'),
  timezone: z
    .string()
    .refine(isTimeZone, { error: 'not an IANA time zone such as Europe/Berlin' })
    .default(() => Intl.DateTimeFormat().resolvedOptions().timeZone)
    .describe('IANA name; default: that of the system'),
  clock: z
    .enum(['wall', 'event'])
    .default('wall')
    .describe('event: what depends on "now" follows the events, for simulations'),
  log: section({ level: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'silent']).default('info') }),
  mqtt: section({
    host: host.describe('where the embedded broker listens'),
    port: optionalPort(1883).describe('0: any free one, off: none'),
    prefix: topicPrefix.default('daybook').describe('first part of every topic'),
  }),
  http: section({
    host: host.describe('where HTTP listens'),
    port: optionalPort(8420).describe('0: any free one, off: none'),
    allowedHosts: words.default([]).describe('further names in the Host header: of a proxy, or of this machine'),
  }),
  activitywatch: activitywatchConfig.prefault({}),
  broker: foreignConfig.prefault({}),
  house: section({
    url: z
      .url({ protocol: /^https?$/ })
      .optional()
      .describe('for a bridge that runs alone: where it uploads payloads; `daybook enroll` sets it'),
    token: z.string().min(1).optional().describe('its bearer token there'),
  }),
  database: section({
    url: z
      .url({ protocol: /^postgres(ql)?$/ })
      .optional()
      .describe('a Postgres of yours (15 or later) instead of the embedded one'),
    port: port(8432).describe('of the embedded one; kept once chosen, 0: any free one'),
  }),
  objects: section({
    driver: z.enum(ownStorages).default('fs').describe('where payloads are kept; what is elsewhere stays readable'),
    maxMegabytes: number.min(1).max(4096).default(256).describe('the most that one payload may have'),
    graceHours: number.min(1).default(72).describe('how long a payload is kept that nobody refers to'),
    ...storeSections,
  }).superRefine(whatMinioNeeds),
  enrich: section({
    driver: z.enum(['heuristic', 'anthropic']).default('heuristic').describe(`who names intents; ${later}`),
    anthropic: section({ baseUrl: z.string().optional(), apiKey: z.string().optional(), model: z.string().optional() }),
  }),
  privacy: section({
    urls: z
      .enum(['path', 'host', 'full'])
      .default('path')
      .describe('what is kept of the URL of a page: path: all but query and fragment; host: where it is from; full'),
    denyDomains: lines('pages of these domains and all below them leave no trace'),
    denyApps: lines('windows of these programs leave no trace; `*` stands for anything'),
    denyFolders: lines('what happens in these folders and all below them leaves no trace; `~` is your home', atHome),
    denyTitles: lines(
      'what has one of these in its title leaves no trace, whatever the letter case; `*` stands for anything',
    ),
  }),
  bridges: section({
    producer: z.string().optional().describe('the device part of producer names; default: the host name'),
    outboxMegabytes: number.min(1).default(512).describe('the most that the outbox of a bridge may hold'),
    payloadMegabytes: number.min(1).default(2048).describe('the most that payloads beside it may hold'),
    ...bridgeSections,
  }),
  metrics: section({ enabled: flag.default(true).describe('GET /metrics') }),
})

export type Config = z.infer<typeof configSchema> & {
  bridges: Record<string, unknown>
  objects: Record<OwnStorage, unknown>
}

/** The bridges' pieces, by section: those under `bridges`, and ActivityWatch, which has its own unless it is off. */
export function sectionsOf({ bridges, activitywatch }: Config): Record<string, unknown> {
  const { port, follow } = activitywatch
  return port === 'off' && follow === undefined ? bridges : { ...bridges, activitywatch }
}

export interface ConfigSource {
  /** Default: daybook.yaml in the current folder, if there is one. */
  file?: string
  env?: Record<string, string | undefined>
  /** Settings that hold where neither file nor environment says anything. */
  beneath?: Tree
  /** Settings that win over both. */
  above?: Tree
}

/** Reads and checks everything; throws `config_invalid` with one line a mistake. The result is frozen. */
export function loadConfig({ file, env = process.env, beneath = {}, above = {} }: ConfigSource = {}): Config {
  const named = file ?? (env.DAYBOOK__CONFIG || undefined)
  const path = named ?? 'daybook.yaml'
  const explicit = named !== undefined
  const mistakes: string[] = []
  const settings = over(beneath, fromFile(path, explicit, mistakes))
  overlay(settings, env, mistakes)
  const filled = interpolate(over(settings, above), env, [], mistakes)
  const parsed = configSchema.safeParse(filled)
  if (!parsed.success) {
    for (const issue of parsed.error.issues) {
      if (issue.code !== 'unrecognized_keys') mistakes.push(`${issue.path.join('.')}: ${issue.message}`)
      else for (const key of issue.keys) mistakes.push(`${[...issue.path, key].join('.')}: no such setting`)
    }
  }
  if (mistakes.length > 0 || !parsed.success) throw new DaybookError('config_invalid', `\n  ${mistakes.join('\n  ')}`)
  const config = { ...parsed.data, data: resolve(parsed.data.data) }
  return freeze(config) as Config
}

/** Names the process for which alone a house is there. No setting: nobody sets it but who starts such a house. */
export const KEEPER = 'DAYBOOK_KEEPER'

/** What the process is told about its surroundings, for those who may not read the environment themselves. */
export function ambient(env: Record<string, string | undefined> = process.env) {
  return {
    color: env.NO_COLOR === undefined && env.TERM !== 'dumb',
    language: env.LANG ?? 'C',
    startedByNpm: env.npm_lifecycle_event !== undefined,
    /** The process whose end is ours, too. */
    keeper: env[KEEPER] === undefined ? undefined : Number(env[KEEPER]),
  }
}

/** The person's folders and programs, for who connects sources at a desk: the environment without our settings. */
export function desk(env: Record<string, string | undefined> = process.env) {
  return { home: homedir(), env: foreignEnvironment(env), product: import.meta.dirname }
}

/** The environment without our settings, for a house that is to have its own. */
export function foreignEnvironment(env: Record<string, string | undefined> = process.env) {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('DAYBOOK__')))
}

/** The variable that sets a path: `bridges.homeAssistant.url` is DAYBOOK__BRIDGES__HOME_ASSISTANT__URL. */
export function variableOf(path: readonly string[]): string {
  const words = path.map((key) => key.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase())
  return ['DAYBOOK', ...words].join('__')
}

export type Tree = { [key: string]: unknown }

/** A tree of its own, of both; where both say something the upper one holds. */
function over(lower: Tree, upper: Tree): Tree {
  const merged = structuredClone(lower)
  for (const [key, value] of Object.entries(upper)) {
    const below = merged[key]
    merged[key] = isTree(below) && isTree(value) ? over(below, value) : structuredClone(value)
  }
  return merged
}

function isTree(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function fromFile(path: string, explicit: boolean, mistakes: string[]): Tree {
  if (!existsSync(path)) {
    if (explicit) mistakes.push(`${path}: there is no such file`)
    return {}
  }
  try {
    const tree: unknown = parse(readFileSync(path, 'utf8')) ?? {}
    if (typeof tree === 'object' && !Array.isArray(tree)) return tree as Tree
    mistakes.push(`${path}: must be a mapping of settings`)
  } catch (error) {
    mistakes.push(`${path}: ${(error as Error).message}`)
  }
  return {}
}

/** Variables win over the file. `A__B_C` is `a.bC`; an empty value is as if it were not set. */
function overlay(tree: Tree, env: Record<string, string | undefined>, mistakes: string[]): void {
  for (const [name, value] of Object.entries(env)) {
    if (!name.startsWith('DAYBOOK__') || name === 'DAYBOOK__CONFIG' || value === undefined || value === '') continue
    const path = name.slice('DAYBOOK__'.length).toLowerCase().split('__').map(camel)
    let at = tree
    for (const key of path.slice(0, -1)) {
      const inner = Object.hasOwn(at, key) ? at[key] : undefined
      if (typeof inner !== 'object' || inner === null) at[key] = {}
      at = at[key] as Tree
    }
    const last = path.at(-1)
    if (last) at[last] = value
    else mistakes.push(`${name}: names no setting`)
  }
}

/** `${env:X}` and `${file:path}` in any text. */
function interpolate(
  value: unknown,
  env: Record<string, string | undefined>,
  path: string[],
  mistakes: string[],
): unknown {
  if (typeof value === 'string') {
    return value.replace(/\$\{(env|file):([^}]+)\}/g, (_, kind: string, name: string) => {
      if (kind === 'env') {
        const found = env[name]
        if (found === undefined) mistakes.push(`${path.join('.')}: the variable ${name} is not set`)
        return found ?? ''
      }
      try {
        return readFileSync(name, 'utf8').trim()
      } catch (error) {
        mistakes.push(`${path.join('.')}: ${(error as Error).message}`)
        return ''
      }
    })
  }
  if (Array.isArray(value))
    return value.map((item, index) => interpolate(item, env, [...path, String(index)], mistakes))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key, interpolate(inner, env, [...path, key], mistakes)]),
  )
}

function whatMinioNeeds(objects: { driver: string; minio?: unknown }, { addIssue }: z.RefinementCtx): void {
  if (objects.driver !== 'minio') return
  for (const key of ['endpoint', 'accessKey', 'secretKey']) {
    const given = Object(objects.minio)[key] !== undefined
    if (!given) addIssue({ code: 'custom', path: ['minio', key], message: 'is needed when objects.driver is minio' })
  }
}

/** A folder as people write it. */
function atHome(folder: string): string {
  return folder.replace(/^~(?=$|[/\\])/, homedir())
}

function camel(words: string): string {
  return words.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase())
}

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name })
    return true
  } catch {
    return false
  }
}

function freeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value
  for (const inner of Object.values(value)) freeze(inner)
  return Object.freeze(value)
}
