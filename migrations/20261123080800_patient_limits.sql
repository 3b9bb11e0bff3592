-- Limits on what one patient may hold and book (docs/limits.md).
-- migrate:up
set local search_path = chairtime, pg_temp;
set local lock_timeout = '5s';

-- Why a patient may not take more: null, or `quota` (live holds), `booking_quota` (live visits ahead), `cooldown` (held
-- overlapping time with this dentist and gave it up too often). `held_until`: when that ends by itself. Asked under the advisory
-- lock on the patient. p_limits, from domain/booking.py: {holds, bookings, free_releases, release_window}; a missing one does not
-- bind. Bookings that staff made do not count for the last two.
create function patient_limit(p_patient uuid, p_dentist_no int, p_slot tstzrange, p_limits jsonb, p_at timestamptz,
    out outcome text, out held_until timestamptz)
language plpgsql stable as $$
declare
    n int;
begin
    select count(*), min(a.hold_expires_at) into n, held_until
      from appointments a where a.patient_id = p_patient and a.status = 'held' and a.hold_expires_at > p_at;
    if n >= (p_limits ->> 'holds')::int then
        outcome := 'quota';
        return;
    end if;

    select count(*), min(least(a.starts_at, case a.status when 'held' then a.hold_expires_at end)) into n, held_until
      from appointments a
     where a.patient_id = p_patient and a.starts_at > p_at and made_by_patient(a)
       and (a.status in ('pending_approval', 'booked') or a.status = 'held' and a.hold_expires_at > p_at);
    if n >= (p_limits ->> 'bookings')::int then
        outcome := 'booking_quota';
        return;
    end if;

    -- an overdue hold has expired, swept or not; a hold that was cancelled was given up; what staff end does not count
    with given_up as (
        select case when a.status in ('released', 'cancelled') then least(a.updated_at, a.hold_expires_at)
                    else a.hold_expires_at end as at, (a.policy ->> 'hold_for')::float8 as hold_for
          from appointments a join dentists d on d.profile_id = a.dentist_id
         where a.patient_id = p_patient and d.resource_no = p_dentist_no
           and a.starts_at < upper(p_slot) and a.ends_at > lower(p_slot)
           and a.starts_at > lower(p_slot) - interval '1 day'       -- no visit is longer; for the index
           and (a.status = 'expired' or a.status = 'held' and a.hold_expires_at <= p_at
                or a.actor ~ '^(patient|agent):' and (
                    a.status = 'released' or a.status = 'cancelled' and a.booked_at is null and a.approval_expires_at is null))
           and made_by_patient(a)
    ), last as (
        select max(g.at) as at from given_up g
    )
    select count(*), max(g.at + make_interval(secs => g.hold_for)) into n, held_until  -- a short hold ends no longer wait
      from given_up g, last l where g.at > l.at - make_interval(secs => (p_limits ->> 'release_window')::float8);
    outcome := case when n > (p_limits ->> 'free_releases')::int and held_until > p_at then 'cooldown' end;
end $$;
select secure_schema();

-- migrate:down
set local search_path = chairtime, pg_temp;
set local lock_timeout = '5s';
drop function patient_limit;
