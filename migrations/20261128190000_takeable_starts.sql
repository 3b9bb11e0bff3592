-- Alternatives: times that a patient can take.
-- migrate:up
set local search_path = chairtime, pg_temp;
set local lock_timeout = '5s';

-- The first `p_most` of these starts of one dentist, in the order given, that a patient can take: no other visit of theirs overlaps,
-- and no limit of the time is reached. `p_limits`: as of patient_limit and conversation_limit; null for none. The dentist's own
-- claims and chairs are not looked at.
create function takeable_starts(p_patient_id uuid, p_dentist_id uuid, p_starts timestamptz[], p_lasts interval, p_limits jsonb,
    p_moved_id uuid, p_most int) returns timestamptz[]
language plpgsql stable set plan_cache_mode = force_generic_plan set enable_seqscan = off as $$
declare
    patient_no int := (select r.no from resources r where r.profile_id = p_patient_id and r.kind = 'patient');
    dentist_no int := (select d.resource_no from dentists d where d.profile_id = p_dentist_id);
    now_at     timestamptz := clock_timestamp();
    found      timestamptz[] := '{}';
    start      timestamptz;
    visit      tstzrange;
begin
    foreach start in array p_starts loop
        exit when cardinality(found) >= p_most;
        visit := tstzrange(start, start + p_lasts);
        continue when (select b.patient
                         from blocking_claims(p_dentist_no => dentist_no, p_patient_no => patient_no, p_occupied => visit,
                                              p_visit => visit, p_now => now_at, p_moved_id => p_moved_id) b);
        if p_limits is not null then
            continue when (select l.outcome is not null
                             from patient_limit(p_patient_id => p_patient_id, p_dentist_no => dentist_no, p_visit => visit,
                                                p_limits => p_limits, p_now => now_at) l);
            continue when (select l.outcome is not null
                             from conversation_limit(p_dentist_no => dentist_no, p_visit => visit, p_limits => p_limits,
                                                     p_now => now_at) l);
        end if;
        found := found || start;
    end loop;
    return found;
end $$;

select secure_schema();

-- migrate:down
set local search_path = chairtime, pg_temp;
set local lock_timeout = '5s';
drop function takeable_starts;
