// Who listens on a port that we want: the process, where Linux tells it, and whether it is an ActivityWatch server. Not
// for: what to do about it (../bridge.ts).
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { get } from 'node:http'
import type { Holder } from './serving.ts'

const ASK_MS = 1500
const MOST_ANSWER = 64 * 1024
const LISTENING = '0A'
const INTERPRETER = /^(?:node|nodejs|bun|deno|python[\d.]*|ruby|perl|java)$/
const LONGEST_NAME = 60

/** What can be found out about it; empty if nothing can. Never rejects. */
export async function holderOf(host: string, port: number): Promise<Holder> {
  const info = await infoAt(host, port)
  return { ...processOn(port), ...(info && { info }) }
}

/** As in `aw-server (pid 123), ActivityWatch v0.13.2`. */
export function described({ name, pid, info }: Holder): string {
  const holder = name === undefined ? 'another program' : `${name} (pid ${pid})`
  return info ? `${holder}, ActivityWatch ${info.version}` : holder
}

/** What GET /api/0/info answers there, if an ActivityWatch server does. */
export function infoAt(host: string, port: number): Promise<Holder['info'] | undefined> {
  const { promise, resolve } = Promise.withResolvers<Holder['info'] | undefined>()
  const none = () => resolve(undefined)
  const to = ['0.0.0.0', '::'].includes(host) ? '127.0.0.1' : host
  const signal = AbortSignal.timeout(ASK_MS)
  const request = get({ host: to, port, path: '/api/0/info', signal, agent: false }, (response) => {
    let text = ''
    response.setEncoding('utf8')
    response.on('data', (piece: string) => {
      text += piece
      if (text.length > MOST_ANSWER) request.destroy()
    })
    response.on('end', () => resolve(infoIn(text)))
    response.on('error', none)
    response.on('close', none)
  })
  request.on('error', none)
  return promise
}

function infoIn(text: string): Holder['info'] | undefined {
  try {
    const given = JSON.parse(text)
    return typeof given?.version === 'string' && 'hostname' in given ? given : undefined
  } catch {
    return undefined
  }
}

/** proc(5): the socket that listens has an inode, and one of the processes has it open. */
function processOn(port: number): Pick<Holder, 'pid' | 'name'> {
  const inodes = new Set(['/proc/net/tcp', '/proc/net/tcp6'].flatMap((table) => listening(read(table), port)))
  if (inodes.size === 0) return {}
  for (const pid of entries('/proc').filter((name) => /^\d+$/.test(name))) {
    for (const fd of entries(`/proc/${pid}/fd`)) {
      const [, inode = ''] = /^socket:\[(\d+)\]$/.exec(link(`/proc/${pid}/fd/${fd}`)) ?? []
      if (inodes.has(inode))
        return { pid: Number(pid), name: programIn(read(`/proc/${pid}/cmdline`)) || read(`/proc/${pid}/comm`).trim() }
    }
  }
  return {}
}

/**
 * A command line of proc(5) as a person knows the program: `aw-server`, or `node app.ts`, as what an interpreter runs has
 * the name of a thread in `comm`. Nothing else of it, as arguments may be secrets.
 */
export function programIn(cmdline: string): string {
  const [program = '', ...rest] = cmdline.split('\0').map((word) => word.trim())
  const nameOf = (word: string) => word.slice(word.lastIndexOf('/') + 1)
  const script = INTERPRETER.test(nameOf(program)) && rest[0] && !rest[0].startsWith('-') ? nameOf(rest[0]) : ''
  return `${nameOf(program)} ${script}`.trim().slice(0, LONGEST_NAME)
}

/** The inodes of sockets that listen on the port. */
export function listening(table: string, port: number): string[] {
  return table
    .split('\n')
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
    .filter(([, local = '', , state]) => state === LISTENING && Number.parseInt(local.split(':')[1] ?? '', 16) === port)
    .map((columns) => columns[9] ?? '')
}

// Processes of others, and those that end meanwhile, cannot be read.
function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

function entries(path: string): string[] {
  try {
    return readdirSync(path)
  } catch {
    return []
  }
}

function link(path: string): string {
  try {
    return readlinkSync(path)
  } catch {
    return ''
  }
}
