-- Bookings: appointments, their claims on time, the audit trail, and the inbox of their workflows.
-- Postgres decides: an exclusion constraint decides who gets a slot, a compare-and-set which change
-- wins. The rules of the lifecycle are in domain/booking.py and are passed as arguments.
-- migrate:up
set local search_path = chairtime, pg_temp;

create table appointments (
    id                  uuid primary key,
    clinic_id           uuid not null references clinics,
    dentist_id          uuid not null references dentists,
    patient_id          uuid not null references profiles,
    type_id             uuid not null references appointment_types,
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
    cancel_note         text,
    notes               text,
    staff_notes         text,                             -- for staff only: neither patients nor agents see them
    walk_in             boolean not null default false,   -- made after its start: its deadlines do not end at the start
    policy              jsonb not null,                   -- the type's terms as they were at booking time; seconds
    extensions          int not null default 0,
    caller              uuid not null,                    -- who asked for it
    maker               text not null,                    -- who made it, as role:id; says who may see it as an agent
    agent_id            uuid generated always as (case when maker like 'agent:%' then substr(maker, 7)::uuid end) stored,
    hold_token_hash     bytea,                            -- SHA-256 of what an agent must show to change what it made
    lapsed_at           timestamptz,                      -- nobody closed it within a day of its end
    version             int not null default 1,
    created_at          timestamptz not null default clock_timestamp(),
    updated_at          timestamptz not null default clock_timestamp(),
    -- the command that wrote this version; the triggers copy it
    command_id          uuid,
    verb                text not null,
    actor               text not null,
    via                 text not null check (via in ('api', 'workflow', 'sweep')),
    reason              text,
    check (status <> 'held' or hold_expires_at is not null),
    check (status <> 'pending_approval' or approval_expires_at is not null)
) with (fillfactor = 85);
create index appointments_patient on appointments (patient_id, starts_at, id);
create index appointments_dentist on appointments (dentist_id, starts_at, id);
create index appointments_starts on appointments (starts_at, id);
create index appointments_agent on appointments (agent_id, starts_at, id) where agent_id is not null;
create index appointments_held on appointments (hold_expires_at) where status = 'held';
create index appointments_held_patient on appointments (patient_id) where status = 'held';
create index appointments_live on appointments (updated_at)
    where status in ('held', 'pending_approval', 'booked', 'checked_in', 'in_treatment') and lapsed_at is null;

-- Claims on resources. The foreign key is deferred, because a claim is inserted before its appointment.
create table slot_reservations (
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
    at             timestamptz not null default clock_timestamp(),
    primary key (appointment_id, version),
    unique (appointment_id, command_id)
);

create function refuse_change() returns trigger language plpgsql as $$
begin
    raise exception '% is append-only', tg_table_name using errcode = '42501';
end $$;
create trigger appointment_transitions_append_only before update or delete or truncate on appointment_transitions
    for each statement execute function refuse_change();

-- One row per booking with a change that is not yet sent to its workflow. It has the latest change only, which is enough as the
-- workflow reads the booking. The trigger below writes it in the transaction of the change; the dispatcher
-- (workflows/dispatch.py) leases it, sends it to Temporal, and deletes it if `version` is still the one that was sent.
create table workflow_inbox (
    appointment_id uuid primary key,
    verb           text not null,
    command_id     uuid,
    actor          text not null,
    version        int  not null,
    is_new         boolean not null,                      -- no dispatcher has told a workflow of this booking yet
    waiting_since  timestamptz not null default clock_timestamp(),
    not_before     timestamptz not null default clock_timestamp(),    -- the end of a running lease, or of a back-off
    attempts       int  not null default 0                -- how often Temporal refused it
);
create index workflow_inbox_due on workflow_inbox (not_before);
-- A queue with many deletes: vacuum often.
alter table workflow_inbox set (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_delay = 0);

-- Whether a status occupies time.
create function is_live(p_status text) returns boolean language sql immutable as $$
    select p_status in ('held', 'pending_approval', 'booked', 'checked_in', 'in_treatment')
$$;

