-- Resources: what can only be in one place at a time, which are dentists, chairs and patients.
-- migrate:up
set local search_path = chairtime, pg_temp;
set local lock_timeout = '5s';

-- Each has a number. It is an int, so that the exclusion constraint on slot_reservations can compare one-element int4ranges
-- and does not need btree_gist.
create table resources (
    no         int generated always as identity primary key,
    clinic_id  uuid references clinics,                   -- null for patients
    kind       text not null check (kind in ('dentist', 'chair', 'patient')),
    profile_id uuid unique references profiles,           -- null for chairs
    name       text check (length(name) <= 200),
    active     boolean not null default true,
    version    int not null default 1,
    updated_at timestamptz not null default clock_timestamp(),
    unique (no, clinic_id),                               -- for foreign keys
    check ((kind = 'patient') = (clinic_id is null)),
    check ((kind = 'chair') = (profile_id is null))
);
create index resources_chairs on resources (clinic_id) where kind = 'chair' and active;
create unique index resources_chair_name
    on resources (clinic_id, lower(regexp_replace(normalize(name, NFKC), '\s+', ' ', 'g'))) where kind = 'chair';

create table dentists (
    profile_id          uuid primary key references profiles,
    resource_no         int  not null unique,
    clinic_id           uuid not null,
    specialty           text not null check (length(specialty) <= 100),
    bio                 text check (length(bio) <= 2000),
    bookable            boolean not null default true,
    -- kept by the triggers on weekly_hours and schedule_exceptions
    schedule_version    int not null default 1,
    schedule_updated_at timestamptz not null default clock_timestamp(),
    schedule_changed_in xid8 not null default pg_current_xact_id(),    -- the transaction of this version
    foreign key (resource_no, clinic_id) references resources (no, clinic_id),
    unique (profile_id, clinic_id)                        -- for the foreign key of appointments
);
create index dentists_clinic on dentists (clinic_id);
select secure_schema();

-- migrate:down
set local search_path = chairtime, pg_temp;
set local lock_timeout = '5s';
drop table dentists, resources;
