// What the disk's refusals mean for whoever keeps payloads on it, in words that name the place and what mends it. Not
// for: damaged or missing objects, which are no refusal of the disk.
import { DaybookError } from '../../schemas/errors.ts'

/** Errors that no waiting mends: rights, and things of the wrong kind in the way. */
const refusals = ['EACCES', 'EPERM', 'EROFS', 'EEXIST', 'ENOTDIR', 'EISDIR', 'ELOOP', 'ENAMETOOLONG']
const full = ['ENOSPC', 'EDQUOT', 'EFBIG']

/** The code of a system error, or ''. */
export function systemCode(thrown: unknown): string {
  return thrown instanceof Error && 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : ''
}

/** Runs what uses the disk; its failures become `objects_unavailable` or `objects_refused`. Ours pass as they are. */
export async function onDisk<T>(folder: string, work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    throw diskError(folder, error)
  }
}

function diskError(folder: string, thrown: unknown): DaybookError {
  if (thrown instanceof DaybookError) return thrown
  const code = systemCode(thrown)
  const { message } = thrown as Error
  if (code === '') return new DaybookError('internal', message, { cause: thrown })
  if (full.includes(code))
    return new DaybookError('objects_unavailable', `No space is left for ${folder}; free some (${message}).`, {
      cause: thrown,
    })
  if (refusals.includes(code))
    return new DaybookError(
      'objects_refused',
      `Make ${folder} a folder that this user may read and write (${message}).`,
      { cause: thrown },
    )
  return new DaybookError('objects_unavailable', `${folder} does not work (${message}).`, { cause: thrown })
}