-- Each version adds a row to the audit trail. Changes by the API are also added to the workflow inbox.
create function appointments_recorded() returns trigger language plpgsql as $$
begin
    if tg_op = 'INSERT' then
        insert into appointment_transitions
               (appointment_id, version, command_id, verb, from_status, to_status, actor, via, reason)
        select n.id, n.version, n.command_id, n.verb, null, n.status, n.actor, n.via, n.reason
          from new_rows n;
    else
        -- whoever wrote it: what is no longer live keeps no slot
        update slot_reservations s set active = false
          from new_rows n where s.appointment_id = n.id and s.active and not is_live(n.status);
        insert into appointment_transitions
               (appointment_id, version, command_id, verb, from_status, to_status, actor, via, reason)
        select n.id, n.version, n.command_id, n.verb, o.status, n.status, n.actor, n.via, n.reason
          from new_rows n join old_rows o using (id);
    end if;
    -- A later change replaces an earlier one that still waits, but neither its waiting time nor a running lease.
    insert into workflow_inbox (appointment_id, verb, command_id, actor, version, is_new)
    select n.id, n.verb, n.command_id, n.actor, n.version, tg_op = 'INSERT'
      from new_rows n where n.via = 'api' order by n.id
        on conflict (appointment_id) do update
       set verb = excluded.verb, command_id = excluded.command_id, actor = excluded.actor, version = excluded.version;
    return null;
end $$;
create trigger appointments_recorded_insert after insert on appointments
    referencing new table as new_rows for each statement execute function appointments_recorded();
create trigger appointments_recorded_update after update on appointments
    referencing old table as old_rows new table as new_rows for each statement execute function appointments_recorded();

-- Each bookable dentist with each type of their clinic, and a stamp that changes whenever the booking terms change. The stamp
-- consists of the versions of the rows involved; changes of hours and exceptions also increment the dentist's version.
create view offered as
    select d.profile_id as dentist_id, d.resource_no as dentist_no, d.clinic_id, t.id as type_id,
           concat_ws('.', d.xmin, p.xmin, t.xmin) as stamp
      from dentists d
      join profiles p on p.id = d.profile_id
      join appointment_types t on t.clinic_id = d.clinic_id
     where d.bookable and p.active;

-- The claims that block a slot: active claims on the dentist and on the patient, and overdue holds,
-- which count as free and are expired by the transaction that takes the slot.
-- `p_own`: a booking that is being moved, which never stands in its own way; null for a new one. (One row; a table, so that
-- it is inlined.)
create function claims_in_the_way(p_dentist_no int, p_patient_no int, p_busy tstzrange, p_slot tstzrange, p_at timestamptz,
    p_own uuid) returns table (overdue uuid[], dentist boolean, patient boolean, booked boolean, held_until timestamptz)
language sql stable as $$
    select array_agg(q.id) filter (where q.due),
           coalesce(bool_or(q.who = 'dentist') filter (where not q.due), false),
           coalesce(bool_or(q.who = 'patient') filter (where not q.due), false),
           coalesce(bool_or(q.status <> 'held') filter (where not q.due), false),
           max(q.hold_expires_at) filter (where not q.due and q.status = 'held')
      from (select 'dentist' as who, a.id, a.status, a.hold_expires_at, a.status = 'held' and a.hold_expires_at <= p_at as due
              from slot_reservations s join appointments a on a.id = s.appointment_id
             where s.active and int4range(s.resource_no, s.resource_no, '[]') && int4range(p_dentist_no, p_dentist_no, '[]')
               and s.during && p_busy and s.appointment_id is distinct from p_own
             union all
            select 'patient', a.id, a.status, a.hold_expires_at, a.status = 'held' and a.hold_expires_at <= p_at
              from slot_reservations s join appointments a on a.id = s.appointment_id
             where s.active and int4range(s.resource_no, s.resource_no, '[]') && int4range(p_patient_no, p_patient_no, '[]')
               and s.during && p_slot and s.appointment_id is distinct from p_own) q
$$;

-- Expires overdue holds. Rows are locked in id order, to avoid deadlocks.
create function expire_overdue(p_ids uuid[]) returns int language plpgsql as $$
declare
    n int;
begin
    perform from appointments a where a.id = any(p_ids) order by a.id for no key update;
    update appointments a
       set status = 'expired', version = a.version + 1, updated_at = clock_timestamp(),
           command_id = null, verb = 'expire', actor = 'system', via = 'sweep', reason = null
     where a.id = any(p_ids) and a.status = 'held' and a.hold_expires_at <= clock_timestamp();
    get diagnostics n = row_count;
    return n;
