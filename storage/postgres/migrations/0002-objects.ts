// The second migration: objects, the bytes of those that are kept here, and who refers to them. Not for: bytes that are
// kept elsewhere.
import { type Kysely, sql } from 'kysely'
import type { Migration } from 'kysely/migration'

export const objects: Migration = {
  async up(db: Kysely<unknown>) {
    for (const statement of statements) await sql.raw(statement).execute(db)
  },
}

const statements = [
  // missing: an activity refers to it, nobody brought it. coming: its first put is under way, or was broken off.
  // kept: its bytes are there. removing: a sweep is at it, or was broken off, and whether its bytes are there is not known.
  // moved_to: the bytes are the object of that storage under the same id, which stays as long as this row does.
  `create table objects (
     space         text not null,
     storage       text not null,
     id            text not null,
     state         text not null check (state in ('missing', 'coming', 'kept', 'removing')),
     size          bigint not null default 0,
     media_type    text,
     name          text,
     created_at    timestamptz not null default now(),
     touched_at    timestamptz not null default now(),
     condemned_at  timestamptz,
     moved_to      text,
     due_at        timestamptz,
     asked         smallint not null default 0,
     primary key (space, storage, id)
   ) with (fillfactor = 80)`,
  `create index objects_condemned on objects (space, storage, id) where condemned_at is not null or state = 'removing'`,
  `create index objects_due on objects (space, due_at) where due_at is not null`,
  `create index objects_unmoved on objects (space, created_at)
     where storage = 'postgres' and state = 'kept' and moved_to is null`,

  `create table object_bytes (
     space  text not null,
     id     text not null,
     chunk  integer not null,
     bytes  bytea not null,
     primary key (space, id, chunk)
   )`,

  // Of every storage. One whose activity is gone counts for nothing: partitions are dropped without a word to us.
  `create table object_references (
     space     text not null,
     storage   text not null,
     id        text not null,
     activity  uuid not null,
     primary key (space, storage, id, activity)
   )`,

  // A reference holds its object's row until COMMIT, in key order, so that no sweep comes between, and revives it. Named
  // are the storages of others, so that one more of ours needs nothing here.
  `create or replace function queue_enrichment() returns trigger language plpgsql as $$
   begin
     insert into enrichment_queue (id, space, batch) select id, space, batch from added
       on conflict do nothing;
     if not exists (select from added where content_ref is not null or attachments is not null) then
       return null;
     end if;
     with referred as materialized (
       select distinct added.space, ref ->> 'storage' as storage, ref ->> 'id' as id, added.id as activity
       from added cross join lateral (
         select content_ref as ref union all
         select jsonb_array_elements(case when jsonb_typeof(attachments) = 'array' then attachments end)) as refs
       where ref ->> 'storage' is not null and ref ->> 'id' is not null
     ), noted as (
       insert into object_references (space, storage, id, activity) select * from referred order by 1, 2, 3, 4
         on conflict do nothing
     )
     insert into objects as o (space, storage, id, state, due_at)
       select distinct space, storage, id, 'missing', now() from referred where storage not in ('frigate', 'langfuse')
       order by 1, 2, 3
     on conflict (space, storage, id) do update set condemned_at = null
       where o.condemned_at is not null and o.state <> 'removing';
     return null;
   end $$`,

  // Stable for Grafana and psql.
  `create view v_objects as
     select o.storage, o.id, o.state, o.size, o.media_type, o.name, o.moved_to, o.created_at, o.touched_at, o.condemned_at,
            (select count(*) from object_references r join activities a on a.id = r.activity
             where r.space = o.space and r.storage = o.storage and r.id = o.id) as "references",
            o.space
     from objects o`,
]
