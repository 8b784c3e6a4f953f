// Every verb of the CLI, in the order in which help lists them. A new one is a file beside this and a line here. Not
// for: anything but the list.
import { bridge } from './bridge.ts'
import { connect } from './connect.ts'
import { demo } from './demo.ts'
import { disconnect } from './disconnect.ts'
import { doctor } from './doctor.ts'
import { enroll } from './enroll.ts'
import { importVerb } from './import.ts'
import { note } from './note.ts'
import { pause } from './pause.ts'
import { query } from './query.ts'
import { record } from './record.ts'
import { rejected } from './rejected.ts'
import { replay } from './replay.ts'
import { start } from './start.ts'
import { status } from './status.ts'
import { tail } from './tail.ts'
import { user } from './user.ts'
import type { Verb } from './verb.ts'
import { version } from './version.ts'

export const verbs: readonly Verb[] = [
  start,
  status,
  doctor,
  connect,
  disconnect,
  query,
  tail,
  note,
  pause,
  record,
  replay,
  demo,
  rejected,
  importVerb,
  bridge,
  user,
  enroll,
  version,
]