end $$;

-- A chair for a requested time, and the steps that free it: overdue holds to expire, and visits to move to other chairs.
-- `chair` is null where there is none. `moves[n]` goes from chair `leaves[n]` to chair `takes[n]` and keeps its time `times[n]`.
create type chair_plan as (
    chair int, during tstzrange, overdue uuid[], moves uuid[], leaves int[], takes int[], times tstzrange[]
);

-- Takes chair, dentist and patient for one appointment: all or nothing.
-- Advisory locks on dentist and patient, sorted, make quota and both checks exact. Pass 0 takes them if nobody has them;
-- else it looks without: in a storm most losers end there, having written nothing and waited for nobody.
-- The chair goes first, as the only thing that another claim can still take; once it is won, nothing below waits. Where
-- none is free, visits that have not begun exchange chairs, under a lock that the clinic's other claims wait for.
-- A race lost all the same is undone in a subtransaction and looked at again.
-- `p_own` is the booking's own id where it moves: its old claims go in the same step.
create function booking_take(p_id uuid, p_clinic uuid, p_dentist_no int, p_patient_no int, p_patient uuid,
    p_needs_chair boolean, p_slot tstzrange, p_busy tstzrange, p_limits jsonb, p_own uuid,
    out outcome text, out blocking text, out held_until timestamptz)
language plpgsql as $$
declare
    way     record;
    overdue uuid[];
    chairs  int[];
    chair   int;
    plan    chair_plan;
    exchange boolean := false;
    at      timestamptz;
    first   int := least(p_dentist_no, p_patient_no);
    second  int := greatest(p_dentist_no, p_patient_no);
    locked  boolean := false;
begin
    for pass in 0..9 loop
        if pass = 0 then
            if pg_try_advisory_xact_lock(7, first) then
                locked := pg_try_advisory_xact_lock(7, second);
            end if;
        elsif not locked then
            perform pg_advisory_xact_lock(7, first);
            perform pg_advisory_xact_lock(7, second);
            locked := true;
        end if;
        at := clock_timestamp();

        select * into way from claims_in_the_way(p_dentist_no, p_patient_no, p_busy, p_slot, at, p_own);
        if way.dentist or way.patient then
            outcome := case when way.dentist then 'slot' else 'patient_overlap' end;
            blocking := case when way.booked then 'booked' else 'held' end;
            held_until := case when not way.booked then way.held_until end;
            return;
        end if;
        continue when not locked;
        overdue := way.overdue;

        if p_limits is not null then
            select l.outcome, l.held_until into outcome, held_until
              from patient_limit(p_patient, p_dentist_no, p_slot, p_limits, at) l;
            if outcome is not null then
                return;
            end if;
            held_until := null;
        end if;

        begin
            plan := null;
            if p_needs_chair then
                perform lock_chairs(p_clinic, exchange);
                at := clock_timestamp();
                chairs := free_chairs(p_clinic, p_busy, p_own);
                if chairs is null then
                    plan := plan_chairs(p_clinic, p_busy, at, p_own);
                    if plan.chair is null then
                        outcome := 'no_chair';
                        return;
                    elsif plan.moves is not null and not exchange then
                        exchange := true;              -- once more, with the lock that exchanges need
                        raise sqlstate 'CT001';
                    end if;
                    chairs := array[plan.chair];
                    overdue := overdue || plan.overdue;
                end if;
            end if;
            if overdue is not null or p_own is not null or plan.moves is not null then    -- every row this pass needs, in one order
                perform from appointments a where a.id = any(overdue || p_own || plan.moves) order by a.id for no key update;
                perform expire_overdue(overdue);
                update slot_reservations s set active = false where s.appointment_id = p_own and s.active;
                if plan.moves is not null and not exchange_chairs(plan) then
                    raise sqlstate 'CT001';
                end if;
            end if;
            if p_needs_chair then
                foreach chair in array chairs loop
                    insert into slot_reservations (appointment_id, resource_no, during)
                    values (p_id, chair, coalesce(plan.during, p_busy)) on conflict do nothing;
                    exit when found;
                    chair := null;
                end loop;
                if chair is null then
                    raise sqlstate 'CT001';
                end if;
            end if;
            insert into slot_reservations (appointment_id, resource_no, during)
            values (p_id, p_dentist_no, p_busy), (p_id, p_patient_no, p_slot);
            outcome := 'won';
            return;
        exception when sqlstate 'CT001' or exclusion_violation then     -- by whoever came without the locks
            null;
        end;
    end loop;
    raise exception 'the claim raced ten times; repeat it' using errcode = '40001';
