-- Clinics and their appointment types.
-- migrate:up
set local search_path = chairtime, pg_temp;
set local lock_timeout = '5s';

create table clinics (
    id                 uuid primary key,
    name               text not null,
    time_zone          text not null,                     -- IANA name; wall-clock rules are read in it
    slot_grid_minutes  int  not null check (slot_grid_minutes between 1 and 240),
    exceptions_version int  not null default 1,           -- of the clinic-wide schedule exceptions
    version            int  not null default 1,
    updated_at         timestamptz not null default clock_timestamp()
);

create table appointment_types (
    id              uuid primary key,
    clinic_id       uuid not null references clinics,
    slug            text not null check (slug = lower(slug)),
    name            text not null,
    duration        interval not null check (duration > '0'),
    buffer_before   interval not null default '0' check (buffer_before >= '0'),
    buffer_after    interval not null default '0' check (buffer_after >= '0'),
    lead_time       interval not null default '0' check (lead_time >= '0'),
    horizon         interval not null default '90 days' check (horizon > '0'),
    hold_for        interval not null default '5 minutes' check (hold_for > '0'),
    approval_for    interval not null default '24 hours' check (approval_for > '0'),
    cancel_notice   interval not null default '0' check (cancel_notice >= '0'),
    needs_chair     boolean not null default true,
    needs_approval  boolean not null default false,
    bookable_online boolean not null default true,
    version         int not null default 1,
    updated_at      timestamptz not null default clock_timestamp(),
    unique (clinic_id, slug)
);
select secure_schema();

-- migrate:down
set local search_path = chairtime, pg_temp;
set local lock_timeout = '5s';
drop table appointment_types, clinics;
