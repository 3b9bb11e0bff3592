-- Which agents patients let act for them. An agent's hold locks the row it rests on until it commits (db/clinics.py), so
-- that none is made once the row is gone.
-- migrate:up
set local search_path = chairtime, pg_temp;

create table patient_grants (
    patient_id uuid not null references profiles,
    agent_id   uuid not null references profiles,
    granted_at timestamptz not null default clock_timestamp(),
    primary key (patient_id, agent_id)
);

-- Whether an agent acts for a patient now: it made them, as an agent, or they let it.
create function agent_acts_for(p_agent uuid, p_patient uuid) returns boolean language sql stable as $$
    select exists (select from profiles p where p.id = p_patient and p.role = 'patient'
                      and (p.created_by = p_agent and p.created_as = 'agent'
                           or exists (select from patient_grants g where g.patient_id = p_patient and g.agent_id = p_agent)))
$$;
select secure_schema();

-- migrate:down
set local search_path = chairtime, pg_temp;
drop function agent_acts_for;
drop table patient_grants;
