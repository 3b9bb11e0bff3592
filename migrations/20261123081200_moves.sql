-- Reschedule: another time, dentist or type under the same id.
-- migrate:up
set local search_path = chairtime, pg_temp;
set local lock_timeout = '5s';

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
set local lock_timeout = '5s';
drop function booking_move;
