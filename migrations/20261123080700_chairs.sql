-- Assignment of chairs. Visits that have not begun may be moved to other chairs to make room for another one. A request is
-- refused only if at some instant every chair is in use, or kept for a visit that is checked in.
-- migrate:up
set local search_path = chairtime, pg_temp;
set local lock_timeout = '5s';

-- Held until the commit by everyone who claims a chair of the clinic: shared to take a free chair, exclusive to exchange chairs.
-- It is taken after the locks on dentist and patient, and before any row lock.
create function lock_chairs(p_clinic_id uuid, p_exchange boolean) returns void language plpgsql as $$
begin
    if p_exchange then
        perform pg_advisory_xact_lock(8, hashtext(p_clinic_id::text));
    else
        perform pg_advisory_xact_lock_shared(8, hashtext(p_clinic_id::text));
    end if;
end $$;

-- The active claims on the active chairs of a clinic that overlap [p_from, p_until), without those of `p_moved_id`.
-- `fixed`: the visit keeps its chair, because it is checked in, in treatment, or has begun.
create function chair_claims(p_clinic_id uuid, p_from timestamptz, p_until timestamptz, p_now timestamptz, p_moved_id uuid)
    returns table (no int, appointment_id uuid, during tstzrange, fixed boolean, overdue boolean)
language sql stable as $$
    select r.no, a.id, s.during, a.status in ('checked_in', 'in_treatment') or lower(s.during) <= p_now,
           a.status = 'held' and a.hold_expires_at <= p_now
      from resources r
      join slot_reservations s on s.active and s.during && tstzrange(p_from, p_until)
           and int4range(s.resource_no, s.resource_no, '[]') && int4range(r.no, r.no, '[]')
      join appointments a on a.id = s.appointment_id
     where r.clinic_id = p_clinic_id and r.kind = 'chair' and r.active and a.id is distinct from p_moved_id
$$;

-- Until when a chair takes part in no exchange, because a visit on it is checked in or in treatment; else null.
create function chair_kept_until(p_clinic_id uuid, p_no int, p_now timestamptz) returns timestamptz language sql stable as $$
    select max(upper(s.during))
      from appointments a
      join slot_reservations s on s.appointment_id = a.id and s.active and s.resource_no = p_no and upper(s.during) > p_now
     where a.clinic_id = p_clinic_id and a.status in ('checked_in', 'in_treatment')
       and a.ends_at > p_now - interval '1 day'             -- buffers after the end are shorter than that
$$;

-- The chairs without an overlapping claim, the tightest fit first: by the shorter gap to a neighbouring claim (a day at most),
-- then by the sum of both gaps. A booking that moves tries its own chair first.
create function free_chairs(p_clinic_id uuid, p_occupied tstzrange, p_moved_id uuid) returns int[] language sql volatile as $$
    select array_agg(r.no order by own.here desc, least(gap.before, gap.after), gap.before + gap.after, r.no)
      from resources r
     cross join lateral (
           select exists (select from slot_reservations o
                           where o.appointment_id = p_moved_id and o.active and o.resource_no = r.no) as here) own
     cross join lateral (
           select least(lower(p_occupied) - coalesce((
                      select upper(s.during) from slot_reservations s
                       where s.active and s.resource_no = r.no and lower(s.during) < lower(p_occupied)
                         and s.appointment_id is distinct from p_moved_id
                       order by lower(s.during) desc limit 1), lower(p_occupied) - interval '1 day'), interval '1 day') as before,
                  least(coalesce((
                      select lower(s.during) from slot_reservations s
                       where s.active and s.resource_no = r.no and lower(s.during) >= upper(p_occupied)
                         and s.appointment_id is distinct from p_moved_id
                       order by lower(s.during) limit 1), upper(p_occupied) + interval '1 day') - upper(p_occupied), interval '1 day') as after) gap
     where r.clinic_id = p_clinic_id and r.kind = 'chair' and r.active
       and not exists (select from slot_reservations s
                        where s.active and int4range(s.resource_no, s.resource_no, '[]') && int4range(r.no, r.no, '[]')
                          and s.during && p_occupied and s.appointment_id is distinct from p_moved_id)
$$;

-- A chair for a requested time, and what must happen first: overdue holds to expire, and visits to move to other chairs.
-- `chair` is null if there is none. `moves[n]` goes from chair `leaves[n]` to chair `takes[n]` and keeps its time `times[n]`.
create type chair_plan as (
    chair int, during tstzrange, overdue uuid[], moves uuid[], leaves int[], takes int[], times tstzrange[]
);

-- Plans a chair for a requested time. Overdue holds count as free.
-- If no chair is free all the time, chairs are assigned again from its start on, visit by visit in the order of their starts
-- (interval graph colouring): a visit stays on its chair if that is still free, else it takes the free chair whose next claim is
-- the latest. A chair is always free as long as no more visits than chairs overlap. The loop ends at the first visit after which
-- nothing differs from before.
-- A visit that is checked in keeps its chair from now until its end, so that chair counts as in use until then. A request that
-- began in the past and fits on no chair as a whole takes one from now on.
create function plan_chairs(p_clinic_id uuid, p_occupied tstzrange, p_now timestamptz, p_moved_id uuid, out plan chair_plan)
language plpgsql stable as $$
declare
    begins  timestamptz := case when upper(p_occupied) > p_now then greatest(lower(p_occupied), p_now) else lower(p_occupied) end;
    from_at timestamptz := begins;
    up_to   timestamptz;
    reach   timestamptz := upper(p_occupied);    -- end of the last visit on another chair than before
    nos     int[];
    since   timestamptz[];                   -- per chair: from when it is free in the new assignment
    kept    timestamptz[];
    fits    int[];
    full_up boolean;
    visit   record;
    place   int;