end $$;

-- The deadline of a hold or approval request: p_seconds from now, but no later than the visit's start.
create function deadline_from_now(p_seconds float8, p_starts timestamptz, p_walk_in boolean) returns timestamptz language sql volatile as $$
    select least(clock_timestamp() + make_interval(secs => p_seconds), case when not p_walk_in then p_starts end)
$$;

-- Whether an actor (role:id) may see a booking, by their current role and grants.
create function booking_seen(a appointments, p_actor text) returns boolean language plpgsql stable as $$
declare
    who uuid := nullif(split_part(p_actor, ':', 2), '');
begin
    return case split_part(p_actor, ':', 1)
        when 'patient' then a.patient_id = who
        when 'dentist' then a.dentist_id = who
        when 'agent' then a.agent_id is not distinct from who and agent_acts_for(who, a.patient_id)
        else true end;
end $$;

-- Hold: one booking for one idempotency key, or for one id. Hours, lead time and horizon were judged by the caller; this goes
-- on only where that still holds: the stamp of what is offered is the same, and it is between p_from and p_until (null:
-- whenever). A repeat is answered to those alone who see the booking now. To an agent (p_agent, else null) only patients whom it made, or who let it act, are known; what they let is
-- locked until the transaction ends.
-- Outcomes: held, repeat, key_reused, not_visible (a repeat, whose booking the caller may no longer see), stale, not_found (the
-- patient), slot, patient_overlap, quota, booking_quota, cooldown, no_chair. Only `held` has written anything.
-- (Planned once per session, as planning takes longer than running; without seqscan, as the tables may have been small then.)
create function booking_hold(p_id uuid, p_dentist uuid, p_type uuid, p_stamp text, p_from timestamptz, p_until timestamptz,
    p_patient uuid, p_agent uuid, p_starts timestamptz, p_ends timestamptz, p_policy jsonb, p_notes text, p_reason text, p_caller uuid,
    p_key jsonb, p_command uuid, p_actor text, p_via text, p_limits jsonb, p_token text,
    out outcome text, out booking appointments, out blocking text, out held_until timestamptz, out server_time timestamptz)
language plpgsql set plan_cache_mode = force_generic_plan set enable_seqscan = off as $$
declare
    offer      offered;
    patient_no int;
    earlier    record;
    took       record;
    busy tstzrange := tstzrange(p_starts - make_interval(secs => (p_policy ->> 'buffer_before')::float8),
                                p_ends + make_interval(secs => (p_policy ->> 'buffer_after')::float8));
    walk_in boolean := p_starts <= clock_timestamp() and coalesce(p_until > p_starts, true);
