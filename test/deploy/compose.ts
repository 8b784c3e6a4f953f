// deploy/compose.yaml as a container engine reads it, with its anchors merged and its variables filled in, and what goes
// into the image. Not for: judging it (compose.test.ts), or starting anything.
import { readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { parse } from 'yaml'

export const root = resolve(import.meta.dirname, '../..')
const composeFile = join(root, 'deploy/compose.yaml')

export interface Mount {
  /** The name of a volume, or the path of what is mounted. */
  source: string
  /** Where it is in the container. */
  target: string
  kind: 'volume' | 'bind'
  readOnly: boolean
}

/** The keys of a service that we look at; lists are lists, whichever way they were written. */
export interface Service {
  image: string
  user: string
  profiles: string[]
  entrypoint: string[]
  command: string[]
  environment: Record<string, string>
  group_add: string[]
  mounts: Mount[]
  /** <address>:<port of the host>:<port of the container> */
  ports: string[]
  healthcheck: { test?: string[]; disable?: boolean }
  depends_on: Record<string, { condition: string }>
  restart: string
  read_only: boolean
  cap_drop: string[]
  security_opt: string[]
  networks: string[]
}

export interface Compose {
  services: Record<string, Service>
  volumes: string[]
  /** As it was written, for its schema. */
  written: Record<string, unknown>
}

/** `variables`: what `${NAME:-default}` is filled in with. */
export function readCompose(variables: Readonly<Record<string, string>> = {}): Compose {
  const text = readFileSync(composeFile, 'utf8')
  const written = parse(text, { merge: true }) as Record<string, Record<string, Written>>
  const services = Object.entries(written.services ?? {}).map(([name, service]) => {
    const filled = fill(service, variables) as Written
    return [name, { ...nothing, ...filled, mounts: (filled.volumes ?? []).map(mount) }]
  })
  return { services: Object.fromEntries(services), volumes: Object.keys(written.volumes ?? {}), written }
}

/** What of the project's files the image gets, by .dockerignore. `files`: paths below the root. */
export function inImage(files: readonly string[]): string[] {
  const rules = readFileSync(join(root, '.dockerignore'), 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => ({ lets: line.startsWith('!'), matches: pattern(line.replace(/^!/, '')) }))
  const last = (file: string) => rules.findLast(({ matches }) => matches.test(file))
  return files.filter((file) => last(file)?.lets ?? true)
}

type Written = Partial<Omit<Service, 'mounts'>> & { volumes?: (string | WrittenMount)[] }
type WrittenMount = { type: Mount['kind']; source: string; target: string; read_only?: boolean }

const nothing: Omit<Service, 'mounts'> = {
  image: '',
  user: '',
  profiles: [],
  entrypoint: [],
  command: [],
  environment: {},
  group_add: [],
  ports: [],
  healthcheck: {},
  depends_on: {},
  restart: '',
  read_only: false,
  cap_drop: [],
  security_opt: [],
  networks: [],
}

/** `${NAME:-default}` and `$$`, in every text. */
function fill(value: unknown, variables: Readonly<Record<string, string>>): unknown {
  if (typeof value === 'string')
    return value.replace(/\$(?:\$|\{(\w+):-([^}]*)\})/g, (_, name?: string, usual = '') =>
      name === undefined ? '$' : (variables[name] ?? usual),
    )
  if (Array.isArray(value)) return value.map((each) => fill(each, variables))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, fill(inner, variables)]))
}

function mount(written: string | WrittenMount): Mount {
  if (typeof written !== 'string') {
    const { type, source, target, read_only: readOnly = false } = written
    return { source, target, kind: type, readOnly }
  }
  const [source = '', target = '', mode] = written.split(':')
  const isPath = source.startsWith('.')
  return {
    source: isPath ? resolve(dirname(composeFile), source) : source,
    target,
    kind: isPath ? 'bind' : 'volume',
    readOnly: mode === 'ro',
  }
}

/** The kinds of patterns that our file has: `*` within a name, `**` for any folders, and what is below a match. */
function pattern(line: string): RegExp {
  const escaped = line.replace(/[.+^${}()|[\]\\]/g, '\\$&')
  const words = escaped.replace(/\*\*\/|\*/g, (stars) => (stars === '*' ? '[^/]*' : '(?:.*/)?'))
  return new RegExp(`^${words}(?:/.*)?$`)
}
