-- Hold: takes a slot and makes the appointment, in one transaction.
-- migrate:up
set local search_path = chairtime, pg_temp;
set local lock_timeout = '5s';

-- Each bookable dentist with each type of their clinic, and a stamp that differs after any change of the terms. xmin changes
-- with each update of a row; changes of hours and exceptions update the dentist's row.
create view booking_terms as
    select d.profile_id as dentist_id, d.resource_no as dentist_no, d.clinic_id, t.id as type_id,
           concat_ws('.', d.xmin, p.xmin, t.xmin) as stamp
      from dentists d
      join profiles p on p.id = d.profile_id
      join appointment_types t on t.clinic_id = d.clinic_id
     where d.bookable and p.active;

-- The deadline of a hold or approval request: p_seconds from now, but not after the visit's start.
create function deadline_from_now(p_seconds float8, p_starts_at timestamptz, p_walk_in boolean) returns timestamptz
language sql volatile as $$
    select least(clock_timestamp() + make_interval(secs => p_seconds), case when not p_walk_in then p_starts_at end)
$$;

-- Whether an actor (role:id) may see a booking, by their current role and grants.
create function booking_visible_to(a appointments, p_actor text) returns boolean language plpgsql stable as $$
declare
    actor_id uuid := nullif(split_part(p_actor, ':', 2), '');
begin
    return case split_part(p_actor, ':', 1)
        when 'patient' then a.patient_id = any(patients_of(actor_id))
        when 'dentist' then a.dentist_id = actor_id
        when 'desk' then works_at(p_desk_id => actor_id, p_clinic_id => a.clinic_id)
        when 'agent' then a.agent_id is not distinct from actor_id
                          and agent_acts_for(p_agent_id => actor_id, p_patient_id => a.patient_id)
        else true end;
end $$;

-- Makes one booking per idempotency key, or per id. The caller (services/booking.py) has checked hours, lead time and horizon by
-- terms that it read before. That check is valid while the stamp of the terms is the same and now is between p_earliest and p_latest
-- (null: any time); else the outcome is `stale`, and the caller reads the terms again. Overdue holds of the slot are expired by
-- booking_claim, so that a slot is free at its deadline though no worker runs.
-- `p_agent_id`: the agent who asks, or null. Agents know only patients whom they created or who granted them; the grant is locked
-- until the transaction ends. Patients book for themselves and for linked patients, whose link is locked in the same way.
-- Outcomes: held, repeat, key_reused, not_visible (a repeat whose booking the caller may no longer see), stale, not_found (the
-- patient), slot, patient_overlap, quota, booking_quota, cooldown, conversation_quota, agent_quota, dentist_day_quota, no_chair. Only `held` has written anything.
-- (Generic plan: planning takes longer than running. No seqscan: a plan made while the tables are small must not scan later.)
create function booking_hold(p_id uuid, p_dentist_id uuid, p_type_id uuid, p_stamp text, p_earliest timestamptz, p_latest timestamptz,
    p_patient_id uuid, p_agent_id uuid, p_starts_at timestamptz, p_ends_at timestamptz, p_policy jsonb, p_notes text, p_reason text,
    p_caller uuid, p_key jsonb, p_command_id uuid, p_actor text, p_via text, p_limits jsonb, p_hold_token text,
    out outcome text, out booking appointments, out blocking text, out held_until timestamptz, out server_time timestamptz)
language plpgsql set plan_cache_mode = force_generic_plan set enable_seqscan = off as $$
declare
    terms      booking_terms;
    patient_no int;
    earlier    record;
    claim      record;
    walk_in    boolean := p_starts_at <= clock_timestamp() and coalesce(p_latest > p_starts_at, true);
