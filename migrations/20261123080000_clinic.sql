-- Clinics, profiles, dentists, appointment types, and resources (dentists, patients and chairs).
-- migrate:up
set local search_path = chairtime, pg_temp;

create table clinics (
    id                uuid primary key,
    name              text not null,
    time_zone         text not null,                      -- IANA name; wall-clock rules are read in it
    slot_grid_minutes int  not null check (slot_grid_minutes between 1 and 240)
);

create table profiles (
    id         uuid primary key,                          -- the token's `sub` for those who log in
    role       text not null check (role in ('admin', 'dentist', 'patient', 'agent')),
    full_name  text not null,
    email      text,
    phone      text,
    time_zone  text,
    locale     text,
    active     boolean not null default true,
    version    int not null default 1,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);

-- Each resource that can only be booked once at a time has a number, patients included. It is an int, so that the exclusion
-- constraint on slot_reservations can compare one-element int4ranges and does not need btree_gist.
create table resources (
    no         int generated always as identity primary key,
    clinic_id  uuid references clinics,                   -- null for patients
    kind       text not null check (kind in ('dentist', 'chair', 'patient')),
    profile_id uuid unique references profiles,           -- null for chairs
    name       text,
    active     boolean not null default true,
    check ((kind = 'patient') = (clinic_id is null)),
    check ((kind = 'chair') = (profile_id is null))
);
create index resources_chairs on resources (clinic_id) where kind = 'chair' and active;

create table dentists (
    profile_id  uuid primary key references profiles,
    resource_no int  not null unique references resources,
    clinic_id   uuid not null references clinics,
    specialty   text not null,
    bio         text,
    bookable    boolean not null default true
);
create index dentists_clinic on dentists (clinic_id);

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
    unique (clinic_id, slug)
);

-- One window of a week. `ends` 00:00 is midnight; a window that ends before it starts crosses midnight and
-- belongs to the day it starts on.
create table weekly_hours (
    id          bigint generated always as identity primary key,
    resource_no int      not null references resources,
    weekday     smallint not null check (weekday between 0 and 6),    -- 0 is Monday
    starts      time     not null,
    ends        time     not null,
    valid_from  date,
    valid_to    date,
    check (valid_from is null or valid_to is null or valid_from <= valid_to),
    check (starts < '24:00' and ends < '24:00')
);
create index weekly_hours_resource on weekly_hours (resource_no);
select secure_schema();

-- migrate:down
set local search_path = chairtime, pg_temp;
drop table weekly_hours, appointment_types, dentists, resources, profiles, clinics;
