-- The rows of a busy practice, written without triggers. $1: an agent who made some of the bookings.
insert into profiles (id, role, full_name, search, created_by, created_as)
select md5('p' || n)::uuid, 'patient', 'Patient ' || n,
       array_to_tsvector(array['patient', n::text]), case when n % 50 = 0 then $1::uuid end,
       case when n % 50 = 0 then 'agent' end
  from generate_series(1, 4000) n;

insert into resources (kind, profile_id)
select 'patient', id from profiles p
 where role = 'patient' and not exists (select from resources r where r.profile_id = p.id);

insert into appointments
       (id, clinic_id, dentist_id, patient_id, type_id, status, starts_at, ends_at, policy, caller,
        maker, verb, actor, via, hold_expires_at, updated_at)
select md5('a' || n)::uuid, d.clinic_id, d.profile_id, md5('p' || n % 4000 + 1)::uuid, t.id,
       case when n <= 14000 then 'completed' when n % 200 = 0 then 'held' else 'booked' end,
       at, at + interval '10 min', '{"buffer_before": 0, "buffer_after": 0}',
       md5('p' || n % 4000 + 1)::uuid,
       case when n % 20 = 0 then 'agent:' || $1::uuid else 'patient:' || md5('p' || n % 4000 + 1)::uuid end,
       'confirm', 'system', 'sweep', now() + interval '1 h', now() - interval '1 h'
  from generate_series(1, 15000) n
  join (select row_number() over (order by profile_id) - 1 as i, * from dentists) d on d.i = n % 3
  join appointment_types t on t.clinic_id = d.clinic_id and t.slug = 'checkup',
       lateral (select date_trunc('day', now()) + make_interval(days => 20, mins => 10 * (n - 14000)) as at) x;

insert into slot_reservations (appointment_id, resource_no, during, active)
select a.id, r.no, tstzrange(a.starts_at, a.ends_at), is_live(a.status)
  from appointments a join resources r on r.profile_id in (a.dentist_id, a.patient_id);

insert into appointment_transitions (appointment_id, version, verb, to_status, actor, via)
select id, 1, 'hold', 'held', 'system', 'sweep' from appointments;

insert into workflow_inbox (appointment_id, verb, actor, version, is_new, not_before)
select id, 'hold', 'system', 1, false, now() + interval '1 h' from appointments
 where status = 'completed' limit 5000;

insert into idempotency_keys (caller, route, key_hash, target, fingerprint)
select md5('p' || n)::uuid, 'POST /', sha256(n::text::bytea), 't', sha256('f') from generate_series(1, 5000) n;

insert into patient_grants (patient_id, agent_id) select id, case when full_name like '%00' then $1::uuid else md5(full_name)::uuid end
  from profiles where role = 'patient';
insert into profile_reads (profile_id, reader) select id, 'system' from profiles;
insert into stream_tickets (hash, caller, topics, until, expires_at)
select sha256(n::text::bytea), 'system', '{appointments}', 0, now() + interval '1 min' from generate_series(1, 3000) n;

select realtime_roll(p_ahead => 6000);
insert into realtime_events
       (seq, topic, kind, entity_id, payload, occurred_at, sequenced_at, latency_ms)
select n, 'appointments', 'appointment.held', md5('a' || n)::uuid, '{}', now(), now(), 1
  from generate_series(1, 5000) n;
update realtime_epoch set head = 5000;