begin
    for pass in 1..2 loop
        select * into earlier from idempotency_key_find(p_key);
        if earlier.outcome = 'key_reused' then
            outcome := 'key_reused';
            exit;
        end if;
        select a.* into booking from appointments a where a.id = coalesce(earlier.target::uuid, p_id) and booking_seen(a, p_actor);
        if booking.id is not null then
            outcome := 'repeat';
            exit;
        elsif earlier.outcome is not null then
            outcome := 'not_visible';
            exit;
        end if;
        exit when pass = 2;            -- refused, unless the same request won meanwhile

        select * into offer from offered o where o.dentist_id = p_dentist and o.type_id = p_type;
        if offer.stamp is distinct from p_stamp or clock_timestamp() not between p_from and p_until then
            outcome := 'stale';
            exit;
        end if;
        select r.no into patient_no from resources r join profiles who on who.id = r.profile_id
         where r.profile_id = p_patient and r.kind = 'patient' and r.active and who.active and who.role = 'patient'
           and (p_agent is null or who.created_by = p_agent and who.created_as = 'agent'
                or exists (select from patient_grants g where g.patient_id = p_patient and g.agent_id = p_agent for key share))
           for share of who;                -- so that nobody is erased before this commits
        if patient_no is null then
            outcome := 'not_found';
            exit;
        end if;

        select * into took from booking_take(p_id, offer.clinic_id, offer.dentist_no, patient_no, p_patient,
            (p_policy ->> 'needs_chair')::boolean, tstzrange(p_starts, p_ends), busy, p_limits, null);
        if took.outcome = 'won' then
            perform from dentists d where d.profile_id = p_dentist for key share;   -- an erasure waits for this, or was first
            if p_stamp is distinct from (select o.stamp from offered o where o.dentist_id = p_dentist and o.type_id = p_type) then
                raise exception 'what is offered changed meanwhile; repeat it' using errcode = '40001';
            end if;
            insert into appointments
                   (id, clinic_id, dentist_id, patient_id, type_id, status, starts_at, ends_at, walk_in, hold_expires_at, notes, policy,
                    caller, maker, hold_token_hash, command_id, verb, actor, via, reason)
            values (p_id, offer.clinic_id, p_dentist, p_patient, p_type, 'held', p_starts, p_ends, walk_in,
                    deadline_from_now((p_policy ->> 'hold_for')::float8, p_starts, walk_in), p_notes, p_policy,
                    p_caller, p_actor, sha256(convert_to(p_token, 'UTF8')), p_command, 'hold', p_actor, p_via, p_reason)
            on conflict do nothing returning * into booking;
            if booking.id is null then
                raise exception 'the same request was claimed at the same time; repeat it' using errcode = '40001';
            end if;
            perform idempotency_key_keep(p_key, p_id::text);
            outcome := 'held';
            exit;
        end if;
        outcome := took.outcome; blocking := took.blocking; held_until := took.held_until;
    end loop;
    server_time := clock_timestamp();
end $$;

-- Locks an agent's grant, if there is one, against revocation until the transaction ends. To be called before booking_judge.
create function lock_grant(p_id uuid, p_seen jsonb) returns void language plpgsql as $$
begin
    if p_seen ? 'agent_id' then
        perform from patient_grants g join appointments a on a.patient_id = g.patient_id
          where a.id = p_id and g.agent_id = (p_seen ->> 'agent_id')::uuid for key share of g;
    end if;
end $$;

-- Whether a caller must show the hold token first, and has not: the agent that made the booking always, its patient as long as
-- it is held. Staff never.
create function lacks_token(a appointments, p_seen jsonb, p_token text) returns boolean language sql immutable as $$
    select a.hold_token_hash is distinct from sha256(convert_to(p_token, 'UTF8'))
       and (p_seen ->> 'agent_id' is not null
            or p_seen ->> 'patient_id' is not null and a.status = 'held' and a.hold_token_hash is not null)
$$;

-- Keeps the patient of a booking from being erased before the transaction ends: to be called before the booking's row is
-- locked, in the order in which an erasure locks, by whatever writes text about them.
create function lock_patient(p_id uuid) returns void language plpgsql as $$
begin
    perform from profiles p join appointments a on a.patient_id = p.id where a.id = p_id for share of p;
end $$;

-- What every later command asks first: is the booking there for this caller, was this very command carried out before (by its
-- idempotency key or its id),
-- does the transition table (p_moves, from domain/booking.py) lead anywhere from here, is the version the one that was
-- meant. `p_moves_approval` counts instead of `p_moves` where the pinned policy needs approval. `p_seen` narrows which
-- bookings exist for this caller: {"patient_id" | "dentist_id" | "agent_id": …}, empty for all; an agent must show the token.
-- An agent who no longer acts for the patient (`revoked`) may still give up what it made, unless somebody else moved it since;
-- all else is not found, so that it learns nothing new.
-- `outcome` is null where the command may go on, to the status `next_is`.
create function booking_judge(p_id uuid, p_command uuid, p_verb text, p_key jsonb, p_moves jsonb, p_moves_approval jsonb,
    p_version int, p_seen jsonb, p_token text, out outcome text, out before appointments, out next_is text, out revoked boolean)
language plpgsql stable as $$
declare
    done  record;
    agent uuid := (p_seen ->> 'agent_id')::uuid;
