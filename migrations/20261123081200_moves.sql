-- Reschedule: another time, dentist or type under the same id.
-- migrate:up
set local search_path = chairtime, pg_temp;
set local lock_timeout = '5s';

-- Gives up the booking's claims and takes the new ones in one step, or changes nothing. The caller has judged the move by
-- version `p_read_version` of the booking and by the stamp of the new terms; if either differs now, the outcome is `stale`.
-- `p_refusal`: why the caller would refuse, said only if no other refusal comes first: `not_offered`, `unknown` (there is no such
-- dentist or type), or null. `p_terms`: the terms of another type; null keeps the booking's own.
-- Outcomes: done, stale, unknown, repeat, key_reused, same, invalid, version, not_holder, not_found, expired, too_late, not_offered,
-- slot, patient_overlap, no_chair.
create function booking_move(p_id uuid, p_command_id uuid, p_key jsonb, p_next jsonb, p_read_version int, p_stamp text,
    p_clinic_id uuid, p_dentist_id uuid, p_dentist_no int, p_type_id uuid, p_terms jsonb, p_starts_at timestamptz,
    p_ends_at timestamptz, p_texts jsonb, p_refusal text, p_reason text, p_actor text, p_via text, p_notice_applies boolean,
    p_expected_version int, p_scope jsonb, p_hold_token text,
    out outcome text, out booking appointments, out blocking text, out held_until timestamptz, out deadline timestamptz,
    out server_time timestamptz)
language plpgsql set plan_cache_mode = force_generic_plan set enable_seqscan = off as $$
declare
    checked     record;
    before      appointments;
    terms       jsonb;
    next_status text;
    claim       record;
begin
    perform lock_grant(p_id => p_id, p_scope => p_scope);
    perform lock_patient(p_id) where has_text(p_texts);
    select * into checked
      from booking_check(p_id => p_id, p_command_id => p_command_id, p_verb => 'reschedule', p_key => p_key, p_next => p_next,
                         p_next_with_approval => null, p_expected_version => p_expected_version, p_scope => p_scope,
                         p_hold_token => p_hold_token);
    before := checked.before; booking := before; next_status := checked.next_status; outcome := checked.outcome;
    server_time := clock_timestamp();
    terms := coalesce(p_terms, before.policy);
    outcome := coalesce(outcome, case
        when before.version <> p_read_version or p_stamp is distinct from
             (select t.stamp from booking_terms t where t.dentist_id = p_dentist_id and t.type_id = p_type_id) then 'stale'
        when booking_deadline(before) <= server_time then 'expired'
        when p_notice_applies and notice_deadline(before) < server_time then 'too_late'
        else p_refusal end);
    deadline := case outcome when 'too_late' then notice_deadline(before) when 'expired' then booking_deadline(before) end;
    if outcome = 'same' then
        perform idempotency_key_store(p_key => p_key, p_target => p_id::text);
    end if;
    if outcome is not null then
        return;
    end if;

    begin
        select * into claim
          from booking_claim(p_id => p_id, p_clinic_id => p_clinic_id, p_dentist_no => p_dentist_no,
                             p_patient_no => (select r.no from resources r
                                               where r.profile_id = before.patient_id and r.kind = 'patient'),
                             p_patient_id => before.patient_id, p_needs_chair => (terms ->> 'needs_chair')::boolean,
                             p_visit => tstzrange(p_starts_at, p_ends_at),
                             p_occupied => with_buffers(p_starts_at => p_starts_at, p_ends_at => p_ends_at, p_policy => terms),
                             p_limits => null, p_moved_id => p_id);
        outcome := claim.outcome; blocking := claim.blocking; held_until := claim.held_until;
        if outcome <> 'won' then
            return;
        end if;
        perform from dentists d where d.profile_id = p_dentist_id for key share;        -- not erased before this commits
        update appointments a
           set status = next_status, clinic_id = p_clinic_id, dentist_id = p_dentist_id, type_id = p_type_id, policy = terms,
               starts_at = p_starts_at, ends_at = p_ends_at, lapsed_at = null,
               notes = changed_text(p_texts => p_texts, p_name => 'notes', p_before => a.notes),
               staff_notes = changed_text(p_texts => p_texts, p_name => 'staff_notes', p_before => a.staff_notes),
               walk_in = p_starts_at <= clock_timestamp(),
               booked_at = case when next_status = 'booked' then coalesce(a.booked_at, clock_timestamp()) else a.booked_at end,
               approval_expires_at = case when next_status = 'pending_approval'
                   then deadline_from_now(p_seconds => (terms ->> 'approval_for')::float8, p_starts_at => p_starts_at,
                                          p_walk_in => p_starts_at <= clock_timestamp()) end,
               version = a.version + 1, updated_at = clock_timestamp(), command_id = p_command_id, verb = 'reschedule',
               actor = p_actor, via = p_via, reason = p_reason
         where a.id = p_id and a.status = before.status and a.version = before.version
           and p_stamp = (select t.stamp from booking_terms t where t.dentist_id = p_dentist_id and t.type_id = p_type_id)
        returning a.* into booking;
        if not found then
            raise sqlstate 'CT002';
        end if;
        outcome := 'done';
        perform idempotency_key_store(p_key => p_key, p_target => p_id::text);
        return;
    exception when sqlstate 'CT002' then           -- booking or terms changed meanwhile: rolled back
        outcome := 'stale';
    end;
end $$;

select secure_schema();

-- migrate:down
set local search_path = chairtime, pg_temp;
set local lock_timeout = '5s';
drop function booking_move;
