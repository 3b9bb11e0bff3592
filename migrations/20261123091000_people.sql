-- Editing of profiles, clinics and types (versions, creators, erasure), and the events of profiles.
-- migrate:up
set local search_path = chairtime, pg_temp;

alter table profiles add column created_by uuid references profiles,      -- who made it for them; an agent's patients
                     add column created_as text,                          -- their role then
                     add column erased_at  timestamptz;
create index profiles_created_by on profiles (created_by, full_name, id) where created_by is not null;
create index profiles_name on profiles (full_name, id);

-- The search words of people, computed by domain/names.py, because Postgres' own parser splits many scripts wrongly.
alter table profiles add column search tsvector not null default '';
create index profiles_words on profiles using gin (search);

alter table clinics           add column version    int         not null default 1,
                              add column updated_at timestamptz not null default clock_timestamp();
alter table appointment_types add column version    int         not null default 1,
                              add column updated_at timestamptz not null default clock_timestamp();
alter table resources         add column version    int         not null default 1,
                              add column updated_at timestamptz not null default clock_timestamp();
create unique index resources_chair_name
    on resources (clinic_id, lower(regexp_replace(normalize(name, NFKC), '\s+', ' ', 'g'))) where kind = 'chair';

-- Who may see a profile besides admins: its owner and, for patients, its creator while they still have the role of that time.
create function profile_audience(n profiles) returns uuid[] language sql stable as $$
    select array[n.id] || array(select c.id from profiles c
                                 where c.id = n.created_by and c.role = n.created_as and n.role = 'patient')
$$;

-- The payload of a profile's event: ids, role and active flag, no personal data.
create function profile_payload(p profiles) returns jsonb language sql immutable as $$
    select jsonb_build_object('id', p.id, 'role', p.role, 'active', p.active)
$$;

create function profiles_published() returns trigger language plpgsql as $$
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
    referencing new table as new_rows for each statement execute function profiles_published();
create trigger profiles_published_update after update on profiles
    referencing old table as old_rows new table as new_rows for each statement execute function profiles_published();

-- Audit log of staff reading patients' profiles: ids and times only, append-only.
create table profile_reads (
    id         bigint generated always as identity primary key,
    profile_id uuid not null references profiles,
    reader     text not null,                             -- role:id
    at         timestamptz not null default clock_timestamp()
);
create index profile_reads_profile on profile_reads (profile_id, at);
create trigger profile_reads_append_only before update or delete or truncate on profile_reads
    for each statement execute function refuse_change();

-- Refuses a change that would leave no active admin. The lock serialises such changes, so that the second sees the result of
-- the first.
create function keep_an_admin() returns trigger language plpgsql as $$
begin
    perform pg_advisory_xact_lock(9, 0);
    if not exists (select from profiles p where p.role = 'admin' and p.active and p.id <> old.id) then
        raise exception 'this is the last active admin' using errcode = 'CT010';
    end if;
    return new;
end $$;
create trigger profiles_keep_an_admin before update on profiles for each row
    when (old.role = 'admin' and old.active and not (new.role = 'admin' and new.active)) execute function keep_an_admin();

-- Creates the first admin of a database that has none; true if it was created now. Uses the same lock, as two may call at once.
-- Somebody who called before their role was set has a patient profile: it becomes an admin's, and their grants are deleted.
create function add_first_admin(p_id uuid) returns boolean language plpgsql as $$
declare
    made boolean;
begin
    perform pg_advisory_xact_lock(9, 0);
    if exists (select from profiles p where p.role = 'admin') then
        return false;
    end if;
    insert into profiles as p (id, role, full_name) values (p_id, 'admin', '')
    on conflict (id) do update set role = 'admin', version = p.version + 1, updated_at = clock_timestamp()
     where p.role = 'patient' and p.active
    returning true into made;
    delete from patient_grants g where made and g.patient_id = p_id;
    return coalesce(made, false);
end $$;

-- Refuses text about an erased person, whoever writes it.
alter table profiles add constraint profiles_erased_are_blank check (erased_at is null
    or (full_name = '' and email is null and phone is null and time_zone is null and locale is null));