begin
    select array_agg(c.no order by c.no), array_agg(c.since order by c.no),
           array_agg(c.no order by c.no) filter (where not c.used && p_occupied),
           coalesce(range_intersect_agg(c.used + tstzmultirange(tstzrange(p_now, greatest(p_now, c.kept)))) && p_occupied, true)
      into nos, since, fits, full_up
      from (select r.no, r.kept, coalesce(range_agg(k.during), '{}') as used,
                   greatest(r.kept, '-infinity', max(upper(k.during)) filter (where k.fixed or lower(k.during) < begins)) as since
              from (select x.no, chair_kept_until(p_clinic_id => p_clinic_id, p_no => x.no, p_now => p_now) as kept from resources x
                     where x.clinic_id = p_clinic_id and x.kind = 'chair' and x.active) r
              left join chair_claims(p_clinic_id => p_clinic_id, p_from => lower(p_occupied), p_until => upper(p_occupied),
                                     p_now => p_now, p_moved_id => p_moved_id) k on k.no = r.no and not k.overdue
             group by r.no, r.kept) c;

    if fits is not null then
        plan.chair := fits[1];
        plan.during := p_occupied;
        plan.overdue := array(
            select k.appointment_id
              from chair_claims(p_clinic_id => p_clinic_id, p_from => lower(p_occupied), p_until => upper(p_occupied),
                                p_now => p_now, p_moved_id => p_moved_id) k
             where k.no = fits[1]);
        return;
    elsif full_up then
        return;
    end if;

    kept := since;
    while from_at < reach loop
        up_to := reach;
        for visit in
            select q.* from (
                select null::uuid as id, null::int as no, tstzrange(begins, upper(p_occupied)) as during where from_at = begins
                 union all
                select k.appointment_id, k.no, k.during
                  from chair_claims(p_clinic_id => p_clinic_id, p_from => from_at, p_until => up_to, p_now => p_now,
                                    p_moved_id => p_moved_id) k
                 where lower(k.during) >= from_at and not k.overdue) q
             order by lower(q.during), q.id nulls first
        loop
            place := array_position(nos, visit.no);
            continue when lower(visit.during) < kept[place];
            if place is null or since[place] > lower(visit.during) then
                select f.place into place from unnest(since) with ordinality f (free_since, place)
                 where f.free_since <= lower(visit.during)
                 order by coalesce((select lower(s.during) from slot_reservations s join appointments a on a.id = s.appointment_id
                                     where s.active and s.resource_no = nos[f.place] and lower(s.during) >= lower(visit.during)
                                       and a.id is distinct from p_moved_id and a.id is distinct from visit.id
                                       and not (a.status = 'held' and a.hold_expires_at <= p_now)
                                     order by lower(s.during) limit 1), 'infinity') desc, f.place
                 limit 1;
                if place is null then
                    plan := null;
                    return;
                elsif visit.id is null then
                    plan.chair := nos[place];
                    plan.during := visit.during;
                else
                    plan.moves := plan.moves || visit.id;
                    plan.leaves := plan.leaves || visit.no;
                    plan.takes := plan.takes || nos[place];
                    plan.times := plan.times || visit.during;
                    reach := greatest(reach, upper(visit.during));
                end if;
            end if;
            since[place] := upper(visit.during);
        end loop;
        from_at := up_to;
    end loop;
    plan.overdue := array(
        select k.appointment_id
          from chair_claims(p_clinic_id => p_clinic_id, p_from => begins, p_until => reach, p_now => p_now, p_moved_id => p_moved_id) k
         where k.overdue);
end $$;

-- Carries out the moves of a plan, whose appointment rows the caller has locked: ends all old claims, then makes the new ones.
-- False if a visit is no longer as planned; the caller must then roll back.
create function exchange_chairs(p_plan chair_plan) returns boolean language plpgsql as $$
declare
    n int;
begin
    update slot_reservations s set active = false
      from unnest(p_plan.moves, p_plan.leaves, p_plan.times) m (id, no, during)
      join appointments a on a.id = m.id and a.status in ('held', 'pending_approval', 'booked')
     where s.appointment_id = m.id and s.resource_no = m.no and s.during = m.during and s.active;
    get diagnostics n = row_count;
    if n < cardinality(p_plan.moves) then
        return false;
    end if;
    insert into slot_reservations (appointment_id, resource_no, during)
    select m.id, m.no, m.during from unnest(p_plan.moves, p_plan.takes, p_plan.times) m (id, no, during);
    update appointments a
       set version = a.version + 1, updated_at = clock_timestamp(), command_id = null, verb = 'assign_chair',
           actor = 'system', via = 'sweep', reason = null
     where a.id = any(p_plan.moves);
    return true;
end $$;
select secure_schema();

-- migrate:down
set local search_path = chairtime, pg_temp;
set local lock_timeout = '5s';
drop function exchange_chairs, plan_chairs, free_chairs, chair_kept_until, chair_claims, lock_chairs;
drop type chair_plan;
