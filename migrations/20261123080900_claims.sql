-- Claims on time: who gets the time of dentist, patient and chair. Holds and moves call booking_claim.
-- migrate:up
set local search_path = chairtime, pg_temp;
set local lock_timeout = '5s';

-- What blocks a visit: active claims on its dentist and patient. Overdue holds do not block; who takes the slot expires them.
-- `p_moved_id`: the booking to be moved, which never blocks itself; null for a new one.
-- (One row; declared as a table, so that Postgres inlines it.)
create function blocking_claims(p_dentist_no int, p_patient_no int, p_occupied tstzrange, p_visit tstzrange, p_now timestamptz,
    p_moved_id uuid) returns table (overdue uuid[], dentist boolean, patient boolean, booked boolean, held_until timestamptz)
language sql stable as $$
    select array_agg(q.id) filter (where q.due),
           coalesce(bool_or(q.who = 'dentist') filter (where not q.due), false),
           coalesce(bool_or(q.who = 'patient') filter (where not q.due), false),
           coalesce(bool_or(q.status <> 'held') filter (where not q.due), false),
           max(q.hold_expires_at) filter (where not q.due and q.status = 'held')
      from (select 'dentist' as who, a.id, a.status, a.hold_expires_at, a.status = 'held' and a.hold_expires_at <= p_now as due
              from slot_reservations s join appointments a on a.id = s.appointment_id
             where s.active and int4range(s.resource_no, s.resource_no, '[]') && int4range(p_dentist_no, p_dentist_no, '[]')
               and s.during && p_occupied and s.appointment_id is distinct from p_moved_id
             union all
            select 'patient', a.id, a.status, a.hold_expires_at, a.status = 'held' and a.hold_expires_at <= p_now
              from slot_reservations s join appointments a on a.id = s.appointment_id
             where s.active and int4range(s.resource_no, s.resource_no, '[]') && int4range(p_patient_no, p_patient_no, '[]')
               and s.during && p_visit and s.appointment_id is distinct from p_moved_id) q
$$;

-- The chair of a booking, or the last one that it had. (Volatile, so that it sees claims made by the same statement.)
create function chair_of(p_id uuid, out no int, out name text) language sql volatile as $$
    select r.no, r.name from slot_reservations s join resources r on r.no = s.resource_no and r.kind = 'chair'
     where s.appointment_id = p_id order by s.active desc, s.id desc limit 1
$$;

-- Expires overdue holds; returns how many. Rows are locked in id order, to avoid deadlocks.
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

-- Claims chair, dentist and patient for one appointment: all or nothing.
-- `p_visit` is the visit, `p_occupied` the visit with its buffers; `p_moved_id` is set where an existing booking moves: its old
-- claims end in the same step.
--
-- Advisory locks on dentist and patient, in order, make limits and overlaps exact. Pass 0 does not wait for them: in a storm most
-- callers see that they lost and return without having written or waited. The chair is claimed first, because after the locks it
-- is the only thing that another transaction can still take. If no chair is free, visits that have not begun exchange chairs.
-- A lost race is rolled back to the start of the pass and tried again.
create function booking_claim(p_id uuid, p_clinic_id uuid, p_dentist_no int, p_patient_no int, p_patient_id uuid,
    p_needs_chair boolean, p_visit tstzrange, p_occupied tstzrange, p_limits jsonb, p_moved_id uuid,
    out outcome text, out blocking text, out held_until timestamptz)
