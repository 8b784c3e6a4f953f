// The rules of the house as pure functions: each takes the source tree and returns what breaks the rule, a line each.
// Not for: reading the tree (tree.ts) or saying which rules hold (architecture.test.ts).
import { isProbe, isTest, type Tree } from './tree.ts'

/** Folders by floor. What stands at the root is the roof, except component.ts, which belongs to everyone. */
const floors: Record<string, number> = { schemas: 0, broker: 1, storage: 1, bridges: 2, pipeline: 2, surfaces: 3 }
const ROOF = 4

interface Import {
  from: string
  to: string
}

const folderOf = (path: string) => (path.includes('/') ? path.slice(0, path.indexOf('/')) : '')
const floorOf = (path: string) => floors[folderOf(path)] ?? ROOF

/** Imports go down: never up, never sideways into another folder of the same floor. Tests may also use test/. */
export function floorBreaks(tree: Tree): string[] {
  const free = (path: string) => isProbe(path) && floors[folderOf(path)] === undefined
  const allowed = ({ from, to }: Import) =>
    folderOf(from) === folderOf(to) ||
    free(from) ||
    ['docs', 'deploy'].includes(folderOf(from)) ||
    (to === 'component.ts' && folderOf(from) !== 'schemas') ||
    (isTest(from) && folderOf(to) === 'test') ||
    (folderOf(to) in floors && floorOf(from) > floorOf(to))
  return internal(tree)
    .filter((edge) => !allowed(edge))
    .map(({ from, to }) => `${from} imports ${to}`)
}

/** What runs does not depend on what tests it. */
export function testBreaks(tree: Tree): string[] {
  return internal(tree)
    .filter(({ from, to }) => !isProbe(from) && isProbe(to))
    .map(({ from, to }) => `${from} imports ${to}`)
}

/** The files of each cycle of imports, types included. */
export function cycles(tree: Tree): string[] {
  const edges = Map.groupBy(internal(tree), ({ from }) => from)
  const done = new Set<string>()
  const found: string[] = []
  const visit = (path: string, trail: readonly string[]) => {
    if (trail.includes(path)) found.push([...trail.slice(trail.indexOf(path)), path].join(' -> '))
    if (done.has(path) || trail.includes(path)) return
    for (const { to } of edges.get(path) ?? []) visit(to, [...trail, path])
    done.add(path)
  }
  for (const path of Object.keys(tree)) visit(path, [])
  return found
}

/** Packages that `path` imports and `allowed` does not name; node: built-ins are always allowed. */
export function foreignImports(tree: Tree, folder: string, allowed: readonly string[]): string[] {
  return files(tree, (path) => folderOf(path) === folder && !isTest(path)).flatMap(([path, text]) =>
    specifiers(text)
      .filter((name) => !name.startsWith('.') && !name.startsWith('node:') && !allowed.includes(name))
      .map((name) => `${path} imports ${name}`),
  )
}

/** Files of a folder that declare a part, by `declares`, and that the registry does not import. */
export function unregistered(tree: Tree, registry: string, declares: RegExp): string[] {
  const listed = new Set(importsOf(tree, registry))
  return files(tree, (path) => folderOf(path) === folderOf(registry) && path !== registry && !isTest(path))
    .filter(([path, text]) => declares.test(withoutComments(text)) && !listed.has(path))
    .map(([path]) => `${path} is not in ${registry}`)
}

/**
 * Texts outside schemas/topics.ts that spell one of our topics. A topic of ours is known by its family standing between
 * slashes right after what may be a prefix: nothing, `daybook`, an interpolation, or a `+`. Paths of files and of HTTP
 * have something else there, and topics of others (`zigbee2mqtt/bridge/devices`) another prefix.
 */
export function spelledTopics(tree: Tree): string[] {
  const topic =
    /(?:^|^daybook|\}|\+)\/(?:activity|bridge|receipt|rejected|session|question|memory|state|command|reply)\//
  return literalsOf(tree, (path) => path !== 'schemas/topics.ts', topic)
}

/**
 * Texts outside storage/ that are SQL: they begin with one of its verbs and go on with one of its other words. Tests and
 * benches look into the database from outside, as psql would, and may. So may the files of `exempt`.
 */
