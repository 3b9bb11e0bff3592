-- Holding a slot: makes the appointment, in one transaction.
-- migrate:up
set local search_path = chairtime, pg_temp;
set local lock_timeout = '5s';

-- Each bookable dentist with each type of their clinic, and a stamp that changes whenever the booking terms change. The stamp
-- consists of the versions of the rows involved; changes of hours and exceptions also increment the dentist's version.
create view offered as
    select d.profile_id as dentist_id, d.resource_no as dentist_no, d.clinic_id, t.id as type_id,
           concat_ws('.', d.xmin, p.xmin, t.xmin) as stamp
      from dentists d
      join profiles p on p.id = d.profile_id
      join appointment_types t on t.clinic_id = d.clinic_id
     where d.bookable and p.active;

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
select secure_schema();

-- migrate:down
set local search_path = chairtime, pg_temp;
set local lock_timeout = '5s';
drop function booking_hold, booking_seen, deadline_from_now;
drop view offered;
