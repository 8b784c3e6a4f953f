// Which sources were connected on this device or in this house, in its data folder. Not for: turning any of them on
// (bridges/sources.ts, device.ts).
import { join } from 'node:path'
import { memoryIn } from './private-file.ts'
import type { DeviceSources, Remembered } from './surfaces/cli/verb.ts'

export const sourcesFile = (data: string) => join(data, 'sources.json')

export const deviceSources: DeviceSources = {
  load: (data) => Object(memoryIn(sourcesFile(data)).load()) as Remembered,
  save: (data, sources) => memoryIn(sourcesFile(data)).save(sources),
}
