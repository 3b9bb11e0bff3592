-- People: profiles, who may act for whom, the audit log of reads, and the rule that an active admin remains.
-- migrate:up
set local search_path = chairtime, pg_temp;
set local lock_timeout = '5s';

create table profiles (
    id         uuid primary key,                          -- the token's `sub` for those who log in
    role       text not null check (role in ('admin', 'dentist', 'desk', 'patient', 'agent')),
    full_name  text not null check (length(full_name) <= 200),
    email      text check (length(email) <= 254),
    phone      text check (length(phone) <= 40),
    time_zone  text check (length(time_zone) <= 64),
    locale     text check (length(locale) <= 35),
    search     tsvector not null default '',              -- words by domain/names.py: Postgres' own parser splits many scripts wrongly
    active     boolean not null default true,
    invited    boolean not null default false,            -- waits for the first sign-in with its e-mail address
    created_by uuid references profiles,                  -- who created it for them, such as an agent
    created_as text,                                      -- the creator's role then
    erased_at  timestamptz,
    version    int not null default 1,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    constraint profiles_erased_are_blank check (erased_at is null
        or (full_name = '' and email is null and phone is null and time_zone is null and locale is null))
);
create index profiles_created_by on profiles (created_by, full_name, id) where created_by is not null;
create index profiles_name on profiles (full_name, id);
create unique index profiles_invited on profiles (lower(email collate "C")) where invited; -- ASCII only: the Kelvin sign is no k
create index profiles_admins on profiles (active) where role = 'admin';
create index profiles_words on profiles using gin (search);

create table patient_grants (
    patient_id uuid not null references profiles,
    agent_id   uuid not null references profiles,
    granted_at timestamptz not null default clock_timestamp(),
    primary key (patient_id, agent_id)
);
create index patient_grants_agent on patient_grants (agent_id);

-- Whether an agent may act for a patient now: it created the patient as an agent, or has a grant.
create function agent_acts_for(p_agent_id uuid, p_patient_id uuid) returns boolean language sql stable as $$
    select exists (select from profiles p where p.id = p_patient_id and p.role = 'patient'
                      and (p.created_by = p_agent_id and p.created_as = 'agent'
                           or exists (select from patient_grants g where g.patient_id = p_patient_id and g.agent_id = p_agent_id)))
$$;

-- Whose profile a login has: the `sub` of its token, where that is not the profile's id. Made when an invited profile is claimed.
create table logins (
    subject    uuid primary key,
    profile_id uuid not null unique references profiles,
    claimed_at timestamptz not null default clock_timestamp()
);

-- Gives a login with this verified e-mail address the profile that was invited, if one waits; returns its id, or null. Who has
-- another profile keeps it, unless it is a patient's without appointments, as a first call makes one.
create function claim_invitation(p_subject uuid, p_email text) returns uuid language plpgsql as $$
declare
    claimed uuid;
begin
    if exists (select from logins l where l.subject = p_subject)
       or exists (select from profiles p where p.id = p_subject and (p.role <> 'patient' or not p.active))
       or exists (select from appointments a where a.patient_id = any(patients_of(p_subject))) then
        return null;
    end if;
    update profiles p set invited = false, version = p.version + 1, updated_at = clock_timestamp()
     where p.invited and p.active and p.erased_at is null and lower(p.email collate "C") = lower(p_email collate "C")
    returning p.id into claimed;
    if claimed is not null then
        insert into logins (subject, profile_id) values (p_subject, claimed);
    end if;
    return claimed;
end $$;

-- Linked patients, such as children: patients without a login, whom the patient `guardian_id` sees and books for.
create table patient_links (
    patient_id  uuid primary key references profiles,
    guardian_id uuid not null references profiles check (guardian_id <> patient_id),
    linked_at   timestamptz not null default clock_timestamp()
);
create index patient_links_guardian on patient_links (guardian_id);

-- Whom a patient sees and books for: themselves and their linked patients.
create function patients_of(p_guardian_id uuid) returns uuid[] language sql stable as $$
    select array[p_guardian_id] || array(select l.patient_id from patient_links l where l.guardian_id = p_guardian_id)
$$;

-- Whose bookings count together for the limits: all patients of the same login.
create function family_of(p_patient_id uuid) returns uuid[] language sql stable as $$
    select patients_of(coalesce((select l.guardian_id from patient_links l where l.patient_id = p_patient_id), p_patient_id))
$$;

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

-- Refuses a change that would leave no active admin. The lock makes the second of two such changes see the first.
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

-- Creates the first admin, if there is none yet; true if it did. Takes the same lock, because two may call at once. Somebody who
-- called before their role was set has a patient profile: it becomes an admin's, and their grants are deleted.
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
select secure_schema();

-- migrate:down
set local search_path = chairtime, pg_temp;
set local lock_timeout = '5s';
drop function add_first_admin, claim_invitation, family_of, patients_of, agent_acts_for;
drop table profile_reads, logins, patient_links, patient_grants, profiles;
drop function keep_an_admin;
