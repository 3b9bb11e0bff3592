-- The event log. Triggers insert events into the outbox in the transaction of the change; the leader of the relay
-- (realtime/relay.py) moves them into realtime_events with dense sequence numbers. Readers must not tail the outbox by
-- `id > last`: ids are assigned before the commit, so rows that commit late would be lost. No NOTIFY in a business transaction,
-- because it serialises commits.
-- migrate:up
set local search_path = chairtime, pg_temp;
set local lock_timeout = '5s';

create table outbox (
    id          bigint generated always as identity (cache 1) primary key,
    topic       text not null,
    kind        text not null,
    entity_id   uuid not null,
    version     int,
    audience    uuid[],                                   -- who may see it beside staff; null = everyone
    payload     jsonb not null,
    occurred_at timestamptz not null default clock_timestamp()
);

-- A queue with many deletes: vacuum often. (The relay's leader vacuums it, too.)
alter table outbox set (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_delay = 0);

create table realtime_events (
    seq          bigint primary key,
    topic        text not null,
    kind         text not null,
    entity_id    uuid not null,
    version      int,
    audience     uuid[],
    payload      jsonb not null,
    occurred_at  timestamptz not null,
    sequenced_at timestamptz not null,
    latency_ms   real not null                            -- from the trigger to the numbering
) partition by range (seq);                               -- made and dropped by realtime_roll()
create index realtime_events_entity on realtime_events (entity_id, seq);

-- One row.
create table realtime_epoch (
    one            boolean primary key default true check (one),
    epoch          text not null,                         -- new after a restore: cursors of another epoch are not valid
    head           bigint not null default 0,             -- the last number given
    partitioned_to bigint not null default 0              -- the last number that has a partition
);
insert into realtime_epoch (epoch) values (substr(replace(gen_random_uuid()::text, '-', ''), 1, 12));

-- The partitions of the log by their numbers; `last` is null for the newest.
create view realtime_partitions as
    select p.name, p.first, lead(p.first) over (order by p.first) - 1 as last
      from (select c.oid::regclass as name, substring(c.relname from '[0-9]+$')::bigint as first
              from pg_inherits i join pg_class c on c.oid = i.inhrelid where i.inhparent = 'realtime_events'::regclass) p;

-- Creates partitions for the next p_ahead numbers, each for about an hour of the traffic of the one before it and at most four
-- times as large. Drops partitions whose last event is older than p_keep (null: none), and returns how many. Blocks nobody:
-- attaching needs no exclusive lock, and a partition that is being read is dropped another time. Security definer, so that the
-- relay's role need not own the log.
create function realtime_roll(p_ahead int, p_keep interval default null) returns int language plpgsql
    security definer set search_path = chairtime, pg_temp as $$
declare
    e       realtime_epoch;
    newest  bigint;
    size    bigint;
    part    realtime_partitions;
    dropped int := 0;
begin
    select * into strict e from realtime_epoch for update;
    while e.partitioned_to < e.head + p_ahead loop
        select coalesce(max(p.first), 1) into newest from realtime_partitions p;
        select (e.head - v.seq) * 3600 / greatest(extract(epoch from clock_timestamp() - v.sequenced_at), 1) into size
          from realtime_events v where v.seq >= newest order by v.seq limit 1;
        size := greatest(1000, least(coalesce(size, 0), 4 * (e.partitioned_to + 1 - newest), 10000000));
        execute format('create table realtime_events_%s (like realtime_events including indexes)', e.partitioned_to + 1);
        execute format('alter table realtime_events attach partition realtime_events_%s for values from (%s) to (%s)',
                       e.partitioned_to + 1, e.partitioned_to + 1, e.partitioned_to + 1 + size);
        perform secure_table(format('realtime_events_%s', e.partitioned_to + 1)::regclass);
        update realtime_epoch set partitioned_to = partitioned_to + size returning partitioned_to into e.partitioned_to;
    end loop;

    if p_keep is null then
        return 0;
    end if;
    perform set_config('lock_timeout', '50ms', true);       -- until this transaction ends
    for part in select * from realtime_partitions p where p.last <= e.head order by p.first loop
        exit when (select v.sequenced_at from realtime_events v where v.seq between part.first and part.last
                    order by v.seq desc limit 1) > clock_timestamp() - p_keep;
        begin
            execute format('drop table %s', part.name);
        exception when lock_not_available then
            exit;
        end;
        dropped := dropped + 1;
    end loop;
    return dropped;
end $$;
revoke execute on function realtime_roll from public;

-- Moves up to p_limit committed events, oldest first, into the log; notifies once and returns how many. Called by the relay's
-- leader only; should there be two, the row lock on realtime_epoch keeps their numbers apart.
create function relay_batch(p_limit int) returns int language plpgsql as $$
declare
    start          bigint;
    partitioned_to bigint;
    moved          int;
    chairs         boolean;
begin
    chairs := has_chair_changes();                          -- of chair_changes.sql
    perform o.id from outbox o order by o.id limit 1;       -- along the index: a scan would read all dead rows
    if not found and not chairs then
        return 0;
    end if;
    select e.head, e.partitioned_to into start, partitioned_to from realtime_epoch e for update;
    if chairs then
        perform publish_chair_changes();
    end if;
    if partitioned_to < start + p_limit then
        perform realtime_roll(p_ahead => p_limit);
    end if;
    with gone as (
        delete from outbox where ctid = any (array(select o.ctid from outbox o order by o.id limit p_limit)) returning *
    )
    insert into realtime_events (seq, topic, kind, entity_id, version, audience, payload, occurred_at, sequenced_at, latency_ms)
    select start + row_number() over (order by g.id), g.topic, g.kind, g.entity_id, g.version, g.audience, g.payload,
           g.occurred_at, clock_timestamp(), extract(epoch from clock_timestamp() - g.occurred_at) * 1000
      from gone g;
    get diagnostics moved = row_count;
    if moved > 0 then
        update realtime_epoch set head = start + moved;
        perform pg_notify('realtime', (start + moved)::text);
    end if;
    return moved;
end $$;
select secure_schema();

-- migrate:down
set local search_path = chairtime, pg_temp;
set local lock_timeout = '5s';
drop function relay_batch, realtime_roll;
drop view realtime_partitions;
drop table realtime_epoch, realtime_events, outbox;
