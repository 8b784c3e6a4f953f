// What this device was given when it was enrolled, kept in its data folder for its owner's eyes only. Not for: how it is
// asked for (surfaces/cli/enroll.ts), or the house's own credentials (credentials.ts).
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { writePrivately } from './private-file.ts'
import { type Enrolment, enrolment } from './schemas/enrolment.ts'
import { DaybookError } from './schemas/errors.ts'

/** Where it is. */
export function enrolmentFile(data: string): string {
  return join(data, 'enrolment.json')
}

/** Null when this device was never enrolled; throws `config_invalid` for a file that cannot be understood. */
export function loadEnrolment(data: string): Enrolment | null {
  const file = enrolmentFile(data)
  if (!existsSync(file)) return null
  try {
    return enrolment.parse(JSON.parse(readFileSync(file, 'utf8')))
  } catch (error) {
    const remedy = 'Move it away and enrol this device again: `daybook enroll <name>` on the server makes a code.'
    throw new DaybookError('config_invalid', `${file} cannot be read. ${remedy}`, { cause: error })
  }
}

/** Replaces it as a whole, 0600 from its first byte, durably; gives the file. Throws `data_unwritable`. */
export function saveEnrolment(data: string, given: Enrolment): string {
  const file = enrolmentFile(data)
  writePrivately(file, given)
  return file
}
