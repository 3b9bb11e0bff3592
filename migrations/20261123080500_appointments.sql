-- Appointments, their claims on time, and the audit trail. Postgres decides: an exclusion constraint decides who gets a slot.
-- migrate:up
set local search_path = chairtime, pg_temp;
set local lock_timeout = '5s';

create table appointments (
    id                  uuid primary key,
    clinic_id           uuid not null,                    -- of dentist and type: see the foreign keys
    dentist_id          uuid not null,
    patient_id          uuid not null references profiles,
    type_id             uuid not null,
    status              text not null check (status in (
                            'held', 'pending_approval', 'booked', 'checked_in', 'in_treatment',
                            'completed', 'no_show', 'released', 'expired', 'declined', 'cancelled')),
    starts_at           timestamptz not null,
    ends_at             timestamptz not null check (ends_at > starts_at),
    hold_expires_at     timestamptz,
    approval_expires_at timestamptz,
    booked_at           timestamptz,
    cancelled_by        text,
    cancel_reason       text,                             -- a code
    cancel_note         text check (length(cancel_note) <= 2000),
    notes               text check (length(notes) <= 2000),
    staff_notes         text check (length(staff_notes) <= 2000),                        -- never shown to patients or agents
    walk_in             boolean not null default false,   -- made after its start
    policy              jsonb not null,                   -- the type's terms as they were at booking time; seconds
    extensions          int not null default 0 check (extensions between 0 and 2),
    caller              uuid not null,                    -- who made it: id of the account, …
    maker               text not null,                    -- … and `role:id`; `actor`: who changed it last
    agent_id            uuid generated always as (case when maker like 'agent:%' then substr(maker, 7)::uuid end) stored,
    hold_token_hash     bytea check (length(hold_token_hash) = 32),    -- SHA-256
    conversation_hash   bytea check (length(conversation_hash) = 32),  -- a keyed hash of caller and conversation; null outside of them
    agreement           jsonb,                            -- who agreed in a conversation, to which text: hash, language, code
    lapsed_at           timestamptz,                      -- not completed within a day of its end
    version             int not null default 1,
    created_at          timestamptz not null default clock_timestamp(),
    updated_at          timestamptz not null default clock_timestamp(),
    -- the command that wrote this version; the triggers copy it
    command_id          uuid,
    verb                text not null,
    actor               text not null,
    via                 text not null check (via in ('api', 'workflow', 'sweep')),    -- see domain/appointments.py, Via
    reason              text,
    foreign key (dentist_id, clinic_id) references dentists (profile_id, clinic_id),
    foreign key (type_id, clinic_id) references appointment_types (id, clinic_id),
    check (status <> 'held' or hold_expires_at is not null),
    check (status <> 'pending_approval' or approval_expires_at is not null)
) with (fillfactor = 85);
create index appointments_patient on appointments (patient_id, starts_at, id);
create index appointments_dentist on appointments (dentist_id, starts_at, id);
create index appointments_starts on appointments (starts_at, id);
create index appointments_clinic on appointments (clinic_id, starts_at, id);
create index appointments_agent on appointments (agent_id, starts_at, id) where agent_id is not null;
create index appointments_held on appointments (hold_expires_at) where status = 'held';
create index appointments_held_agent on appointments (agent_id) where status = 'held' and agent_id is not null;
create index appointments_held_conversation on appointments (conversation_hash) where status = 'held' and conversation_hash is not null;
create index appointments_held_patient on appointments (patient_id) where status = 'held';
create index appointments_live on appointments (updated_at)
    where status in ('held', 'pending_approval', 'booked', 'checked_in', 'in_treatment') and lapsed_at is null;

-- Visits that are checked in or in treatment keep their chair; there are few at a time.
create index appointments_present on appointments (clinic_id, ends_at) where status in ('checked_in', 'in_treatment');

-- Claims: a booking claims the time of up to three resources, its dentist, its patient and a chair. No two active claims on one
-- resource overlap. The foreign key is deferred, because a claim is inserted before its appointment.
create table slot_reservations (
    id             bigint generated always as identity,   -- the order of the claims
    appointment_id uuid not null references appointments deferrable initially deferred,
    resource_no    int  not null references resources,
    during         tstzrange not null check (not isempty(during)),
    active         boolean not null default true,
    constraint no_double_booking
        exclude using gist (int4range(resource_no, resource_no, '[]') with &&, during with &&) where (active)
);
create index slot_reservations_appointment on slot_reservations (appointment_id);
create index slot_reservations_day on slot_reservations (resource_no, lower(during)) where active;

-- The audit trail, append-only. Each command id is carried out at most once per booking.
create table appointment_transitions (
    appointment_id uuid not null references appointments,
    version        int  not null,
    command_id     uuid,                                  -- null for expiry and sweep
    verb           text not null,
    from_status    text,
    to_status      text not null,
    actor          text not null,
    via            text not null,
    reason         text,
    moved_from     timestamptz,                           -- the start before a move to another time
    agreement      jsonb,                                 -- of a confirmation in a conversation
    at             timestamptz not null default clock_timestamp(),
    primary key (appointment_id, version),
    unique (appointment_id, command_id)
);
create trigger appointment_transitions_append_only before update or delete or truncate on appointment_transitions
    for each statement execute function refuse_change();

-- Whether a status occupies time.
create function is_live(p_status text) returns boolean language sql immutable as $$
    select p_status in ('held', 'pending_approval', 'booked', 'checked_in', 'in_treatment')
$$;

-- The deadline for patients to cancel or move: the start minus the cancel notice of the stored terms.
create function notice_deadline(a appointments) returns timestamptz language sql immutable as $$
    select a.starts_at - make_interval(secs => (a.policy ->> 'cancel_notice')::float8)
$$;

-- The deadline of a hold or approval request; null in all other states.
create function booking_deadline(a appointments) returns timestamptz language sql immutable as $$
    select case when a.status in ('held', 'pending_approval') then
        least(case a.status when 'held' then a.hold_expires_at else a.approval_expires_at end,
              case when not a.walk_in then a.starts_at end) end
$$;

-- The time that a visit occupies dentist and chair, with the buffers of its terms.
create function with_buffers(p_starts_at timestamptz, p_ends_at timestamptz, p_policy jsonb) returns tstzrange language sql stable as $$
    select tstzrange(p_starts_at - make_interval(secs => (p_policy ->> 'buffer_before')::float8),
                     p_ends_at + make_interval(secs => (p_policy ->> 'buffer_after')::float8))
$$;

create function occupied_time(a appointments) returns tstzrange language sql stable as $$
    select with_buffers(p_starts_at => a.starts_at, p_ends_at => a.ends_at, p_policy => a.policy)
$$;

-- Whether this booking was made by a patient, or by an agent for them.
create function made_by_patient(a appointments) returns boolean language sql immutable as $$
    select a.maker ~ '^(patient|agent):'
$$;
select secure_schema();

-- migrate:down
set local search_path = chairtime, pg_temp;
set local lock_timeout = '5s';
drop function made_by_patient, occupied_time, with_buffers, booking_deadline, notice_deadline, is_live;
drop table appointment_transitions, slot_reservations, appointments;