begin
    for pass in 1..2 loop
        select * into earlier from idempotency_key_find(p_key);
        if earlier.outcome = 'key_reused' then
            outcome := 'key_reused';
            exit;
        end if;
        select a.* into booking
          from appointments a
         where a.id = coalesce(earlier.target::uuid, p_id) and booking_visible_to(a => a, p_actor => p_actor);
        if booking.id is not null then
            outcome := 'repeat';
            exit;
        elsif earlier.outcome is not null then
            outcome := 'not_visible';
            exit;
        end if;
        exit when pass = 2;            -- a refusal is final only if this request has not succeeded meanwhile, sent twice

        select * into terms from booking_terms t where t.dentist_id = p_dentist_id and t.type_id = p_type_id;
        if terms.stamp is distinct from p_stamp or clock_timestamp() not between p_earliest and p_latest then
            outcome := 'stale';
            exit;
        end if;
        select r.no into patient_no from resources r join profiles p on p.id = r.profile_id
         where r.profile_id = p_patient_id and r.kind = 'patient' and r.active and p.active and p.role = 'patient'
           and (p_agent_id is null or p.created_by = p_agent_id and p.created_as = 'agent'
                or exists (select from patient_grants g where g.patient_id = p_patient_id and g.agent_id = p_agent_id for key share))
           and (split_part(p_actor, ':', 1) <> 'patient' or p_actor = 'patient:' || p_patient_id
                or exists (select from patient_links l where l.patient_id = p_patient_id
                              and p_actor = 'patient:' || l.guardian_id for key share))
           for share of p;             -- not erased before this commits
        if patient_no is null then
            outcome := 'not_found';
            exit;
        end if;

        perform lock_holder(p_caller => p_caller, p_limits => p_limits);
        if p_limits is not null and cardinality(family_of(p_patient_id)) > 1 then
            perform pg_advisory_xact_lock(10, hashtext((family_of(p_patient_id))[1]::text));    -- before all other locks
        end if;
        select * into claim
          from booking_claim(p_id => p_id, p_clinic_id => terms.clinic_id, p_dentist_no => terms.dentist_no,
                             p_patient_no => patient_no, p_patient_id => p_patient_id,
                             p_needs_chair => (p_policy ->> 'needs_chair')::boolean, p_visit => tstzrange(p_starts_at, p_ends_at),
                             p_occupied => with_buffers(p_starts_at => p_starts_at, p_ends_at => p_ends_at, p_policy => p_policy),
                             p_limits => p_limits, p_moved_id => null);
        if claim.outcome = 'won' then
            perform from dentists d where d.profile_id = p_dentist_id for key share;    -- not erased before this commits
            if p_stamp is distinct from (select t.stamp from booking_terms t
                                          where t.dentist_id = p_dentist_id and t.type_id = p_type_id) then
                raise exception 'the booking terms changed meanwhile; repeat it' using errcode = '40001';
            end if;
            insert into appointments
                   (id, clinic_id, dentist_id, patient_id, type_id, status, starts_at, ends_at, walk_in, hold_expires_at, notes,
                    policy, caller, maker, hold_token_hash, conversation_hash, command_id, verb, actor, via, reason)
            values (p_id, terms.clinic_id, p_dentist_id, p_patient_id, p_type_id, 'held', p_starts_at, p_ends_at, walk_in,
                    deadline_from_now(p_seconds => (p_policy ->> 'hold_for')::float8, p_starts_at => p_starts_at, p_walk_in => walk_in),
                    p_notes, p_policy, p_caller, p_actor, sha256(convert_to(p_hold_token, 'UTF8')),
                    decode(p_limits ->> 'conversation', 'hex'), p_command_id, 'hold', p_actor, p_via, p_reason)
            on conflict do nothing returning * into booking;
            if booking.id is null then
                raise exception 'the same booking was made at the same time; repeat it' using errcode = '40001';
            end if;
            perform idempotency_key_store(p_key => p_key, p_target => p_id::text);
            outcome := 'held';
            exit;
        end if;
        outcome := claim.outcome; blocking := claim.blocking; held_until := claim.held_until;
    end loop;
    server_time := clock_timestamp();
end $$;

select secure_schema();

-- migrate:down
set local search_path = chairtime, pg_temp;
set local lock_timeout = '5s';
drop function booking_hold, booking_visible_to, deadline_from_now;
drop view booking_terms;
