-- Claims: who gets the time of dentist, patient and chair. Used by holds and moves.
-- migrate:up
set local search_path = chairtime, pg_temp;
set local lock_timeout = '5s';

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

-- The active claims on these dentists and on all chairs of these clinics that touch an interval: a row for each of them,
-- with `held` null for what is booked, and until when a chair takes part in no exchange. Planned once per session: to plan
-- it takes longer than to run it. Without statistics a plan made while the tables are small would scan them when they are
-- large.
create function claims_between(p_dentists int[], p_clinics uuid[], p_starts timestamptz, p_ends timestamptz, p_own uuid)
returns table (no int, clinic_id uuid, kept_until timestamptz, starts timestamptz[], ends timestamptz[], held timestamptz[])
language plpgsql stable set plan_cache_mode = force_generic_plan set enable_seqscan = off as $$
begin
    return query
    with asked as (
        select d as no, null::uuid as clinic_id from unnest(p_dentists) d
         union all
        select r.no, r.clinic_id from resources r
         where r.clinic_id = any(p_clinics) and r.kind = 'chair' and r.active
    )
    select q.no, q.clinic_id, chair_kept_until(q.clinic_id, q.no, clock_timestamp()), s.starts, s.ends, s.held
      from asked q cross join lateral (
           select array_agg(lower(c.during)) as starts, array_agg(upper(c.during)) as ends,
                  array_agg(a.hold_expires_at) as held
             from slot_reservations c
             left join appointments a on a.id = c.appointment_id and a.status = 'held'
            where c.active and c.during && tstzrange(p_starts, p_ends) and c.appointment_id is distinct from p_own
              and int4range(c.resource_no, c.resource_no, '[]') && int4range(q.no, q.no, '[]')) s;
end $$;
select secure_schema();

-- migrate:down
set local search_path = chairtime, pg_temp;
set local lock_timeout = '5s';
drop function claims_between, booking_take, expire_overdue, claims_in_the_way;
