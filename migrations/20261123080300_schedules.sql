-- Weekly hours, exceptions from them, and the version of each dentist's schedule.
-- migrate:up
set local search_path = chairtime, pg_temp;
set local lock_timeout = '5s';

-- One window of a week. `ends` 00:00 is midnight; a window that ends before it starts crosses midnight and
-- belongs to the day it starts on.
create table weekly_hours (
    id          bigint generated always as identity primary key,
    resource_no int      not null references resources,
    weekday     smallint not null check (weekday between 0 and 6),    -- 0 is Monday
    starts      time     not null,
    ends        time     not null,
    valid_from  date check (valid_from between '2000-01-01' and '2200-12-31'),
    valid_to    date check (valid_to between '2000-01-01' and '2200-12-31'),
    check (valid_from is null or valid_to is null or valid_from <= valid_to),
    check (starts < '24:00' and ends < '24:00')
);
create index weekly_hours_resource on weekly_hours (resource_no);

-- On one date, `hours` replace the weekly ones, `open` adds time, `closed` takes it away (in which order: domain/hours.py).
-- Times as in weekly_hours; null is the start or end of the day.
create table schedule_exceptions (
    id          bigint generated always as identity primary key,
    clinic_id   uuid not null references clinics,
    resource_no int,                                      -- null = the whole clinic
    on_date     date not null check (on_date between '2000-01-01' and '2200-12-31'),
    starts      time check (starts < '24:00'),
    ends        time check (ends < '24:00'),
    kind        text not null check (kind in ('open', 'closed', 'hours')),
    reason      text check (length(reason) <= 200),                               -- shown to patients only if clinic-wide
    foreign key (resource_no, clinic_id) references resources (no, clinic_id),
    check (kind <> 'hours' or (starts is not null and ends is not null))
);
create index schedule_exceptions_clinic on schedule_exceptions (clinic_id, on_date);

-- A schedule's version goes up once per transaction, whoever writes. A dentist's first hours belong to version 1.
create function increment_schedule_versions(p_resource_nos int[], p_clinic_ids uuid[]) returns void language sql as $$
    update dentists d
       set schedule_version = d.schedule_version + 1, schedule_updated_at = clock_timestamp(),
           schedule_changed_in = pg_current_xact_id()
     where (d.resource_no = any(p_resource_nos) or d.clinic_id = any(p_clinic_ids))
       and d.schedule_changed_in <> pg_current_xact_id()
$$;

create function weekly_hours_changed() returns trigger language plpgsql as $$
begin
    perform increment_schedule_versions(p_resource_nos => array(select resource_no from changed), p_clinic_ids => '{}');
    return null;
end $$;
create trigger weekly_hours_added after insert on weekly_hours
    referencing new table as changed for each statement execute function weekly_hours_changed();
create trigger weekly_hours_edited after update on weekly_hours
    referencing new table as changed for each statement execute function weekly_hours_changed();
create trigger weekly_hours_edited_away after update on weekly_hours     -- the dentist who had it before
    referencing old table as changed for each statement execute function weekly_hours_changed();
create trigger weekly_hours_removed after delete on weekly_hours
    referencing old table as changed for each statement execute function weekly_hours_changed();

create function schedule_exceptions_changed() returns trigger language plpgsql as $$
begin
    perform increment_schedule_versions(p_resource_nos => array(select resource_no from changed where resource_no is not null),
                                        p_clinic_ids => array(select clinic_id from changed where resource_no is null));
    return null;
end $$;
create trigger schedule_exceptions_added after insert on schedule_exceptions
    referencing new table as changed for each statement execute function schedule_exceptions_changed();
create trigger schedule_exceptions_edited after update on schedule_exceptions
    referencing new table as changed for each statement execute function schedule_exceptions_changed();
create trigger schedule_exceptions_edited_away after update on schedule_exceptions     -- the dentist who had it before
    referencing old table as changed for each statement execute function schedule_exceptions_changed();
create trigger schedule_exceptions_removed after delete on schedule_exceptions
    referencing old table as changed for each statement execute function schedule_exceptions_changed();

-- A change of the clinic's time zone or grid changes the hours of all its dentists.
create function clinics_changed() returns trigger language plpgsql as $$
begin
    perform increment_schedule_versions(p_resource_nos => '{}', p_clinic_ids => array(
        select n.id from new_rows n join old_rows o using (id)
         where (n.time_zone, n.slot_grid_minutes) is distinct from (o.time_zone, o.slot_grid_minutes)));
    return null;
end $$;
create trigger clinics_changed after update on clinics
    referencing old table as old_rows new table as new_rows for each statement execute function clinics_changed();
select secure_schema();

-- migrate:down
set local search_path = chairtime, pg_temp;
set local lock_timeout = '5s';
drop trigger clinics_changed on clinics;
drop table schedule_exceptions, weekly_hours;
drop function clinics_changed, schedule_exceptions_changed, weekly_hours_changed, increment_schedule_versions;
