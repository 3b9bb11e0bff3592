-- People and places as staff edit them: versions, who made whom, erasure; and the events of profiles.
-- migrate:up
set local search_path = chairtime, pg_temp;

alter table profiles add column created_by uuid references profiles,      -- who made it for them; an agent's patients
                     add column erased_at  timestamptz;
create index profiles_created_by on profiles (created_by, full_name, id) where created_by is not null;
create index profiles_name on profiles (full_name, id);

-- The words one can search people by. `simple`: names are in no language.
create function profile_words(p profiles) returns tsvector language sql immutable as $$
    select to_tsvector('simple', regexp_replace(concat_ws(' ', p.full_name, p.email, p.phone), '[^[:alnum:]]+', ' ', 'g'))
$$;
create index profiles_words on profiles using gin (profile_words(profiles.*));

alter table clinics           add column version    int         not null default 1,
                              add column updated_at timestamptz not null default clock_timestamp();
alter table appointment_types add column version    int         not null default 1,
                              add column updated_at timestamptz not null default clock_timestamp();
alter table resources         add column version    int         not null default 1,
                              add column updated_at timestamptz not null default clock_timestamp();
create unique index resources_chair_name on resources (clinic_id, name) where kind = 'chair';

-- Ids and what decides about rights; nothing personal.
create function profile_payload(p profiles) returns jsonb language sql immutable as $$
    select jsonb_build_object('id', p.id, 'role', p.role, 'active', p.active)
$$;

create function profiles_published() returns trigger language plpgsql as $$
begin
    if tg_op = 'INSERT' then
        insert into outbox (topic, kind, entity_id, version, audience, payload)
        select 'profiles', 'profile.created', n.id, n.version, array_remove(array[n.id, n.created_by], null), profile_payload(n)
          from new_rows n order by n.id;
    else
        insert into outbox (topic, kind, entity_id, version, audience, payload)
        select 'profiles', case when n.erased_at is distinct from o.erased_at then 'profile.erased' else 'profile.changed' end,
               n.id, n.version, array_remove(array[n.id, n.created_by], null), profile_payload(n)
          from new_rows n join old_rows o using (id) order by n.id;
    end if;
    return null;
end $$;
create trigger profiles_published_insert after insert on profiles
    referencing new table as new_rows for each statement execute function profiles_published();
create trigger profiles_published_update after update on profiles
    referencing old table as old_rows new table as new_rows for each statement execute function profiles_published();

-- Takes out of the records what a person wrote or is known by. Times, statuses and the audit trail stay; each booking
-- that had text has one version more.
create function profile_erase(p_id uuid, p_actor text, out profile int, out notes int, out cancel_notes int, out live_appointments int)
language plpgsql as $$
begin
    update profiles p
       set full_name = '', email = null, phone = null, time_zone = null, locale = null, active = false,
           erased_at = coalesce(p.erased_at, clock_timestamp()), version = p.version + 1, updated_at = clock_timestamp()
     where p.id = p_id;
    get diagnostics profile = row_count;
    update dentists d set bio = null, bookable = false where d.profile_id = p_id;
    update resources r set name = null, active = false where r.profile_id = p_id;

    perform from appointments a where a.patient_id = p_id order by a.id for no key update;
    select count(a.notes), count(a.cancel_note), count(*) filter (where is_live(a.status))
      into notes, cancel_notes, live_appointments
      from appointments a where a.patient_id = p_id;
    update appointments a
       set notes = null, cancel_note = null, version = a.version + 1, updated_at = clock_timestamp(),
           command_id = null, verb = 'edit', fingerprint = null, actor = p_actor, via = 'sweep', reason = 'erased'
     where a.patient_id = p_id and (a.notes is not null or a.cancel_note is not null);
end $$;
select secure_schema();

-- migrate:down
set local search_path = chairtime, pg_temp;
drop function profile_erase;
drop trigger profiles_published_update on profiles;
drop trigger profiles_published_insert on profiles;
drop function profiles_published, profile_payload;
drop index resources_chair_name;
alter table resources drop column version, drop column updated_at;
alter table appointment_types drop column version, drop column updated_at;
alter table clinics drop column version, drop column updated_at;
drop index profiles_words, profiles_name, profiles_created_by;
drop function profile_words;
alter table profiles drop column created_by, drop column erased_at;