begin
    select f.outcome into outcome from idempotency_key_find(p_key) f;
    select a.* into before from appointments a
     where a.id = p_id
       and (p_seen ->> 'patient_id' is null or a.patient_id = (p_seen ->> 'patient_id')::uuid)
       and (p_seen ->> 'dentist_id' is null or a.dentist_id = (p_seen ->> 'dentist_id')::uuid)
       and (agent is null or a.agent_id = agent);
    revoked := agent is not null and not agent_acts_for(agent, before.patient_id);
    if before.id is null or revoked and (p_verb not in ('cancel', 'release') or exists (
            select from appointment_transitions t
             where t.appointment_id = p_id and t.verb = 'reschedule' and t.actor <> before.maker)) then
        outcome := case when outcome = 'key_reused' then outcome else 'not_found' end;
        before := null;
    end if;
    if outcome is not null then
        return;
    end if;
    select t.verb into done from appointment_transitions t where t.appointment_id = p_id and t.command_id = p_command;
    if found then
        -- a PUT whose wish is what is already so was carried out as an edit
        outcome := case when done.verb = p_verb or done.verb in ('edit', 'reschedule') and p_verb in ('edit', 'reschedule')
                        then 'repeat' else 'key_reused' end;
        return;
    end if;

    next_is := coalesce(case when (before.policy ->> 'needs_approval')::boolean then p_moves_approval end, p_moves) ->> before.status;
    outcome := case
        when lacks_token(before, p_seen, p_token) then 'not_holder'
        when revoked and next_is is null then 'not_found'
        when next_is is null and exists (
            select from jsonb_each_text(p_moves) m where m.value = before.status and m.key <> m.value
             union all
            select from jsonb_each_text(p_moves_approval) m where m.value = before.status and m.key <> m.value) then 'same'
        when next_is is null then 'invalid'
        when p_version is not null and p_version <> before.version then case when revoked then 'not_found' else 'version' end
    end;
end $$;

-- The deadline for patients to cancel or move: the start minus the cancel notice of the stored terms.
create function notice_deadline(a appointments) returns timestamptz language sql immutable as $$
    select a.starts_at - make_interval(secs => (a.policy ->> 'cancel_notice')::float8)
$$;

-- The deadline of a hold or approval request; null in all other states.
create function deadline_of(a appointments) returns timestamptz language sql immutable as $$
    select case when a.status in ('held', 'pending_approval') then
        least(case a.status when 'held' then a.hold_expires_at else a.approval_expires_at end,
              case when not a.walk_in then a.starts_at end) end
$$;

-- The date at an instant on the clinic's calendar.
create function clinic_day(p_clinic uuid, p_at timestamptz) returns date language sql stable as $$
    select (p_at at time zone c.time_zone)::date from clinics c where c.id = p_clinic
$$;

-- The new value of a text: null in p_texts deletes it, an absent key leaves it unchanged.
create function written(p_texts jsonb, p_name text, p_before text) returns text language sql immutable as $$
    select case when p_texts ? p_name then p_texts ->> p_name else p_before end
$$;

-- A later command that keeps time and place: one compare-and-set on (id, version), looked at again when another change
-- came first. p_judged: 'before' or 'after' its deadline, or 'any'. p_opens: 'day' or 'start', where the change waits for
-- the clinic's day of the visit or for its start. p_notice: the cancel notice binds this caller; a request that waits for
-- approval is withdrawn without notice.
-- p_extensions: how many extensions a hold may have; null where the verb is not `extend`.
-- Outcomes: done, repeat, key_reused, same, invalid, expired, too_early, too_late, extended_enough, version, not_holder, not_found.
create function booking_change(p_id uuid, p_command uuid, p_verb text, p_key jsonb,
    p_moves jsonb, p_moves_approval jsonb, p_judged text, p_opens text, p_actor text, p_via text, p_reason text, p_texts jsonb,
    p_cancelled_by text, p_notice boolean, p_extensions int, p_version int, p_seen jsonb, p_token text,
    out outcome text, out booking appointments, out deadline timestamptz, out server_time timestamptz)
language plpgsql as $$
declare
    judged  record;
    before  appointments;
    next_is text;
