-- Exceptions from the weekly hours, and versions of schedules.
-- migrate:up
set local search_path = chairtime, pg_temp;

-- One date: `hours` replace the weekly ones, `open` adds time, `closed` takes it away; which wins: domain/hours.py.
-- Times as in weekly_hours; null is the day's own end.
create table schedule_exceptions (
    id          bigint generated always as identity primary key,
    clinic_id   uuid not null references clinics,
    resource_no int  references resources,                -- null = the whole clinic
    on_date     date not null,
    starts      time check (starts < '24:00'),
    ends        time check (ends < '24:00'),
    kind        text not null check (kind in ('open', 'closed', 'hours')),
    reason      text,                                     -- what staff wrote; not for patients, unless clinic-wide
    check (kind <> 'hours' or (starts is not null and ends is not null))
);
create index schedule_exceptions_clinic on schedule_exceptions (clinic_id, on_date);

-- A schedule's version is kept by the triggers below: +1 for each transaction that changed anything it is made of,
-- whoever wrote it. `schedule_changed_in` is that transaction; a dentist's first hours are part of version 1.
alter table dentists add column schedule_version    int         not null default 1,
                     add column schedule_updated_at timestamptz not null default clock_timestamp(),
                     add column schedule_changed_in xid8        not null default pg_current_xact_id();
alter table clinics  add column exceptions_version  int         not null default 1;

create function schedules_changed(p_resources int[], p_clinics uuid[]) returns void language sql as $$
    update dentists d
       set schedule_version = d.schedule_version + 1, schedule_updated_at = clock_timestamp(),
           schedule_changed_in = pg_current_xact_id()
     where (d.resource_no = any(p_resources) or d.clinic_id = any(p_clinics))
       and d.schedule_changed_in <> pg_current_xact_id()
$$;

create function weekly_hours_changed() returns trigger language plpgsql as $$
begin
    perform schedules_changed(array(select resource_no from changed), '{}');
    return null;
end $$;
create function schedule_exceptions_changed() returns trigger language plpgsql as $$
begin
    perform schedules_changed(array(select resource_no from changed where resource_no is not null),
                              array(select clinic_id from changed where resource_no is null));
    return null;
end $$;
create trigger weekly_hours_added after insert on weekly_hours
    referencing new table as changed for each statement execute function weekly_hours_changed();
create trigger weekly_hours_edited after update on weekly_hours
    referencing new table as changed for each statement execute function weekly_hours_changed();
create trigger weekly_hours_edited_away after update on weekly_hours     -- from whom it is taken, where it is another's now
    referencing old table as changed for each statement execute function weekly_hours_changed();
create trigger weekly_hours_removed after delete on weekly_hours
    referencing old table as changed for each statement execute function weekly_hours_changed();
create trigger schedule_exceptions_added after insert on schedule_exceptions
    referencing new table as changed for each statement execute function schedule_exceptions_changed();
create trigger schedule_exceptions_edited after update on schedule_exceptions
    referencing new table as changed for each statement execute function schedule_exceptions_changed();
create trigger schedule_exceptions_edited_away after update on schedule_exceptions     -- from whom it is taken, where it is another's now
    referencing old table as changed for each statement execute function schedule_exceptions_changed();
create trigger schedule_exceptions_removed after delete on schedule_exceptions
    referencing old table as changed for each statement execute function schedule_exceptions_changed();

-- A change of the clinic's time zone or grid changes the hours of all its dentists.
create function clinics_changed() returns trigger language plpgsql as $$
begin
    perform schedules_changed('{}', array(
        select n.id from new_rows n join old_rows o using (id)
         where (n.time_zone, n.slot_grid_minutes) is distinct from (o.time_zone, o.slot_grid_minutes)));
    return null;
end $$;
create trigger clinics_changed after update on clinics
    referencing old table as old_rows new table as new_rows for each statement execute function clinics_changed();

-- Publishes `schedule.changed`, so that readers reload the dentist's board.
create function schedules_published() returns trigger language plpgsql as $$
begin
    insert into outbox (topic, kind, entity_id, version, audience, payload)
    select 'availability', 'schedule.changed', n.profile_id, n.schedule_version, null,
           schedule_payload(n.profile_id, null)
      from new_rows n join old_rows o using (profile_id)
     where n.schedule_version <> o.schedule_version
     order by n.profile_id;
    return null;
end $$;
create trigger schedules_published after update on dentists
    referencing old table as old_rows new table as new_rows for each statement execute function schedules_published();

-- The active claims on these dentists and on all chairs of these clinics that touch an interval: a row for each of them,
-- with `held` null for what is booked, and until when a chair takes part in no exchange. Planned once per session: to plan
-- it takes longer than to run it. Without statistics a plan made while the tables are small would scan them when they are
-- large.
create function claims_between(p_dentists int[], p_clinics uuid[], p_starts timestamptz, p_ends timestamptz, p_own uuid)
returns table (no int, clinic_id uuid, kept_until timestamptz, starts timestamptz[], ends timestamptz[], held timestamptz[])
language plpgsql stable set plan_cache_mode = force_generic_plan set enable_seqscan = off as $$
begin
    return query
    with asked as (
        select d as no, null::uuid as clinic_id from unnest(p_dentists) d
         union all
        select r.no, r.clinic_id from resources r
         where r.clinic_id = any(p_clinics) and r.kind = 'chair' and r.active
    )
    select q.no, q.clinic_id, chair_kept_until(q.clinic_id, q.no, clock_timestamp()), s.starts, s.ends, s.held
      from asked q cross join lateral (
           select array_agg(lower(c.during)) as starts, array_agg(upper(c.during)) as ends,
                  array_agg(a.hold_expires_at) as held
             from slot_reservations c
             left join appointments a on a.id = c.appointment_id and a.status = 'held'
            where c.active and c.during && tstzrange(p_starts, p_ends) and c.appointment_id is distinct from p_own
              and int4range(c.resource_no, c.resource_no, '[]') && int4range(q.no, q.no, '[]')) s;
end $$;
select secure_schema();

-- migrate:down
set local search_path = chairtime, pg_temp;
drop function claims_between;
drop trigger schedules_published on dentists;
drop trigger clinics_changed on clinics;
drop table schedule_exceptions;
drop trigger weekly_hours_added on weekly_hours;
drop trigger weekly_hours_edited on weekly_hours;
drop trigger weekly_hours_edited_away on weekly_hours;
drop trigger weekly_hours_removed on weekly_hours;
drop function schedules_published, clinics_changed, schedule_exceptions_changed, weekly_hours_changed, schedules_changed;
alter table clinics drop column exceptions_version;
alter table dentists drop column schedule_version, drop column schedule_updated_at, drop column schedule_changed_in;
