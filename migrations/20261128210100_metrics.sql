-- Views for dashboards, over the bookings and the event log. Those by day have one row per calendar day in the clinic's zone, also
-- for days without bookings. Always filter them by `day`, and by clinic where there are many: each day is then read by an index.
-- migrate:up
set local search_path = chairtime, pg_temp;
set local lock_timeout = '5s';

create view calendar_days as select date '2000-01-01' + n as day from generate_series(0, 73413) as n;    -- to the end of 2200

-- The first instant of a local day. Where midnight comes twice, Postgres reads it as the second one: then this is an hour earlier.
create function start_of_day(p_day date, p_time_zone text) returns timestamptz language sql stable as $$
    select (p_day::timestamp at time zone p_time_zone)
         - case when (((p_day::timestamp at time zone p_time_zone) - interval '1 hour') at time zone p_time_zone)::date = p_day
                then interval '1 hour' else interval '0' end
$$;

-- The local days of the clinics. (`offset 0`: begins and ends are computed once per day, not for each row that is compared with them.)
create view clinic_days as
    select c.id as clinic_id, k.day, b.begins, b.ends
      from clinics c cross join calendar_days k
     cross join lateral (
           select start_of_day(p_day => k.day, p_time_zone => c.time_zone) as begins,
                  start_of_day(p_day => k.day + 1, p_time_zone => c.time_zone) as ends offset 0) b;

-- Booked time per dentist and day: the visits without their buffers, cut at midnight. Cancelled visits do not count, moved ones
-- count at their new time, and no-shows count separately, because that time was not used. `visits` are counted where they start.
-- Utilisation is booked_minutes divided by the offered minutes: the dentist's opening hours on that day (weekly hours, and
-- exceptions of dentist and clinic that open time) minus closed and blocked time, as the schedule is now: earlier versions of it
-- are not kept. These minutes are not in the view: only domain/hours.py expands opening hours (services/utilisation.py).
create view booked_time as
    select d.clinic_id, d.profile_id as dentist_id, k.day, v.visits, v.booked_minutes, v.no_show_minutes,
           d.bookable and p.active as bookable
      from dentists d
      join profiles p on p.id = d.profile_id
      join clinic_days k on k.clinic_id = d.clinic_id
     cross join lateral (
           select count(*) filter (where a.status <> 'no_show' and a.starts_at >= k.begins) as visits,
                  round(coalesce(sum(m.minutes) filter (where a.status <> 'no_show'), 0))::int as booked_minutes,
                  round(coalesce(sum(m.minutes) filter (where a.status = 'no_show'), 0))::int as no_show_minutes
             from appointments a
            cross join lateral (
                  select extract(epoch from least(a.ends_at, k.ends) - greatest(a.starts_at, k.begins)) / 60 as minutes) m
            where a.dentist_id = d.profile_id and a.starts_at > k.begins - interval '1 day' and a.starts_at < k.ends
              and a.ends_at > k.begins
              and a.status in ('booked', 'checked_in', 'in_treatment', 'completed', 'no_show')) v;

-- What became of the holds made on a day. Each booking begins as a hold; one that is booked directly counts as held and booked.
-- `booked`: they were booked, also if they were cancelled later; `given_up`: released, or cancelled before they were booked;
-- `open`: still held, or waiting for approval. The rates are of the holds that are not open; null if there are none.
create view hold_outcomes as
    select k.clinic_id, k.day, h.*, h.booked::float8 / nullif(h.holds - h.open, 0) as conversion_rate,
           h.expired::float8 / nullif(h.holds - h.open, 0) as expiry_rate
      from clinic_days k
     cross join lateral (
           select count(*) as holds, count(*) filter (where o.outcome = 'booked') as booked,
                  count(*) filter (where o.outcome = 'expired') as expired,
                  count(*) filter (where o.outcome = 'given_up') as given_up,
                  count(*) filter (where o.outcome = 'declined') as declined,
                  count(*) filter (where o.outcome = 'open') as open
             from appointments a
            cross join lateral (
                  select case when a.booked_at is not null then 'booked'
                              when a.status = 'expired' or a.status = 'held' and booking_deadline(a) <= now() then 'expired'
                              when a.status in ('released', 'cancelled') then 'given_up'
                              when a.status = 'declined' then 'declined'
                              else 'open' end as outcome) o
            where a.clinic_id = k.clinic_id and a.created_at >= k.begins and a.created_at < k.ends) h;

-- What became of the booked visits that start on a day. `attended`: the patient was checked in; `open`: nobody has said yet. The
-- rate is of the visits whose patient came or did not come; null if there are none.
create view visit_outcomes as
    select k.clinic_id, k.day, v.*, v.no_shows::float8 / nullif(v.attended + v.no_shows, 0) as no_show_rate
      from clinic_days k
     cross join lateral (
           select count(*) filter (where a.status in ('checked_in', 'in_treatment', 'completed')) as attended,
                  count(*) filter (where a.status = 'no_show') as no_shows,
                  count(*) filter (where a.status = 'cancelled' and a.booked_at is not null) as cancelled,
                  count(*) filter (where a.status = 'booked') as open
             from appointments a
            where a.clinic_id = k.clinic_id and a.starts_at >= k.begins and a.starts_at < k.ends) v;

-- How long before their start the visits of a day were booked, in hours; 0 for walk-ins. A moved visit counts from when it was
-- booked first to its new start. Null for days without visits.
create view lead_times as
    select k.clinic_id, k.day, v.*
      from clinic_days k
     cross join lateral (
           select count(*) as visits, avg(l.hours) as mean_hours,
                  percentile_cont(0.5) within group (order by l.hours) as median_hours,
                  percentile_cont(0.9) within group (order by l.hours) as p90_hours
             from appointments a
            cross join lateral (
                  select (greatest(extract(epoch from a.starts_at - a.booked_at), 0) / 3600)::float8 as hours) l
            where a.clinic_id = k.clinic_id and a.starts_at >= k.begins and a.starts_at < k.ends and a.booked_at is not null
              and a.status in ('booked', 'checked_in', 'in_treatment', 'completed', 'no_show')) v;

-- A BRIN index costs the relay next to nothing: rows are inserted in the order of this column.
create index realtime_events_sequenced on realtime_events using brin (sequenced_at) with (autosummarize = on);

-- The delay from a change to its number in the event log, per hour for as long as the log is kept. Null for hours without events.
create view event_latency as
    select h.hour, l.events, l.p[1] as p50_ms, l.p[2] as p95_ms, l.p[3] as p99_ms, l.max_ms
      from (select e.sequenced_at from realtime_events e order by e.seq limit 1) oldest
     cross join generate_series(date_trunc('hour', oldest.sequenced_at, 'UTC'), now(), interval '1 hour') as h(hour)
     cross join lateral (
           select count(*) as events, max(e.latency_ms) as max_ms,
                  percentile_cont(array[0.5, 0.95, 0.99]) within group (order by e.latency_ms) as p
             from realtime_events e
            where e.sequenced_at >= h.hour and e.sequenced_at < h.hour + interval '1 hour') l;
select secure_schema();

-- migrate:down
set local search_path = chairtime, pg_temp;
set local lock_timeout = '5s';
drop view event_latency, lead_times, visit_outcomes, hold_outcomes, booked_time, clinic_days, calendar_days;
drop function start_of_day;
drop index realtime_events_sequenced;
