-- Limits on what one patient may hold and book (docs/limits.md).
-- migrate:up
set local search_path = chairtime, pg_temp;
set local lock_timeout = '5s';

-- Which limit a patient has reached, or null: `quota` (holds), `booking_quota` (visits ahead), `cooldown` (gave up holds of
-- overlapping time with this dentist too often). `held_until`: when the limit ends by itself.
-- `p_limits`, from domain/booking.py: {holds, bookings, free_releases, release_window}; a missing one does not apply. Bookings made
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
drop function patient_limit;
