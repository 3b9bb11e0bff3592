-- The obvious relay, for comparison: it remembers the last id it has seen and copies what has a higher one. An id is
-- taken before the commit, so it passes by whatever commits late. The tests must notice.
create table naive_cursor as select 0::bigint as last;

drop function relay_batch;
create function relay_batch(p_limit int) returns int language plpgsql as $$
declare
    start bigint;
    moved int;
begin
    perform realtime_roll(p_limit);
    select e.head into start from realtime_epoch e for update;
    with taken as (
        select o.* from outbox o, naive_cursor c where o.id > c.last order by o.id limit p_limit
    ), stored as (
        insert into realtime_events (seq, topic, kind, entity_id, version, audience, payload, occurred_at, sequenced_at, latency_ms)
        select start + row_number() over (order by t.id), t.topic, t.kind, t.entity_id, t.version, t.audience, t.payload,
               t.occurred_at, clock_timestamp(), extract(epoch from clock_timestamp() - t.occurred_at) * 1000
          from taken t
        returning seq
    ), remembered as (
        update naive_cursor set last = greatest(last, (select max(id) from taken))
    )
    select count(*) into moved from stored;
    update realtime_epoch set head = start + moved;
    if moved > 0 then
        perform pg_notify('realtime', (start + moved)::text);
    end if;
    return moved;
end $$;
