-- Limits on what one patient may hold and book (docs/limits.md).
-- migrate:up
set local search_path = chairtime, pg_temp;
set local lock_timeout = '5s';

-- Which limit on holds of agents and conversations is reached, or null: `conversation_quota` (live holds of one conversation),
-- `agent_quota` (of one agent), `dentist_day_quota` (of all agents on one day of a dentist). Until `held_until`.
-- `p_limits`: {conversation, conversation_holds, agent_id, agent_holds, agent_day_holds}; a missing one does not apply. The caller
-- holds the advisory locks on the dentist and on whoever holds (lock_holder).
create function conversation_limit(p_dentist_no int, p_visit tstzrange, p_limits jsonb, p_now timestamptz,
    out outcome text, out held_until timestamptz)
language plpgsql stable as $$
declare
    n     int;
    agent uuid := (p_limits ->> 'agent_id')::uuid;
begin
    if p_limits ->> 'conversation_holds' is not null then
        select count(*), min(a.hold_expires_at) into n, held_until
          from appointments a
         where a.conversation_hash = decode(p_limits ->> 'conversation', 'hex') and a.status = 'held' and a.hold_expires_at > p_now;
        if n >= (p_limits ->> 'conversation_holds')::int then
            outcome := 'conversation_quota';
            return;
        end if;
    end if;
    if p_limits ->> 'agent_holds' is not null then
        select count(*), min(a.hold_expires_at) into n, held_until
          from appointments a where a.agent_id = agent and a.status = 'held' and a.hold_expires_at > p_now;
        if n >= (p_limits ->> 'agent_holds')::int then
            outcome := 'agent_quota';
            return;
        end if;
    end if;
    if p_limits ->> 'agent_day_holds' is not null then
        select count(*), min(a.hold_expires_at) into n, held_until
          from dentists d
          join clinics c on c.id = d.clinic_id
         cross join lateral (select (lower(p_visit) at time zone c.time_zone)::date as day) visit
          join appointments a on a.dentist_id = d.profile_id and a.status = 'held' and a.hold_expires_at > p_now
               and a.agent_id is not null and (a.starts_at at time zone c.time_zone)::date = visit.day
               and a.starts_at between lower(p_visit) - interval '2 days' and lower(p_visit) + interval '2 days'    -- for the index
         where d.resource_no = p_dentist_no;
        if n >= (p_limits ->> 'agent_day_holds')::int then
            outcome := 'dentist_day_quota';
            return;
        end if;
    end if;
    held_until := null;
end $$;

-- Makes the holds of one agent or conversation take turns until the transaction ends. To be called before all other locks.
create function lock_holder(p_caller uuid, p_limits jsonb) returns void language plpgsql as $$
begin
    if p_limits ->> 'conversation_holds' is not null or p_limits ->> 'agent_holds' is not null then
        perform pg_advisory_xact_lock(11, hashtext(p_caller::text));
    end if;
end $$;

-- Which limit a patient has reached, or null: `quota` (holds), `booking_quota` (visits ahead), `cooldown` (gave up holds of
-- overlapping time with this dentist too often). `held_until`: when the limit ends by itself.
-- `p_limits`, from domain/patient_limits.py: {holds, bookings, free_releases, release_window}; a missing one does not apply. Bookings made
-- by staff do not count for the last two. Linked patients count together with their guardian. The caller holds the advisory locks on
-- the patient and on the family.
create function patient_limit(p_patient_id uuid, p_dentist_no int, p_visit tstzrange, p_limits jsonb, p_now timestamptz,
    out outcome text, out held_until timestamptz)
language plpgsql stable as $$
declare
    n      int;
    family uuid[] := family_of(p_patient_id);
begin
    select count(*), min(a.hold_expires_at) into n, held_until
      from appointments a where a.patient_id = any(family) and a.status = 'held' and a.hold_expires_at > p_now;
    if n >= (p_limits ->> 'holds')::int then
        outcome := 'quota';
        return;
    end if;

    select count(*), min(least(a.starts_at, case a.status when 'held' then a.hold_expires_at end)) into n, held_until
      from appointments a
     where a.patient_id = any(family) and a.starts_at > p_now and made_by_patient(a)
       and (a.status in ('pending_approval', 'booked') or a.status = 'held' and a.hold_expires_at > p_now);
    if n >= (p_limits ->> 'bookings')::int then
        outcome := 'booking_quota';
        return;
    end if;

    -- given up: released, cancelled or expired holds, swept or not; not those that staff ended
    with given_up as (
        select case when a.status in ('released', 'cancelled') then least(a.updated_at, a.hold_expires_at)
                    else a.hold_expires_at end as at, (a.policy ->> 'hold_for')::float8 as hold_for
          from appointments a join dentists d on d.profile_id = a.dentist_id
         where a.patient_id = any(family) and d.resource_no = p_dentist_no
           and a.starts_at < upper(p_visit) and a.ends_at > lower(p_visit)
           and a.starts_at > lower(p_visit) - interval '1 day'       -- no visit is longer; for the index
           and (a.status = 'expired' or a.status = 'held' and a.hold_expires_at <= p_now
                or a.actor ~ '^(patient|agent):' and (
                    a.status = 'released' or a.status = 'cancelled' and a.booked_at is null and a.approval_expires_at is null))
           and made_by_patient(a)
    ), last as (
        select max(g.at) as at from given_up g
    )
    select count(*), max(g.at + make_interval(secs => g.hold_for)) into n, held_until  -- a short hold, a short wait
      from given_up g, last l where g.at > l.at - make_interval(secs => (p_limits ->> 'release_window')::float8);
    outcome := case when n > (p_limits ->> 'free_releases')::int and held_until > p_now then 'cooldown' end;
end $$;
select secure_schema();

-- migrate:down
set local search_path = chairtime, pg_temp;
set local lock_timeout = '5s';
drop function patient_limit, lock_holder, conversation_limit;
