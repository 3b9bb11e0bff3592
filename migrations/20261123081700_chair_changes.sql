-- Events of chairs: `schedule.changed` where the last free chair is taken, or one becomes free again.
-- migrate:up
set local search_path = chairtime, pg_temp;
set local lock_timeout = '5s';

-- Chair claims that were made or ended, until the relay has checked whether they changed what is bookable. That cannot be decided
-- before the commit: of two concurrent claims on the last two chairs, each sees the other chair free.
create table chair_changes (
    id             bigint generated always as identity primary key,
    transaction    xid8        not null default pg_current_xact_id(),
    clinic_id      uuid        not null,
    chair          int         not null,
    appointment_id uuid        not null,
    during         tstzrange   not null,
    taken          boolean     not null,                  -- else ended
    overdue        boolean     not null,                  -- the hold was overdue, so its chair counted as free before
    kept           boolean     not null default false,    -- the time until the start of a visit that is checked in
    occurred_at    timestamptz not null default clock_timestamp()
);
alter table chair_changes set (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_delay = 0);

create function queue_chair_claims() returns trigger language plpgsql as $$
begin
    if tg_op in ('UPDATE', 'DELETE') then
        insert into chair_changes (clinic_id, chair, appointment_id, during, taken, overdue)
        select r.clinic_id, r.no, o.appointment_id, o.during, false,
               coalesce(not is_live(a.status) and a.booked_at is null and a.hold_expires_at <= clock_timestamp(), false)
          from old_rows o join resources r on r.no = o.resource_no left join appointments a on a.id = o.appointment_id
         where o.active and r.kind = 'chair';
    end if;
    if tg_op in ('UPDATE', 'INSERT') then
        insert into chair_changes (clinic_id, chair, appointment_id, during, taken, overdue)
        select r.clinic_id, r.no, n.appointment_id, n.during, true, false
          from new_rows n join resources r on r.no = n.resource_no
         where n.active and r.kind = 'chair';
    end if;
    return null;
end $$;
create trigger chair_claims_noted_insert after insert on slot_reservations
    referencing new table as new_rows for each statement execute function queue_chair_claims();
create trigger chair_claims_noted_update after update on slot_reservations
    referencing old table as old_rows new table as new_rows for each statement execute function queue_chair_claims();
create trigger chair_claims_noted_delete after delete on slot_reservations
    referencing old table as old_rows for each statement execute function queue_chair_claims();

-- A visit that is checked in keeps its chair from now on, not only from its start (chair_kept_until).
create function queue_kept_chairs() returns trigger language plpgsql as $$
begin
    insert into chair_changes (clinic_id, chair, appointment_id, during, taken, overdue, kept)
    select r.clinic_id, r.no, n.id, tstzrange(clock_timestamp(), lower(s.during)), n.status in ('checked_in', 'in_treatment'), false, true
      from new_rows n join old_rows o using (id)
      join slot_reservations s on s.appointment_id = n.id and lower(s.during) > clock_timestamp()
      join resources r on r.no = s.resource_no and r.kind = 'chair'
     where (n.status in ('checked_in', 'in_treatment')) <> (o.status in ('checked_in', 'in_treatment'));
    return null;
end $$;
create trigger kept_chairs_noted after update on appointments
    referencing old table as old_rows new table as new_rows for each statement execute function queue_kept_chairs();

create function has_chair_changes() returns boolean language plpgsql as $$
begin
    perform c.id from chair_changes c order by c.id limit 1;        -- along the index: a scan would read all dead rows
    return found;
end $$;

