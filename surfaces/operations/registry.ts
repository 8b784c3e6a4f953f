// Every operation. A new one is a file beside this and a line here. Not for: anything but the list.

import { addNote } from './add-note.ts'
import { makeEnrolment, redeemEnrolment } from './enrolments.ts'
import { getAccounting } from './get-accounting.ts'
import { getActivity } from './get-activity.ts'
import { getStatus } from './get-status.ts'
import { beginImport, endImport, getImport } from './imports.ts'
import { linkObject } from './link-object.ts'
import { listRejected } from './list-rejected.ts'
import type { Operation } from './operation.ts'
import { getPause, setPause } from './pause.ts'
import { postActivities } from './post-activities.ts'
import { publishMessages } from './publish-messages.ts'
import { queryActivities } from './query-activities.ts'
import { connectSource, disconnectSource, getSource, listSources } from './sources.ts'
import { addUser, listUsers, removeUser } from './users.ts'

export const operations: readonly Operation[] = [
  queryActivities,
  postActivities,
  publishMessages,
  getActivity,
  addNote,
  linkObject,
  listRejected,
  beginImport,
  getImport,
  endImport,
  getAccounting,
  getStatus,
  getPause,
  setPause,
  listSources,
  getSource,
  connectSource,
  disconnectSource,
  addUser,
  listUsers,
  removeUser,
  makeEnrolment,
  redeemEnrolment,
]
