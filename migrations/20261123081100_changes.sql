-- Changes of a booking that keep its time: confirm, cancel, extend, check in and so on. The transition table is in
-- domain/booking.py and is passed as an argument.
-- migrate:up
set local search_path = chairtime, pg_temp;
set local lock_timeout = '5s';

-- Locks an agent's grant, if there is one, against revocation until the transaction ends. To be called before booking_check.
create function lock_grant(p_id uuid, p_scope jsonb) returns void language plpgsql as $$
begin
    if p_scope ? 'agent_id' then
        perform from patient_grants g join appointments a on a.patient_id = g.patient_id
          where a.id = p_id and g.agent_id = (p_scope ->> 'agent_id')::uuid for key share of g;
    end if;
end $$;

-- Keeps the patient of a booking from being erased until the transaction ends. Whoever writes text about them calls it before the
-- booking's row is locked, which is the order in which an erasure locks.
create function lock_patient(p_id uuid) returns void language plpgsql as $$
begin
    perform from profiles p join appointments a on a.patient_id = p.id where a.id = p_id for share of p;
end $$;

-- Whether a command writes text. `p_texts` maps columns to new texts.
create function has_text(p_texts jsonb) returns boolean language sql immutable as $$
    select exists (select from jsonb_each_text(p_texts) t where t.value <> '')
$$;

-- The new value of a text: null in p_texts deletes it, an absent key leaves it unchanged.
create function changed_text(p_texts jsonb, p_name text, p_before text) returns text language sql immutable as $$
    select case when p_texts ? p_name then p_texts ->> p_name else p_before end
$$;

-- Whether the caller must show the hold token and has not: always the agent that made the booking, its patient while it is held,
-- staff never.
create function hold_token_missing(a appointments, p_scope jsonb, p_hold_token text) returns boolean language sql immutable as $$
    select a.hold_token_hash is distinct from sha256(convert_to(p_hold_token, 'UTF8'))
       and (p_scope ->> 'agent_id' is not null
            or p_scope ->> 'patient_id' is not null and a.status = 'held' and a.hold_token_hash is not null)
$$;

-- The date at an instant on the clinic's calendar.
create function clinic_day(p_clinic_id uuid, p_at timestamptz) returns date language sql stable as $$
    select (p_at at time zone c.time_zone)::date from clinics c where c.id = p_clinic_id
$$;

-- Checks what all commands on an existing booking share: it is visible to the caller, the command was not carried out before (by
-- idempotency key or command id), the transition table allows it, and the version is the expected one. `outcome` is null if the
-- command may go on, to `next_status`.
-- `p_next`: the next status for each status. `p_next_with_approval` is used instead where the booking's terms need approval.
-- `p_scope`: {"patient_id" | "dentist_id" | "desk_id" | "agent_id": …} limits which bookings the caller sees; empty for all.
-- An agent that may no longer act for the patient (`revoked`) may still cancel or release what it made, unless somebody else moved
-- it since; for everything else the booking is not found, so that the agent learns nothing new.
create function booking_check(p_id uuid, p_command_id uuid, p_verb text, p_key jsonb, p_next jsonb, p_next_with_approval jsonb,
    p_expected_version int, p_scope jsonb, p_hold_token text,
    out outcome text, out before appointments, out next_status text, out revoked boolean)
language plpgsql stable as $$
declare
    done  record;
    agent uuid := (p_scope ->> 'agent_id')::uuid;
begin
    select f.outcome into outcome from idempotency_key_find(p_key) f;
    select a.* into before from appointments a
     where a.id = p_id
       and (p_scope ->> 'patient_id' is null or a.patient_id = any(patients_of((p_scope ->> 'patient_id')::uuid)))
       and (p_scope ->> 'dentist_id' is null or a.dentist_id = (p_scope ->> 'dentist_id')::uuid)
       and (p_scope ->> 'desk_id' is null or works_at(p_desk_id => (p_scope ->> 'desk_id')::uuid, p_clinic_id => a.clinic_id))
       and (agent is null or a.agent_id = agent);
    revoked := agent is not null and not agent_acts_for(p_agent_id => agent, p_patient_id => before.patient_id);
    if before.id is null or revoked and (p_verb not in ('cancel', 'release') or exists (
            select from appointment_transitions t
             where t.appointment_id = p_id and t.verb = 'reschedule' and t.actor <> before.maker)) then
        outcome := case when outcome = 'key_reused' then outcome else 'not_found' end;
        before := null;
    end if;
    if outcome is not null then
        return;
    end if;
    select t.verb into done from appointment_transitions t where t.appointment_id = p_id and t.command_id = p_command_id;
    if found then
        -- a PUT that changes no time was carried out as an edit
        outcome := case when done.verb = p_verb or done.verb in ('edit', 'reschedule') and p_verb in ('edit', 'reschedule')
                        then 'repeat' else 'key_reused' end;
        return;
    end if;

    next_status := coalesce(case when (before.policy ->> 'needs_approval')::boolean then p_next_with_approval end, p_next)
                   ->> before.status;
    outcome := case
        when hold_token_missing(a => before, p_scope => p_scope, p_hold_token => p_hold_token) then 'not_holder'
        when revoked and next_status is null then 'not_found'
        when next_status is null and exists (
            select from jsonb_each_text(p_next) m where m.value = before.status and m.key <> m.value
             union all
            select from jsonb_each_text(p_next_with_approval) m where m.value = before.status and m.key <> m.value) then 'same'
        when next_status is null then 'invalid'
        when p_expected_version is not null and p_expected_version <> before.version
             then case when revoked then 'not_found' else 'version' end
    end;
end $$;

