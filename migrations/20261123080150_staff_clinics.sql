-- The clinics of receptionists (role `desk`): they see and change what is of these clinics. (A dentist has one clinic: dentists.)
-- migrate:up
set local search_path = chairtime, pg_temp;
set local lock_timeout = '5s';

create table staff_clinics (
    profile_id uuid not null references profiles,
    clinic_id  uuid not null references clinics,
    primary key (profile_id, clinic_id)
);
create index staff_clinics_clinic on staff_clinics (clinic_id);

-- Whether a receptionist works at a clinic now.
create function works_at(p_desk_id uuid, p_clinic_id uuid) returns boolean language sql stable as $$
    select exists (select from staff_clinics s where s.profile_id = p_desk_id and s.clinic_id = p_clinic_id)
$$;
select secure_schema();

-- migrate:down
set local search_path = chairtime, pg_temp;
set local lock_timeout = '5s';
drop function works_at;
drop table staff_clinics;
