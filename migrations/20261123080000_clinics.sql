-- Clinics and their appointment types. Checks repeat the bounds of the API (tests/db/test_bounds.py compares them).
-- migrate:up
set local search_path = chairtime, pg_temp;
set local lock_timeout = '5s';

create table clinics (
    id                 uuid primary key,
    name               text not null check (length(name) <= 200),
    time_zone          text not null check (length(time_zone) <= 64),    -- IANA name, for wall-clock rules
    slot_grid_minutes  int  not null check (slot_grid_minutes between 1 and 240),
    exceptions_version int  not null default 1,           -- of the clinic-wide schedule exceptions
    version            int  not null default 1,
    updated_at         timestamptz not null default clock_timestamp()
);

create table appointment_types (
    id              uuid primary key,
    clinic_id       uuid not null references clinics,
    slug            text not null check (slug ~ '^[a-z0-9][a-z0-9_-]{0,63}$'),
    name            text not null check (length(name) <= 200),
    duration        interval not null check (duration > '0' and duration <= '1 day'),
    buffer_before   interval not null default '0' check (buffer_before between '0' and '1 day'),
    buffer_after    interval not null default '0' check (buffer_after between '0' and '1 day'),
    lead_time       interval not null default '0' check (lead_time between '0' and '366 days'),
    horizon         interval not null default '90 days' check (horizon > '0' and horizon <= '730 days'),
    hold_for        interval not null default '5 minutes' check (hold_for > '0' and hold_for <= '1 day'),
    approval_for    interval not null default '24 hours' check (approval_for > '0' and approval_for <= '30 days'),
    cancel_notice   interval not null default '0' check (cancel_notice between '0' and '366 days'),
    needs_chair     boolean not null default true,
    needs_approval  boolean not null default false,
    bookable_online boolean not null default true,
    version         int not null default 1,
    updated_at      timestamptz not null default clock_timestamp(),
    unique (clinic_id, slug),
    unique (id, clinic_id),                               -- for the foreign key of appointments
    check (lead_time <= horizon)
);
select secure_schema();

-- migrate:down
set local search_path = chairtime, pg_temp;
set local lock_timeout = '5s';
drop table appointment_types, clinics;