-- Carries out a command by compare-and-set on (id, version); if another change came first, it checks again.
-- `p_deadline_rule`: whether the command is allowed `before` or `after` the booking's deadline, or at `any` time.
-- `p_opens_on`: the command is allowed from the clinic's `day` of the visit on, or from its `start`; null: at any time.
-- `p_notice_applies`: the cancel notice binds this caller (a request for approval can be withdrawn without notice).
-- `p_agreement`: who agreed to what was read to them; null keeps what is recorded.
-- `p_max_extensions`: how often a hold may be extended; null unless the verb is `extend`.
-- (Generic plan: planning takes longer than running. No seqscan: a plan made while the tables are small must not scan later.)
-- Outcomes: done, repeat, key_reused, same, invalid, expired, too_early, too_late, extended_enough, version, not_holder, not_found.
create function booking_change(p_id uuid, p_command_id uuid, p_verb text, p_key jsonb, p_next jsonb, p_next_with_approval jsonb,
    p_deadline_rule text, p_opens_on text, p_actor text, p_via text, p_reason text, p_texts jsonb, p_cancelled_by text,
    p_notice_applies boolean, p_max_extensions int, p_expected_version int, p_scope jsonb, p_hold_token text, p_agreement jsonb,
    out outcome text, out booking appointments, out deadline timestamptz, out server_time timestamptz)
language plpgsql set plan_cache_mode = force_generic_plan set enable_seqscan = off as $$
declare
    checked     record;
    before      appointments;
    next_status text;
begin
    perform lock_grant(p_id => p_id, p_scope => p_scope);
    perform lock_patient(p_id) where has_text(p_texts);
    for pass in 1..10 loop
        select * into checked
          from booking_check(p_id => p_id, p_command_id => p_command_id, p_verb => p_verb, p_key => p_key, p_next => p_next,
                             p_next_with_approval => p_next_with_approval, p_expected_version => p_expected_version,
                             p_scope => p_scope, p_hold_token => p_hold_token);
        before := checked.before; booking := before; next_status := checked.next_status; outcome := checked.outcome;
        if checked.revoked then
            booking.notes := null;
        end if;
        server_time := clock_timestamp();
        deadline := booking_deadline(before);
        if outcome = 'invalid' and before.status = 'expired' and p_deadline_rule = 'before' then
            outcome := 'expired';
            deadline := before.hold_expires_at;
        end if;
        outcome := coalesce(outcome, case
            when p_deadline_rule = 'before' and deadline <= server_time then 'expired'
            when p_verb = 'edit' and jsonb_build_object('notes', before.notes, 'staff_notes', before.staff_notes) @> p_texts then 'same'
            when p_deadline_rule = 'after' and (deadline is null or deadline > server_time) then 'too_early'
            when p_opens_on = 'start' and server_time < before.starts_at then 'too_early'
            when p_opens_on = 'day' and clinic_day(p_clinic_id => before.clinic_id, p_at => server_time)
                                      < clinic_day(p_clinic_id => before.clinic_id, p_at => before.starts_at) then 'too_early'
            when p_notice_applies and before.status not in ('held', 'pending_approval') and notice_deadline(before) < server_time
                 then 'too_late'
            when before.extensions >= p_max_extensions then 'extended_enough' end);
        if outcome = 'too_late' then
            deadline := notice_deadline(before);
        end if;
        if outcome = 'same' and p_verb = 'confirm' and not jsonb_build_object('notes', before.notes) @> p_texts then
            outcome := 'invalid';            -- confirmed before, but with other notes
        end if;
        if outcome = 'same' then
            perform idempotency_key_store(p_key => p_key, p_target => p_id::text);
        end if;
        if outcome is not null then
            return;
        end if;

        update appointments a
           set status = next_status, version = a.version + 1, updated_at = clock_timestamp(),
               booked_at = case when next_status = 'booked' and a.booked_at is null then clock_timestamp() else a.booked_at end,
               approval_expires_at = case when next_status = 'pending_approval' and a.status <> next_status
                   then deadline_from_now(p_seconds => (a.policy ->> 'approval_for')::float8, p_starts_at => a.starts_at,
                                          p_walk_in => a.walk_in) else a.approval_expires_at end,
               hold_expires_at = case when p_max_extensions is not null
                   then deadline_from_now(p_seconds => (a.policy ->> 'hold_for')::float8, p_starts_at => a.starts_at,
                                          p_walk_in => a.walk_in) else a.hold_expires_at end,
               extensions = a.extensions + case when p_max_extensions is not null then 1 else 0 end,
               notes = changed_text(p_texts => p_texts, p_name => 'notes', p_before => a.notes),
               staff_notes = changed_text(p_texts => p_texts, p_name => 'staff_notes', p_before => a.staff_notes),
               cancelled_by = case when next_status = 'cancelled' then p_cancelled_by else a.cancelled_by end,
               cancel_reason = case when next_status = 'cancelled' then p_reason else a.cancel_reason end,
               cancel_note = changed_text(p_texts => p_texts, p_name => 'cancel_note', p_before => a.cancel_note),
               agreement = coalesce(p_agreement, a.agreement),
               command_id = p_command_id, verb = p_verb, actor = p_actor, via = p_via, reason = p_reason
         where a.id = p_id and a.status = before.status and a.version = before.version
        returning a.* into booking;
        if found then
            outcome := 'done';
            perform idempotency_key_store(p_key => p_key, p_target => p_id::text);
            if checked.revoked then
                booking.notes := null;
            end if;
            return;
        end if;
    end loop;
    raise exception 'the booking changed ten times meanwhile; repeat it' using errcode = '40001';
end $$;

select secure_schema();

-- migrate:down
set local search_path = chairtime, pg_temp;
set local lock_timeout = '5s';
drop function booking_change, booking_check, clinic_day, hold_token_missing, changed_text, has_text, lock_patient, lock_grant;
