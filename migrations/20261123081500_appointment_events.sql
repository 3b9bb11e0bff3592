-- Events of bookings: `appointment.*` for those who may see them, `slot.*` for everyone.
-- migrate:up
set local search_path = chairtime, pg_temp;
set local lock_timeout = '5s';

-- The kind of event of a change; all kinds are listed in domain/events.py.
create function appointment_event_kind(p_from_status text, p_to_status text, p_verb text) returns text language sql immutable as $$
    select 'appointment.' || case
        when p_to_status is distinct from p_from_status then
            case p_to_status when 'pending_approval' then 'approval_requested' when 'in_treatment' then 'started' else p_to_status end
        else case p_verb when 'extend' then 'extended' when 'reschedule' then 'rescheduled'
                         when 'edit' then 'edited' when 'lapse' then 'lapsed'
                         when 'assign_chair' then 'chair_assigned' end
    end
$$;

-- The payload of a booking's event: ids, codes and times, no text that a person wrote.
-- (One expression, so that Postgres inlines it.)
create function appointment_payload(a appointments, p_type_slug text, p_time_zone text) returns jsonb language sql stable as $$
    select jsonb_strip_nulls(jsonb_build_object(
        'id', a.id, 'clinic_id', a.clinic_id, 'dentist_id', a.dentist_id, 'patient_id', a.patient_id,
        'appointment_type', p_type_slug, 'status', a.status, 'starts_at', a.starts_at, 'ends_at', a.ends_at,
        'time_zone', p_time_zone, 'hold_expires_at', case when a.status = 'held' then a.hold_expires_at end,
        'cancelled_by', a.cancelled_by, 'cancel_reason', a.cancel_reason, 'lapsed_at', a.lapsed_at,
        'actor', split_part(a.actor, ':', 1)))
$$;

-- Who may see a booking besides admins. Whether the agent still acts for the patient, and the guardian is
-- still linked, is checked when an event is delivered.
create function appointment_audience(a appointments) returns uuid[] language sql stable as $$
    select array_remove(array[a.patient_id, a.dentist_id, a.agent_id,
                              (select l.guardian_id from patient_links l where l.patient_id = a.patient_id)], null)
$$;

-- The state of a slot in public events: free, held or booked.
create function slot_state(p_status text) returns text language sql immutable as $$
    select case when p_status = 'held' then 'held' when is_live(p_status) then 'booked' else 'free' end
$$;

-- The starts of all visits, of any type of the clinic, that would overlap this occupied time.
create function affected_starts(p_clinic_id uuid, p_occupied tstzrange) returns tstzrange language sql stable as $$
    select tstzrange(lower(p_occupied) - max(t.duration + t.buffer_after), upper(p_occupied) + max(t.buffer_before))
      from appointment_types t where t.clinic_id = p_clinic_id
$$;

-- Readers load the dentist's starts in [`from`, `until`) again.
create function slot_payload(a appointments, p_state text) returns jsonb language sql stable as $$
    select jsonb_strip_nulls(jsonb_build_object('dentist_id', a.dentist_id, 'starts_at', a.starts_at, 'ends_at', a.ends_at,
        'state', p_state, 'held_until', case when p_state = 'held' then a.hold_expires_at end,
        'from', lower(s.starts), 'until', upper(s.starts)))
      from affected_starts(p_clinic_id => a.clinic_id, p_occupied => occupied_time(a)) as s(starts)
$$;

create function publish_appointment_insert() returns trigger language plpgsql as $$
begin
    insert into outbox (topic, kind, entity_id, version, audience, payload)
    select 'appointments', appointment_event_kind(p_from_status => null, p_to_status => n.status, p_verb => n.verb), n.id, n.version,
           appointment_audience(n), appointment_payload(a => n, p_type_slug => t.slug, p_time_zone => c.time_zone)
      from new_rows n join appointment_types t on t.id = n.type_id join clinics c on c.id = n.clinic_id
     union all
    select 'availability', 'slot.' || slot_state(n.status), n.dentist_id, null, null, slot_payload(a => n, p_state => slot_state(n.status))
      from new_rows n where is_live(n.status);
    return null;
end $$;
create trigger appointments_published_insert after insert on appointments
    referencing new table as new_rows for each statement execute function publish_appointment_insert();

-- The audience is everybody who can see the booking after the change. Those who lose access only get `appointment.removed`.
create function publish_appointment_update() returns trigger language plpgsql as $$
begin
    insert into outbox (topic, kind, entity_id, version, audience, payload)
    select 'appointments', appointment_event_kind(p_from_status => o.status, p_to_status => n.status, p_verb => n.verb), n.id, n.version,
           appointment_audience(n), appointment_payload(a => n, p_type_slug => t.slug, p_time_zone => c.time_zone)
      from new_rows n join old_rows o using (id)
      join appointment_types t on t.id = n.type_id join clinics c on c.id = n.clinic_id
     order by n.id;

    insert into outbox (topic, kind, entity_id, version, audience, payload)
    select 'appointments', 'appointment.removed', n.id, n.version, array[o.dentist_id],
           jsonb_strip_nulls(jsonb_build_object(
               'id', n.id, 'clinic_id', case when n.clinic_id <> o.clinic_id then o.clinic_id end,
               'new_clinic_id', case when n.clinic_id <> o.clinic_id then n.clinic_id end))
      from new_rows n join old_rows o using (id) where n.dentist_id <> o.dentist_id order by n.id;

    insert into outbox (topic, kind, entity_id, version, audience, payload)
    select 'availability', 'slot.' || x.state, x.dentist_id, null, null, x.payload
      from (select 1 as step, 'free' as state, o.dentist_id, slot_payload(a => o, p_state => 'free') as payload
              from new_rows n join old_rows o using (id)
             where is_live(o.status) and (not is_live(n.status) or (o.dentist_id, o.starts_at, o.ends_at, occupied_time(o))
                   <> (n.dentist_id, n.starts_at, n.ends_at, occupied_time(n)))
             union all
            select 2, slot_state(n.status), n.dentist_id, slot_payload(a => n, p_state => slot_state(n.status))
              from new_rows n join old_rows o using (id)
             where is_live(n.status)
               and (slot_state(o.status), o.dentist_id, o.starts_at, o.ends_at, occupied_time(o), o.hold_expires_at) is distinct from
                   (slot_state(n.status), n.dentist_id, n.starts_at, n.ends_at, occupied_time(n), n.hold_expires_at)) x
     order by x.step;
    return null;
end $$;
create trigger appointments_published_update after update on appointments
    referencing old table as old_rows new table as new_rows for each statement execute function publish_appointment_update();
select secure_schema();

-- migrate:down
set local search_path = chairtime, pg_temp;
set local lock_timeout = '5s';
drop trigger appointments_published_update on appointments;
drop trigger appointments_published_insert on appointments;
drop function publish_appointment_update, publish_appointment_insert, slot_payload, affected_starts, slot_state, appointment_audience,
    appointment_payload, appointment_event_kind;
