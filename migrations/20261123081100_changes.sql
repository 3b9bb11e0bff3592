-- Changes of a booking that keep its time: confirm, cancel, extend and so on. The transition table of domain/booking.py is passed as an argument.
-- migrate:up
set local search_path = chairtime, pg_temp;
set local lock_timeout = '5s';

-- Locks an agent's grant, if there is one, against revocation until the transaction ends. To be called before booking_judge.
create function lock_grant(p_id uuid, p_seen jsonb) returns void language plpgsql as $$
begin
    if p_seen ? 'agent_id' then
        perform from patient_grants g join appointments a on a.patient_id = g.patient_id
          where a.id = p_id and g.agent_id = (p_seen ->> 'agent_id')::uuid for key share of g;
    end if;
end $$;

-- Keeps the patient of a booking from being erased before the transaction ends: to be called before the booking's row is
-- locked, in the order in which an erasure locks, by whatever writes text about them.
create function lock_patient(p_id uuid) returns void language plpgsql as $$
begin
    perform from profiles p join appointments a on a.patient_id = p.id where a.id = p_id for share of p;
end $$;

-- Whether a caller must show the hold token first, and has not: the agent that made the booking always, its patient as long as
-- it is held. Staff never.
create function lacks_token(a appointments, p_seen jsonb, p_token text) returns boolean language sql immutable as $$
    select a.hold_token_hash is distinct from sha256(convert_to(p_token, 'UTF8'))
       and (p_seen ->> 'agent_id' is not null
            or p_seen ->> 'patient_id' is not null and a.status = 'held' and a.hold_token_hash is not null)
$$;

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
select secure_schema();

-- migrate:down
set local search_path = chairtime, pg_temp;
set local lock_timeout = '5s';
drop function booking_change, written, clinic_day, booking_judge, lacks_token, lock_patient, lock_grant;
