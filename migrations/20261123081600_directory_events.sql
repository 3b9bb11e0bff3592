-- Events of people, and `schedule.changed` for hours, exceptions, dentists, types and chairs: readers reload the starts that are
-- offered. Bookings publish `slot.*` (appointment_events.sql).
-- migrate:up
set local search_path = chairtime, pg_temp;
set local lock_timeout = '5s';

-- Who may see a profile besides admins: its owner and, for patients, its creator while they still have the role they had then.
create function profile_audience(n profiles) returns uuid[] language sql stable as $$
    select array[n.id] || array(select c.id from profiles c
                                 where c.id = n.created_by and c.role = n.created_as and n.role = 'patient')
$$;

-- The payload of a profile's event: ids, role and active flag, no personal data. `clinic_ids`: of a receptionist.
create function profile_payload(p profiles) returns jsonb language sql stable as $$
    select jsonb_strip_nulls(jsonb_build_object('id', p.id, 'role', p.role, 'active', p.active,
        'clinic_ids', case when p.role = 'desk' then
            (select jsonb_agg(s.clinic_id order by s.clinic_id) from staff_clinics s where s.profile_id = p.id) end))
$$;

create function publish_profiles() returns trigger language plpgsql as $$
begin
    if tg_op = 'INSERT' then
        insert into outbox (topic, kind, entity_id, version, audience, payload)
        select 'profiles', 'profile.created', n.id, n.version, profile_audience(n), profile_payload(n)
          from new_rows n order by n.id;
    else
        insert into outbox (topic, kind, entity_id, version, audience, payload)
        select 'profiles', case when n.erased_at is distinct from o.erased_at then 'profile.erased' else 'profile.changed' end,
               n.id, n.version, profile_audience(n), profile_payload(n)
          from new_rows n join old_rows o using (id) order by n.id;
    end if;
    return null;
end $$;
create trigger profiles_published_insert after insert on profiles
    referencing new table as new_rows for each statement execute function publish_profiles();
create trigger profiles_published_update after update on profiles
    referencing old table as old_rows new table as new_rows for each statement execute function publish_profiles();

-- Readers load the dentist's starts in `p_starts` again; null stands for all.
create function schedule_payload(p_dentist_id uuid, p_starts tstzrange) returns jsonb language sql immutable as $$
    select jsonb_build_object('dentist_id', p_dentist_id, 'from', lower(p_starts), 'until', upper(p_starts))
$$;

-- Hours and exceptions changed, so the schedule has a new version.
create function publish_schedule_versions() returns trigger language plpgsql as $$
begin
    insert into outbox (topic, kind, entity_id, version, audience, payload)
    select 'availability', 'schedule.changed', n.profile_id, n.schedule_version, null,
           schedule_payload(p_dentist_id => n.profile_id, p_starts => null)
      from new_rows n join old_rows o using (profile_id)
     where n.schedule_version <> o.schedule_version
     order by n.profile_id;
    return null;
end $$;
create trigger schedules_published after update on dentists
    referencing old table as old_rows new table as new_rows for each statement execute function publish_schedule_versions();

-- Tells readers to reload all starts of these dentists, and of all dentists of these clinics.
create function publish_schedule_changed(p_dentist_ids uuid[], p_clinic_ids uuid[]) returns void language plpgsql as $$
begin
    -- a dentist who is being added at the same time is waited for, or waits (publish_dentist)
    perform from clinics c where c.id = any(p_clinic_ids) order by c.id for no key update;
    insert into outbox (topic, kind, entity_id, version, audience, payload)
    select 'availability', 'schedule.changed', q.id, null, null, schedule_payload(p_dentist_id => q.id, p_starts => null)
      from (select unnest(p_dentist_ids) as id
             union
            select d.profile_id from dentists d where d.clinic_id = any(p_clinic_ids)) q
     order by q.id;
end $$;

create function publish_dentist() returns trigger language plpgsql as $$
begin
    perform from clinics c where c.id = new.clinic_id for share;
    perform publish_schedule_changed(p_dentist_ids => array[coalesce(new.profile_id, old.profile_id)], p_clinic_ids => '{}');
    return null;
end $$;
create trigger dentist_published after insert or delete on dentists for each row execute function publish_dentist();
create trigger dentist_published_update after update on dentists for each row
    when ((old.clinic_id, old.resource_no, old.specialty, old.bookable)
          is distinct from (new.clinic_id, new.resource_no, new.specialty, new.bookable))
    execute function publish_dentist();

create function publish_person() returns trigger language plpgsql as $$
begin
    perform publish_schedule_changed(
        p_dentist_ids => array(select d.profile_id from dentists d where d.profile_id = new.id), p_clinic_ids => '{}');
    return null;
end $$;
create trigger person_published after update on profiles for each row
    when ((old.active, old.role) is distinct from (new.active, new.role)) execute function publish_person();

create function publish_clinic() returns trigger language plpgsql as $$
begin
    perform publish_schedule_changed(p_dentist_ids => '{}', p_clinic_ids => array[new.clinic_id, old.clinic_id]);
    return null;
end $$;
create trigger type_published after insert or delete on appointment_types for each row execute function publish_clinic();
create trigger type_published_update after update on appointment_types for each row
    when (to_jsonb(old) - '{name,version,updated_at}'::text[] is distinct from to_jsonb(new) - '{name,version,updated_at}'::text[])
    execute function publish_clinic();
create trigger chair_published_insert after insert on resources for each row
    when (new.kind = 'chair') execute function publish_clinic();
create trigger chair_published_delete after delete on resources for each row
    when (old.kind = 'chair') execute function publish_clinic();
create trigger chair_published_update after update on resources for each row
    when (old.kind = 'chair' and (old.active, old.clinic_id) is distinct from (new.active, new.clinic_id))
    execute function publish_clinic();
select secure_schema();

-- migrate:down
set local search_path = chairtime, pg_temp;
set local lock_timeout = '5s';
drop trigger chair_published_update on resources;
drop trigger chair_published_delete on resources;
drop trigger chair_published_insert on resources;
drop trigger type_published_update on appointment_types;
drop trigger type_published on appointment_types;
drop trigger person_published on profiles;
drop trigger dentist_published_update on dentists;
drop trigger dentist_published on dentists;
drop trigger schedules_published on dentists;
drop trigger profiles_published_update on profiles;
drop trigger profiles_published_insert on profiles;
drop function publish_clinic, publish_person, publish_dentist, publish_schedule_changed, publish_schedule_versions, schedule_payload,
    publish_profiles, profile_payload, profile_audience;