language plpgsql as $$
declare
    blocked  record;
    overdue  uuid[];
    chairs   int[];
    chair    int;
    plan     chair_plan;
    exchange boolean := false;
    now_at   timestamptz;
    first    int := least(p_dentist_no, p_patient_no);
    second   int := greatest(p_dentist_no, p_patient_no);
    locked   boolean := false;
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
        now_at := clock_timestamp();

        select * into blocked
          from blocking_claims(p_dentist_no => p_dentist_no, p_patient_no => p_patient_no, p_occupied => p_occupied,
                               p_visit => p_visit, p_now => now_at, p_moved_id => p_moved_id);
        if blocked.dentist or blocked.patient then
            outcome := case when blocked.dentist then 'slot' else 'patient_overlap' end;
            blocking := case when blocked.booked then 'booked' else 'held' end;
            held_until := case when not blocked.booked then blocked.held_until end;
            return;
        end if;
        continue when not locked;
        overdue := blocked.overdue;

        if p_limits is not null then
            select l.outcome, l.held_until into outcome, held_until
              from patient_limit(p_patient_id => p_patient_id, p_dentist_no => p_dentist_no, p_visit => p_visit,
                                 p_limits => p_limits, p_now => now_at) l;
            if outcome is not null then
                return;
            end if;
            select l.outcome, l.held_until into outcome, held_until
              from conversation_limit(p_dentist_no => p_dentist_no, p_visit => p_visit, p_limits => p_limits, p_now => now_at) l;
            if outcome is not null then
                return;
            end if;
            held_until := null;
        end if;

        begin
            plan := null;
            if p_needs_chair then
                perform lock_chairs(p_clinic_id => p_clinic_id, p_exchange => exchange);
                now_at := clock_timestamp();
                chairs := free_chairs(p_clinic_id => p_clinic_id, p_occupied => p_occupied, p_moved_id => p_moved_id);
                if chairs is null then
                    plan := plan_chairs(p_clinic_id => p_clinic_id, p_occupied => p_occupied, p_now => now_at,
                                        p_moved_id => p_moved_id);
                    if plan.chair is null then
                        outcome := 'no_chair';
                        return;
                    elsif plan.moves is not null and not exchange then
                        exchange := true;              -- again, with the exclusive lock
                        raise sqlstate 'CT001';
                    end if;
                    chairs := array[plan.chair];
                    overdue := overdue || plan.overdue;
                end if;
            end if;
            if overdue is not null or p_moved_id is not null or plan.moves is not null then    -- lock all rows in one order
                perform from appointments a where a.id = any(overdue || p_moved_id || plan.moves) order by a.id for no key update;
                perform expire_overdue(overdue);
                update slot_reservations s set active = false where s.appointment_id = p_moved_id and s.active;
                if plan.moves is not null and not exchange_chairs(plan) then
                    raise sqlstate 'CT001';
                end if;
            end if;
            if p_needs_chair then
                foreach chair in array chairs loop
                    insert into slot_reservations (appointment_id, resource_no, during)
                    values (p_id, chair, coalesce(plan.during, p_occupied)) on conflict do nothing;
                    exit when found;
                    chair := null;
                end loop;
                if chair is null then
                    raise sqlstate 'CT001';
                end if;
            end if;
            insert into slot_reservations (appointment_id, resource_no, during)
            values (p_id, p_dentist_no, p_occupied), (p_id, p_patient_no, p_visit);
            outcome := 'won';
            return;
        exception when sqlstate 'CT001' or exclusion_violation then     -- exclusion: by a writer that did not take the locks
            null;
        end;
    end loop;
    raise exception 'the claim lost ten races; repeat it' using errcode = '40001';
end $$;

-- For the search of free slots: the active claims on these dentists, and on all chairs of these clinics, in an interval. One row
-- per dentist or chair, with an array element per claim: `held` is null for booked time. `kept_until`: see chair_kept_until.
-- (Generic plan: planning takes longer than running. No seqscan: a plan made while the tables are small must not scan later.)
create function claims_between(p_dentist_nos int[], p_clinic_ids uuid[], p_from timestamptz, p_until timestamptz, p_moved_id uuid)
returns table (no int, clinic_id uuid, kept_until timestamptz, starts timestamptz[], ends timestamptz[], held timestamptz[])
language plpgsql stable set plan_cache_mode = force_generic_plan set enable_seqscan = off as $$
begin
    return query
    with asked as (
        select d as no, null::uuid as clinic_id from unnest(p_dentist_nos) d
         union all
        select r.no, r.clinic_id from resources r
         where r.clinic_id = any(p_clinic_ids) and r.kind = 'chair' and r.active
    )
    select q.no, q.clinic_id, chair_kept_until(p_clinic_id => q.clinic_id, p_no => q.no, p_now => clock_timestamp()),
           s.starts, s.ends, s.held
      from asked q cross join lateral (
           select array_agg(lower(c.during)) as starts, array_agg(upper(c.during)) as ends,
                  array_agg(a.hold_expires_at) as held
             from slot_reservations c
             left join appointments a on a.id = c.appointment_id and a.status = 'held'
            where c.active and c.during && tstzrange(p_from, p_until) and c.appointment_id is distinct from p_moved_id
              and int4range(c.resource_no, c.resource_no, '[]') && int4range(q.no, q.no, '[]')) s;
end $$;

select secure_schema();

-- migrate:down
set local search_path = chairtime, pg_temp;
set local lock_timeout = '5s';
drop function claims_between, booking_claim, expire_overdue, chair_of, blocking_claims;