begin
    perform lock_grant(p_id, p_seen);
    perform lock_patient(p_id) where exists (select from jsonb_each_text(p_texts) t where t.value <> '');
    for pass in 1..10 loop
        select * into judged
          from booking_judge(p_id, p_command, p_verb, p_key, p_moves, p_moves_approval, p_version, p_seen, p_token);
        before := judged.before; booking := before; next_is := judged.next_is; outcome := judged.outcome;
        if judged.revoked then
            booking.notes := null;
        end if;
        server_time := clock_timestamp();
        deadline := deadline_of(before);
        if outcome = 'invalid' and before.status = 'expired' and p_judged = 'before' then
            outcome := 'expired';
            deadline := before.hold_expires_at;
        end if;
        outcome := coalesce(outcome, case
            when p_judged = 'before' and deadline <= server_time then 'expired'
            when p_verb = 'edit' and jsonb_build_object('notes', before.notes, 'staff_notes', before.staff_notes) @> p_texts then 'same'
            when p_judged = 'after' and (deadline is null or deadline > server_time) then 'too_early'
            when p_opens = 'start' and server_time < before.starts_at then 'too_early'
            when p_opens = 'day' and clinic_day(before.clinic_id, server_time) < clinic_day(before.clinic_id, before.starts_at)
                 then 'too_early'
            when p_notice and before.status not in ('held', 'pending_approval') and notice_deadline(before) < server_time then 'too_late'
            when before.extensions >= p_extensions then 'extended_enough' end);
        if outcome = 'too_late' then
            deadline := notice_deadline(before);
        end if;
        if outcome = 'same' and p_verb = 'confirm' and not jsonb_build_object('notes', before.notes) @> p_texts then
            outcome := 'invalid';            -- it is confirmed already, but its notes are others
        end if;
        if outcome = 'same' then
            perform idempotency_key_keep(p_key, p_id::text);
        end if;
        if outcome is not null then
            return;
        end if;

        update appointments a
           set status = next_is, version = a.version + 1, updated_at = clock_timestamp(),
               booked_at = case when next_is = 'booked' and a.booked_at is null then clock_timestamp() else a.booked_at end,
               approval_expires_at = case when next_is = 'pending_approval' and a.status <> next_is
                   then deadline_from_now((a.policy ->> 'approval_for')::float8, a.starts_at, a.walk_in) else a.approval_expires_at end,
               hold_expires_at = case when p_extensions is not null
                   then deadline_from_now((a.policy ->> 'hold_for')::float8, a.starts_at, a.walk_in) else a.hold_expires_at end,
               extensions = a.extensions + case when p_extensions is not null then 1 else 0 end,
               notes = written(p_texts, 'notes', a.notes), staff_notes = written(p_texts, 'staff_notes', a.staff_notes),
               cancelled_by = case when next_is = 'cancelled' then p_cancelled_by else a.cancelled_by end,
               cancel_reason = case when next_is = 'cancelled' then p_reason else a.cancel_reason end,
               cancel_note = written(p_texts, 'cancel_note', a.cancel_note),
               command_id = p_command, verb = p_verb, actor = p_actor, via = p_via, reason = p_reason
         where a.id = p_id and a.status = before.status and a.version = before.version
        returning a.* into booking;
        if found then
            outcome := 'done';
            perform idempotency_key_keep(p_key, p_id::text);
            if judged.revoked then
                booking.notes := null;
            end if;
            return;
        end if;
    end loop;
    raise exception 'the booking changed ten times meanwhile; repeat it' using errcode = '40001';
end $$;

-- Reschedule: another time, dentist or type under the same id. Own claims off and new ones on in one step, or all as before.
-- The move was judged by the caller, by the version p_seen_version of the booking and by the stamp p_stamp of what is offered
-- at its aim: `stale` says that either is another one by now. p_refusal: 'not_offered' or 'unknown' (there is no such dentist
-- or type), said only if nothing comes first; else null. p_terms: the terms of another type; null where the type stays, with the
-- terms of the booking.
-- Outcomes: done, stale, unknown, repeat, key_reused, same, invalid, version, not_holder, not_found, expired, too_late, not_offered, slot,
-- patient_overlap, no_chair.
create function booking_move(p_id uuid, p_command uuid, p_key jsonb, p_moves jsonb, p_seen_version int, p_stamp text,
    p_clinic uuid, p_dentist uuid, p_dentist_no int, p_type uuid, p_terms jsonb, p_starts timestamptz, p_ends timestamptz, p_texts jsonb,
    p_refusal text, p_reason text, p_actor text, p_via text, p_notice boolean, p_version int, p_seen jsonb, p_token text,
    out outcome text, out booking appointments, out blocking text, out held_until timestamptz, out deadline timestamptz,
    out server_time timestamptz)