-- Publishes `schedule.changed` for the times at which readers may have seen a free chair and there is none now, or the reverse.
-- One statement reads changes and claims, so that they agree: since the last call, the number of free chairs was between (free now
-- minus ended claims) and (free now plus new claims).
-- * What one transaction takes and gives back cancels out (`net`), unless the hold was overdue.
-- * While a chair is kept for a visit that is checked in, it also matters which chairs are free (domain/chairs.py): if none may be
--   free in that time (`tight`), every change of a chair that a visit of that time may use is published (`near`).
-- * The dentist of the booking itself (`own`) is told by the booking's `slot.*` event.
-- * After more than 100 changes in one clinic (`many`), all its dentists reload everything, which is cheaper.
-- (Generic plan: planning takes longer than running. No seqscan: a plan made while the tables are small must not scan later.)
create function publish_chair_changes() returns void
language plpgsql set plan_cache_mode = force_generic_plan set enable_seqscan = off as $$
begin
    with gone as materialized (
        delete from chair_changes where id = any (array(select c.id from chair_changes c order by c.id)) returning *
    ), clinic as (
        select g.clinic_id, count(*) > 100 as many, range_agg(g.during) as times, min(g.occurred_at) as occurred_at,
               (select count(*) from resources r where r.clinic_id = g.clinic_id and r.kind = 'chair' and r.active) as chairs
          from gone g group by g.clinic_id
    ), change as materialized (
        select g.clinic_id, g.during, g.transaction, g.overdue, g.kept, case when g.taken then 1 else -1 end as taken,
               (select case when count(distinct d.profile_id) = 1 then (array_agg(d.profile_id))[1] end
                  from slot_reservations s join dentists d on d.resource_no = s.resource_no
                 where s.appointment_id = g.appointment_id and s.during = g.during) as dentist_id
          from gone g join clinic c on c.clinic_id = g.clinic_id join resources r on r.no = g.chair
         where r.active and not c.many
    ), kept as materialized (
        select c.clinic_id, s.resource_no, tstzrange(clock_timestamp(), upper(s.during)) as during
          from clinic c
          join appointments a on a.clinic_id = c.clinic_id and a.status in ('checked_in', 'in_treatment')
               and a.ends_at > clock_timestamp() - interval '1 day'
          join slot_reservations s on s.appointment_id = a.id and s.active and upper(s.during) > clock_timestamp() + interval '1 s'
          join resources r on r.no = s.resource_no and r.kind = 'chair' and r.active
         where not c.many
    ), claim as materialized (
        select k.clinic_id, k.resource_no, k.during from kept k
         union
        select c.clinic_id, s.resource_no, s.during
          from clinic c
         cross join lateral (select unnest(c.times) union select k.during from kept k where k.clinic_id = c.clinic_id) as t(during)
          join resources r on r.clinic_id = c.clinic_id and r.kind = 'chair' and r.active
          join slot_reservations s on s.active and s.during && t.during
               and int4range(s.resource_no, s.resource_no, '[]') && int4range(r.no, r.no, '[]')
         where not c.many
    ), edge as (
        select clinic_id, lower(during) as at from change union select clinic_id, upper(during) from change
         union select clinic_id, lower(during) from claim union select clinic_id, upper(during) from claim
    ), piece as materialized (
        select e.clinic_id, tstzrange(e.at, lead(e.at) over (partition by e.clinic_id order by e.at)) as during from edge e
    ), net as (
        select p.clinic_id, p.during, sum(c.taken) as taken,
               case when count(distinct c.dentist_id) = 1 and count(c.dentist_id) = count(*) then (array_agg(c.dentist_id))[1] end as own
          from piece p join change c on c.clinic_id = p.clinic_id and c.during @> p.during
         group by p.clinic_id, p.during, c.transaction, c.overdue
        having sum(c.taken) <> 0
    ), total as (
        select n.clinic_id, n.during, sum(greatest(n.taken, 0)) as taken, sum(greatest(-n.taken, 0)) as given_back,
               case when count(distinct n.own) = 1 and count(n.own) = count(*) then (array_agg(n.own))[1] end as own
          from net n group by n.clinic_id, n.during
    ), crossed as (
        select t.clinic_id, t.own, range_agg(t.during) as times
          from total t join clinic c on c.clinic_id = t.clinic_id
         cross join lateral (select c.chairs - count(distinct k.resource_no) as now from claim k where k.clinic_id = t.clinic_id and k.during && t.during) free
         where free.now - t.given_back <= 0 and free.now + t.taken > 0
         group by t.clinic_id, t.own
    ), tight as (
        select p.clinic_id, p.during
          from piece p join clinic c on c.clinic_id = p.clinic_id
         cross join lateral (select count(*) filter (where h.taken < 0) as given_back, bool_or(h.kept) as kept
                               from change h where h.clinic_id = p.clinic_id and h.during @> p.during) changed
         cross join lateral (select c.chairs - count(distinct k.resource_no) as now
                               from claim k where k.clinic_id = p.clinic_id and k.during && p.during) free
         where free.now - changed.given_back <= 0
           and (changed.kept or exists (select from kept k where k.clinic_id = p.clinic_id and k.during && p.during))
    ), near as (
        select t.clinic_id, range_agg(affected_starts(p_clinic_id => t.clinic_id, p_occupied => t.during)
                                         * affected_starts(p_clinic_id => h.clinic_id, p_occupied => h.during)) as starts
          from tight t join change h on h.clinic_id = t.clinic_id
         where not h.kept
         group by t.clinic_id
    ), stretch as (
        select n.clinic_id, null::uuid as own, s.starts from near n cross join lateral unnest(n.starts) as s(starts)
         union all
        select c.clinic_id, c.own, affected_starts(p_clinic_id => c.clinic_id, p_occupied => t.during) as starts
          from crossed c cross join lateral unnest(c.times) as t(during)
         union all
        select c.clinic_id, null, null from clinic c where c.many
    )
    insert into outbox (topic, kind, entity_id, version, audience, payload, occurred_at)
    select 'availability', 'schedule.changed', d.profile_id, null, null, schedule_payload(p_dentist_id => d.profile_id, p_starts => s.starts), c.occurred_at
      from stretch s join clinic c on c.clinic_id = s.clinic_id
      join dentists d on d.clinic_id = s.clinic_id and d.bookable and d.profile_id is distinct from s.own
     order by lower(s.starts), d.profile_id;
end $$;
select secure_schema();

-- migrate:down
set local search_path = chairtime, pg_temp;
set local lock_timeout = '5s';
drop function publish_chair_changes, has_chair_changes;
drop trigger kept_chairs_noted on appointments;
drop trigger chair_claims_noted_delete on slot_reservations;
drop trigger chair_claims_noted_update on slot_reservations;
drop trigger chair_claims_noted_insert on slot_reservations;
drop function queue_kept_chairs, queue_chair_claims;
drop table chair_changes;