create function refuse_text_of_erased() returns trigger language plpgsql as $$
begin
    perform from profiles p where p.id = new.patient_id and p.erased_at is null for share;
    if not found then
        raise exception 'this patient is erased' using errcode = 'CT011';
    end if;
    return new;
end $$;
create trigger appointments_text_added before insert on appointments for each row
    when (new.notes <> '' or new.staff_notes <> '' or new.cancel_note <> '') execute function refuse_text_of_erased();
create trigger appointments_text_edited before update on appointments for each row
    when (new.notes <> '' and new.notes is distinct from old.notes
          or new.staff_notes <> '' and new.staff_notes is distinct from old.staff_notes
          or new.cancel_note <> '' and new.cancel_note is distinct from old.cancel_note)
    execute function refuse_text_of_erased();

-- Erases a person's data: texts they wrote, and fields that identify them; for patients also texts about their visits, for
-- dentists the reasons of their exceptions. Times, statuses and the audit trail stay; each booking that had text gets a new
-- version. Locks grants (by the caller), profile, dentist and bookings, in the same order as all writers of such texts, so that
-- earlier writes are erased and counted, and later ones find the person erased.
create function profile_erase(p_id uuid, p_actor text, out profile int, out notes int, out cancel_notes int, out staff_notes int,
    out schedule_reasons int, out live_appointments int)
language plpgsql as $$
begin
    perform from profiles p where p.id = p_id for no key update;
    if not found then
        return;
    end if;
    update profiles p
       set full_name = '', email = null, phone = null, time_zone = null, locale = null, active = false, search = '',
           erased_at = clock_timestamp(), version = p.version + 1, updated_at = clock_timestamp()
     where p.id = p_id and p.erased_at is null;
    get diagnostics profile = row_count;
    perform from dentists d where d.profile_id = p_id for update;
    update dentists d set bio = null, specialty = '', bookable = false where d.profile_id = p_id;
    update resources r set name = null, active = false where r.profile_id = p_id;
    update schedule_exceptions e set reason = null
      from resources r where r.no = e.resource_no and r.profile_id = p_id and e.reason is not null;
    get diagnostics schedule_reasons = row_count;

    perform from appointments a where a.patient_id = p_id order by a.id for no key update;
    select count(a.notes), count(a.cancel_note), count(a.staff_notes) into notes, cancel_notes, staff_notes
      from appointments a where a.patient_id = p_id;
    select count(*) into live_appointments from appointments a
     where (a.patient_id = p_id or a.dentist_id = p_id) and is_live(a.status) and a.lapsed_at is null
       and (a.status <> 'held' or a.hold_expires_at > clock_timestamp());
    update appointments a
       set notes = null, cancel_note = null, staff_notes = null, version = a.version + 1, updated_at = clock_timestamp(),
           command_id = null, verb = 'edit', actor = p_actor, via = 'sweep', reason = 'erased'
     where a.patient_id = p_id and (a.notes is not null or a.cancel_note is not null or a.staff_notes is not null);
end $$;
select secure_schema();

-- migrate:down
set local search_path = chairtime, pg_temp;
drop trigger appointments_text_edited on appointments;
drop trigger appointments_text_added on appointments;
drop function refuse_text_of_erased;
alter table profiles drop constraint profiles_erased_are_blank;
drop table profile_reads;
drop function profile_erase, add_first_admin;
drop trigger profiles_keep_an_admin on profiles;
drop function keep_an_admin;
drop trigger profiles_published_update on profiles;
drop trigger profiles_published_insert on profiles;
drop function profiles_published, profile_payload, profile_audience;
drop index resources_chair_name;
alter table resources drop column version, drop column updated_at;
alter table appointment_types drop column version, drop column updated_at;
alter table clinics drop column version, drop column updated_at;
drop index profiles_words, profiles_name, profiles_created_by;
alter table profiles drop column search, drop column created_by, drop column created_as, drop column erased_at;