language plpgsql set plan_cache_mode = force_generic_plan set enable_seqscan = off as $$
declare
    judged  record;
    before  appointments;
    terms   jsonb;
    next_is text;
    took    record;
begin
    perform lock_grant(p_id, p_seen);
    perform lock_patient(p_id) where exists (select from jsonb_each_text(p_texts) t where t.value <> '');
    select * into judged
      from booking_judge(p_id, p_command, 'reschedule', p_key, p_moves, null, p_version, p_seen, p_token);
    before := judged.before; booking := before; next_is := judged.next_is; outcome := judged.outcome;
    server_time := clock_timestamp();
    terms := coalesce(p_terms, before.policy);
    outcome := coalesce(outcome, case
        when before.version <> p_seen_version or p_stamp is distinct from
             (select o.stamp from offered o where o.dentist_id = p_dentist and o.type_id = p_type) then 'stale'
        when deadline_of(before) <= server_time then 'expired'
        when p_notice and notice_deadline(before) < server_time then 'too_late'
        else p_refusal end);
    deadline := case outcome when 'too_late' then notice_deadline(before) when 'expired' then deadline_of(before) end;
    if outcome = 'same' then
        perform idempotency_key_keep(p_key, p_id::text);
    end if;
    if outcome is not null then
        return;
    end if;

    begin
        select * into took from booking_take(p_id, p_clinic, p_dentist_no,
            (select r.no from resources r where r.profile_id = before.patient_id and r.kind = 'patient'), before.patient_id,
            (terms ->> 'needs_chair')::boolean, tstzrange(p_starts, p_ends),
            tstzrange(p_starts - make_interval(secs => (terms ->> 'buffer_before')::float8),
                      p_ends + make_interval(secs => (terms ->> 'buffer_after')::float8)), null, p_id);
        outcome := took.outcome; blocking := took.blocking; held_until := took.held_until;
        if outcome <> 'won' then
            return;
        end if;
        perform from dentists d where d.profile_id = p_dentist for key share;       -- an erasure waits for this, or was first
        update appointments a
           set status = next_is, clinic_id = p_clinic, dentist_id = p_dentist, type_id = p_type, policy = terms,
               starts_at = p_starts, ends_at = p_ends, lapsed_at = null,
               notes = written(p_texts, 'notes', a.notes), staff_notes = written(p_texts, 'staff_notes', a.staff_notes),
               walk_in = p_starts <= clock_timestamp(),
               booked_at = case when next_is = 'booked' then coalesce(a.booked_at, clock_timestamp()) else a.booked_at end,
               approval_expires_at = case when next_is = 'pending_approval'
                   then deadline_from_now((terms ->> 'approval_for')::float8, p_starts, p_starts <= clock_timestamp()) end,
               version = a.version + 1, updated_at = clock_timestamp(), command_id = p_command, verb = 'reschedule',
               actor = p_actor, via = p_via, reason = p_reason
         where a.id = p_id and a.status = before.status and a.version = before.version
           and p_stamp = (select o.stamp from offered o where o.dentist_id = p_dentist and o.type_id = p_type)
        returning a.* into booking;
        if not found then
            raise sqlstate 'CT002';
        end if;
        outcome := 'done';
        perform idempotency_key_keep(p_key, p_id::text);
        return;
    exception when sqlstate 'CT002' then           -- the booking or the schedule changed while we won: nothing is kept
        outcome := 'stale';
    end;
end $$;
select secure_schema();

-- migrate:down
set local search_path = chairtime, pg_temp;
drop function booking_move, booking_change, written, clinic_day, deadline_of, notice_deadline, booking_judge, lacks_token, lock_patient, lock_grant,
    booking_hold, booking_seen, deadline_from_now, booking_take, expire_overdue, claims_in_the_way;
drop type chair_plan;
drop view offered;
drop table workflow_inbox, appointment_transitions, slot_reservations, appointments;
drop function appointments_recorded, refuse_change, is_live;