export function strayedSql(tree: Tree, exempt: readonly string[] = []): string[] {
  const sql =
    /^\s*(?:(?:select|delete)\b.*\bfrom|insert\s+into|update\b.*\bset|(?:create|alter|drop|truncate)\s+(?:table|index|role)|with\b.*\bas\s*\()\s/is
  const outside = (path: string) => folderOf(path) !== 'storage' && !isProbe(path) && !exempt.includes(path)
  const drivers = files(tree, outside).flatMap(([path, text]) =>
    specifiers(text)
      .filter((name) => ['pg', 'kysely', 'pg-copy-streams'].includes(name))
      .map((name) => `${path} imports ${name}`),
  )
  return [...literalsOf(tree, outside, sql), ...drivers]
}

/** Files other than config.ts that read the environment. Tests and benches may, to narrow what they run on. */
export function environmentReaders(tree: Tree): string[] {
  return files(tree, (path) => path !== 'config.ts' && !isProbe(path))
    .filter(([, text]) =>
      /\bprocess\s*(?:\.|\?\.)\s*env\b|\benv\b[^\n]*from 'node:process'/.test(withoutComments(text)),
    )
    .map(([path]) => `${path} reads process.env`)
}

/** Files and folders named for what nobody else wanted. */
export function forbiddenNames(tree: Tree): string[] {
  return Object.keys(tree).filter((path) => /(?:^|\/)(?:utils?|helpers?|common|lib|shared|index)(?:\/|\.)/.test(path))
}

/** Files of more lines than anyone reads at once. */
export function tooLong(tree: Tree, lines: number): string[] {
  return files(tree, () => true)
    .filter(([, text]) => lineCount(text) > lines)
    .map(([path, text]) => `${path} has ${lineCount(text)} lines`)
}

/** The line count below which a share (0 to 1) of the files lies. */
export function quantile(tree: Tree, share: number): number {
  const counts = Object.values(tree)
    .map(lineCount)
    .sort((a, b) => a - b)
  return counts[Math.ceil(share * counts.length) - 1] ?? 0
}

/** Files that do not open with a comment; what is not for tests must also say what it is not for. */
export function unexplained(tree: Tree): string[] {
  const head = (text: string) => /^(?:#!.*\n)?((?:\/\/.*\n)+|\/\*[\s\S]*?\*\/)/.exec(text)?.[1] ?? ''
  const inOneLine = (text: string) => head(text).replace(/\s*\n\s*(?:\/\/|\*)?\s*/g, ' ')
  return files(tree, () => true)
    .filter(([path, text]) => !(isTest(path) ? /\w/ : /\bnot for\b/i).test(inOneLine(text)))
    .map(([path]) => path)
}

/** Exports of interface files without a doc comment. */
export function undocumented(tree: Tree, isInterface: (path: string) => boolean): string[] {
  return files(tree, isInterface).flatMap(([path, text]) =>
    [...text.matchAll(/(.*)\n(?=export (?:async )?(?:function|const|interface|type|class) (\w+))/g)]
      .filter(([, before]) => !before?.trimEnd().endsWith('*/'))
      .map(([, , name]) => `${path}: ${name}`),
  )
}

function files(tree: Tree, keep: (path: string) => boolean): [path: string, text: string][] {
  return Object.entries(tree).filter(([path]) => keep(path))
}

function internal(tree: Tree): Import[] {
  return Object.keys(tree).flatMap((from) => importsOf(tree, from).map((to) => ({ from, to })))
}

/** Paths of the tree that a file imports. */
function importsOf(tree: Tree, from: string): string[] {
  return specifiers(tree[from] ?? '')
    .filter((name) => name.startsWith('.'))
    .map((name) => new URL(name, `file:///${from}`).pathname.slice(1))
}

/** What stands after `from` and in `import(...)`. Imports are written one way here, so a pattern finds them all. */
function specifiers(text: string): string[] {
  const pattern = /(?:^|[\s}])from '([^'\n]+)'|\bimport\(\s*'([^'\n]+)'\s*\)|^import '([^'\n]+)'/gm
  return [...withoutComments(text).matchAll(pattern)].map(([, from, call, bare]) => from ?? call ?? bare ?? '')
}

const TOKEN = /\/\/.*|\/\*[\s\S]*?\*\/|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`/g

function withoutComments(text: string): string {
  return text.replace(TOKEN, (token) => (token.startsWith('//') || token.startsWith('/*') ? '' : token))
}

/** Texts in the code that match, each with its file. */
function literalsOf(tree: Tree, where: (path: string) => boolean, pattern: RegExp): string[] {
  return files(tree, where).flatMap(([path, text]) =>
    [...withoutComments(text).matchAll(TOKEN)]
      .map(([token]) => token.slice(1, -1))
      .filter((literal) => pattern.test(literal))
      .map((literal) => `${path}: ${literal.trim().slice(0, 80)}`),
  )
}

function lineCount(text: string): number {
  return text.split('\n').length - (text.endsWith('\n') ? 1 : 0)
}
