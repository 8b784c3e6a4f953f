// Whether a port is free to listen on, and who has it if not. Not for: ports of others (network.ts).
import { readdir, readFile, readlink } from 'node:fs/promises'
import { createServer } from 'node:net'
import { basename } from 'node:path'
import { fail, ok, type Verdict, warn } from './finding.ts'

export function checkPort(host: string, port: number, setting: string): Promise<Verdict> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', async ({ code }: NodeJS.ErrnoException) => {
      if (code === 'EADDRINUSE') {
        const owner = await ownerOf(port)
        const who = owner ? `${owner.name} (pid ${owner.pid})` : 'another program'
        resolve(fail(`${who} listens on ${host}:${port}`, `Stop it, or set ${setting} to another port, or 0 for any.`))
      } else if (code === 'EACCES') {
        resolve(fail(`this user may not listen on ${port}`, `Set ${setting} to a port above 1023.`))
      } else {
        const section = setting.split('.')[0]
        resolve(
          fail(`${host} is no address of this machine (${code})`, `Set ${section}.host to one, such as 127.0.0.1.`),
        )
      }
    })
    server.listen(port, host, () => server.close(() => resolve(ok(`${host}:${port} is free`))))
  })
}

/** The same for ActivityWatch's: that it is taken keeps Daybook from nothing. */
export async function checkWatchersPort(host: string, port: number): Promise<Verdict> {
  const verdict = await checkPort(host, port, 'activitywatch.port')
  if (verdict.state !== 'fail') return verdict
  const fix =
    'Daybook starts all the same, follows it if it is an ActivityWatch server, and takes the port once it is free: ' +
    'quit that program and keep its watchers, or set activitywatch.port to off.'
  return warn(verdict.detail, fix)
}

/** A command line is shown up to here. */
const NAME_MOST = 60

export interface Owner {
  pid: number
  /** Its command line. */
  name: string
}

/** Who listens on a TCP port, as far as /proc tells this user; null elsewhere. */
export async function ownerOf(port: number): Promise<Owner | null> {
  try {
    const tables = await Promise.all(
      ['/proc/net/tcp', '/proc/net/tcp6'].map((file) => readFile(file, 'utf8').catch(() => '')),
    )
    const sockets = new Set(tables.flatMap((table) => listeningInodes(table, port)).map((inode) => `socket:[${inode}]`))
    if (sockets.size === 0) return null
    for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
      const files = await readdir(`/proc/${pid}/fd`).catch(() => [])
      for (const file of files) {
        if (!sockets.has(await readlink(`/proc/${pid}/fd/${file}`).catch(() => ''))) continue
        const [program = '', ...rest] = (await readFile(`/proc/${pid}/cmdline`, 'utf8')).split('\0')
        return { pid: Number(pid), name: [basename(program), ...rest].join(' ').trim().slice(0, NAME_MOST) }
      }
    }
  } catch {
    // Not Linux, or not ours to see.
  }
  return null
}

const LISTEN = '0A'

/** The inodes of the sockets that listen on this port, from a table as in proc(5), /proc/net/tcp. */
export function listeningInodes(table: string, port: number): string[] {
  const hex = port.toString(16).toUpperCase().padStart(4, '0')
  return table.split('\n').flatMap((line) => {
    const cells = line.trim().split(/\s+/)
    return cells[1]?.endsWith(`:${hex}`) && cells[3] === LISTEN && cells[9] ? [cells[9]] : []
  })
}
