// Transcripts, put together: those that grow and those of the past. Not for: what either does.
import { importTranscripts } from './import.ts'
import { createKeeper } from './keeper.ts'
import type { Transcripts, TranscriptsParts } from './transcripts.ts'

export function openTranscripts(parts: TranscriptsParts): Transcripts {
  const keeper = createKeeper(parts)
  const { notice, grewAt, pause, forget, figures, close } = keeper
  return {
    ...{ notice, grewAt, pause, forget, figures, close },
    import: (range, progress, signal) =>
      importTranscripts(parts, keeper, range, progress, AbortSignal.any([signal, keeper.signal])),
  }
}
