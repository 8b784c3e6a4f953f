// The settings of the embedded Postgres: durable, small enough for a home server, silent about people. Written anew at
// each start into daybook.conf; lines that a person adds to postgresql.conf after the include, or sets by ALTER SYSTEM,
// win. Not for: an external server, which has its own.
import { chown, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { SystemUser } from './user.ts'

/** Values by name; text is quoted when rendered. */
export function settings(port: number): Record<string, string | number> {
  return {
    listen_addresses: '127.0.0.1',
    port,
    unix_socket_directories: '',
    max_connections: 40,

    // An acknowledgement is a promise.
    fsync: 'on',
    synchronous_commit: 'on',
    full_page_writes: 'on',

    shared_buffers: '64MB',
    work_mem: '8MB',
    maintenance_work_mem: '64MB',
    effective_cache_size: '512MB',
    // Every month is a partition with its indexes, and a query over all years locks each of them.
    max_locks_per_transaction: 256,
    // Parallel queries need /dev/shm, of which a container has 64 MB.
    max_parallel_workers_per_gather: 0,
    jit: 'off',
    io_method: 'worker',
    io_workers: 1,
    autovacuum_max_workers: 2,

    // Nobody replicates from here.
    wal_level: 'minimal',
    max_wal_senders: 0,
    max_logical_replication_workers: 0,
    min_wal_size: '32MB',
    max_wal_size: '512MB',
    checkpoint_timeout: '10min',

    lc_messages: 'C',
    timezone: 'UTC',
    log_timezone: 'UTC',
    // One file a weekday, overwritten a week later.
    logging_collector: 'on',
    log_directory: 'log',
    log_filename: 'postgres-%a.log',
    log_rotation_age: '1d',
    log_rotation_size: 0,
    log_truncate_on_rotation: 'on',
    log_checkpoints: 'off',
    // Neither statements nor DETAIL lines: both carry the rows of somebody's day, which "forget" could not reach here.
    log_min_error_statement: 'panic',
    log_error_verbosity: 'terse',
  }
}

function renderSettings(values: Record<string, string | number>): string {
  const lines = Object.entries(values).map(([name, value]) => `${name} = '${String(value).replaceAll("'", "''")}'`)
  return `# Written by Daybook at each start; put your own settings below the include in postgresql.conf.\n${lines.join('\n')}\n`
}

/** Replaces the cluster's daybook.conf as a whole. */
export async function writeSettings(
  cluster: string,
  values: Record<string, string | number>,
  user: SystemUser | null,
): Promise<void> {
  const file = join(cluster, 'daybook.conf')
  await writeFile(`${file}.partial`, renderSettings(values), { mode: 0o600, flush: true })
  if (user) await chown(`${file}.partial`, user.uid, user.gid)
  await rename(`${file}.partial`, file)
}
