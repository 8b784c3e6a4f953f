// The first migration: activities and their books, the queue, retained topics. Every table carries its space. Not for:
// partitions, which partitions.ts makes ahead and on demand, or roles (reader.ts).
import { type Kysely, sql } from 'kysely'
import type { Migration } from 'kysely/migration'

export const first: Migration = {
  async up(db: Kysely<unknown>) {
    for (const statement of statements) await sql.raw(statement).execute(db)
  },
}

const statements = [
  // What a search finds: the words of the summary, and the strings and numbers of the details without their keys.
  // Punctuation that glues words together goes first, where there is a URL, a path or an address (it costs more than all
  // the rest); what JSON itself needs (colon, point, minus) has to stay.
  `create function activity_words(summary text, details jsonb) returns tsvector
     language sql immutable parallel safe as $$
     select to_tsvector('simple', translate(summary, '._-/:@', '      '))
       || coalesce(jsonb_to_tsvector('simple',
            case when details::text ~ '[/@]' then translate(details::text, '/_@?&=', '      ')::jsonb else details end,
            '["string", "numeric"]'), '')
   $$`,

  `create sequence batch_numbers`,

  // Partitioned by month on the time inside the id, so that the key stays unique over all partitions.
  `create table activities (
     id           uuid primary key,
     space        text not null,
     source       text not null,
     event_type   text not null,
     producer     text not null,
     summary      text not null,
     "timestamp"  timestamptz not null,
     received_at  timestamptz not null,
     session_id   text not null,
     activity_id  text,
     phase        text,
     duration     double precision,
     epoch        text,
     seq          bigint,
     batch        bigint not null,
     native_id    text,
     details      jsonb,
     content_ref  jsonb,
     attachments  jsonb,
     cause        jsonb
   ) partition by range (id)`,
  `create index activities_source on activities (source, event_type, id)`,
  `create index activities_session on activities (session_id, id)`,
  `create index activities_activity on activities (activity_id) where activity_id is not null`,
  `create index activities_entity on activities ((details ->> 'entity_id'), id) where details ->> 'entity_id' is not null`,
  `create index activities_native on activities (native_id) where native_id is not null`,
  `create index activities_batch on activities using brin (batch) with (pages_per_range = 16, autosummarize = on)`,
  `create index activities_words on activities using gin (activity_words(summary, details))`,

  // The arrival cursor: one row a commit. Readers stop below pg_snapshot_xmin, so that a late commit is not passed over.
  `create table batches (
     batch         bigint primary key,
     space         text not null,
     xid           xid8 not null default pg_current_xact_id(),
     min_id        uuid,
     max_id        uuid,
     rows          integer not null,
     committed_at  timestamptz not null default now()
   )`,

  `create table enrichment_queue (
     id          uuid primary key,
     space       text not null,
     batch       bigint not null,
     status      text not null default 'pending' check (status in ('pending', 'processing', 'error')),
     attempts    smallint not null default 0,
     due_at      timestamptz not null default now(),
     claimed_by  text,
     claimed_at  timestamptz,
     error       text
   ) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_cost_delay = 0)`,
  `create index enrichment_queue_taken on enrichment_queue (status, claimed_at) where status <> 'pending'`,
  `create function queue_enrichment() returns trigger language plpgsql as $$
   begin
     insert into enrichment_queue (id, space, batch) select id, space, batch from added
       on conflict do nothing;
     return null;
   end $$`,
  `create trigger queue_enrichment after insert on activities
     referencing new table as added for each statement execute function queue_enrichment()`,

  `create table sessions (
     id                text primary key,
     space             text not null,
     start_time        timestamptz not null,
     end_time          timestamptz,
     activity_ids      text[] not null,
     guessed_intent    text not null,
     confidence        double precision not null,
     validated_intent  text,
     related_goal      text,
     tags              text[] not null,
     status            text not null,
     needs_validation  boolean not null,
     validated_at      timestamptz
   )`,
  `create index sessions_time on sessions (space, start_time)`,

  // What each producer sent, by source; and of each of its outboxes which numbers are settled or given up.
  `create table accounts (
     space         text not null,
     producer      text not null,
     source        text not null,
     stored        bigint not null default 0,
     duplicates    bigint not null default 0,
     rejected      bigint not null default 0,
     suppressed    bigint not null default 0,
     last_seen_at  timestamptz not null default now(),
     primary key (space, producer, source)
   ) with (fillfactor = 50)`,
  `create table sequences (
     space       text not null,
     producer    text not null,
     epoch       text not null,
     settled     int8multirange not null default '{}',
     given_up    int8multirange not null default '{}',
     last_seq    bigint not null default 0,
     updated_at  timestamptz not null default now(),
     primary key (space, producer, epoch)
   ) with (fillfactor = 50)`,

  `create table rejected (
     rejected_id  uuid primary key,
     space        text not null,
     topic        text not null,
     producer     text not null,
     code         text not null,
     reason       text not null,
     payload      bytea not null,
     received_at  timestamptz not null,
     epoch        text,
     seq          bigint,
     id           text
   )`,

  // What must stay away, whatever re-sends, re-imports or restores it.
  `create table suppressed (
     rule     bigint generated always as identity primary key,
     space    text not null,
     kind     text not null check (kind in ('forget', 'pause')),
     source   text,
     entity   text,
     "from"   timestamptz not null,
     "to"     timestamptz,
     id_hash  text,
     made_at  timestamptz not null default now()
   )`,

  `create table retained (
     space       text not null,
     topic       text not null,
     payload     bytea not null,
     qos         smallint not null,
     updated_at  timestamptz not null default now(),
     primary key (space, topic)
   )`,

  // Stable for Grafana and psql.
  `create view v_activities as
     select "timestamp" as time, source, event_type as type, producer, summary, session_id, activity_id, phase, duration,
            details ->> 'entity_id' as entity, coalesce(details ->> 'zone', details ->> 'area') as zone,
            case when jsonb_typeof(details -> 'new_state') = 'number' then (details ->> 'new_state')::double precision end
              as value,
            details, id, space
     from activities`,
  `create view v_accounts as
     select a.producer, a.source, a.stored + a.duplicates + a.rejected + a.suppressed as received, a.stored, a.duplicates,
            a.rejected, a.suppressed, a.last_seen_at, a.space
     from accounts a`,
]
