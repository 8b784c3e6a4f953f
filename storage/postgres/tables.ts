// The tables as kysely sees them. Not for: creating them, which migrations/ does.
import type { ColumnType, Generated } from 'kysely'
import type { OwnStorage } from '../../schemas/content-ref.ts'

/** timestamptz comes as epoch ms and goes as an ISO 8601 text (see connection.ts). */
type Time = ColumnType<number, string, string>
type NullableTime = ColumnType<number | null, string | null, string | null>
type Json<T = unknown> = ColumnType<T | null, string | null, string | null>

export interface ActivityRow {
  id: string
  space: string
  source: string
  event_type: string
  producer: string
  summary: string
  timestamp: Time
  received_at: Time
  session_id: string
  activity_id: string | null
  phase: string | null
  duration: number | null
  epoch: string | null
  seq: number | null
  batch: number
  native_id: string | null
  details: Json
  content_ref: Json
  attachments: Json
  cause: Json
}

export interface Tables {
  activities: ActivityRow
  batches: {
    batch: number
    space: string
    min_id: string | null
    max_id: string | null
    rows: number
    committed_at: Time
  }
  enrichment_queue: {
    id: string
    space: string
    batch: number
    status: Generated<'pending' | 'processing' | 'error'>
    attempts: Generated<number>
    due_at: Time
    claimed_by: string | null
    claimed_at: NullableTime
    error: string | null
  }
  sessions: {
    id: string
    space: string
    start_time: Time
    end_time: NullableTime
    activity_ids: string[]
    guessed_intent: string
    confidence: number
    validated_intent: string | null
    related_goal: string | null
    tags: string[]
    status: string
    needs_validation: boolean
    validated_at: NullableTime
  }
  accounts: {
    space: string
    producer: string
    source: string
    stored: number
    duplicates: number
    rejected: number
    suppressed: number
    last_seen_at: Time
  }
  sequences: {
    space: string
    producer: string
    epoch: string
    settled: string
    given_up: string
    last_seq: number
    updated_at: Time
  }
  rejected: {
    rejected_id: string
    space: string
    topic: string
    producer: string
    code: string
    reason: string
    payload: Buffer
    received_at: Time
    epoch: string | null
    seq: number | null
    id: string | null
  }
  suppressed: {
    space: string
    kind: 'forget' | 'pause'
    source: string | null
    entity: string | null
    from: Time
    to: NullableTime
    id_hash: string | null
  }
  objects: {
    space: string
    storage: OwnStorage
    id: string
    state: 'missing' | 'coming' | 'kept' | 'removing'
    size: number
    media_type: string | null
    name: string | null
    created_at: Generated<Time>
    touched_at: Generated<Time>
    condemned_at: NullableTime
    moved_to: OwnStorage | null
    due_at: NullableTime
    asked: Generated<number>
  }
  object_bytes: { space: string; id: string; chunk: number; bytes: Buffer }
  object_references: { space: string; storage: string; id: string; activity: string }
  retained: { topic: string; space: string; payload: Buffer; qos: number }
}
