-- Grants: which agents may act for which patients. An agent's hold locks its grant until the commit, so that no hold is made
-- after the grant is deleted.
-- migrate:up
set local search_path = chairtime, pg_temp;

create table patient_grants (
    patient_id uuid not null references profiles,
    agent_id   uuid not null references profiles,
    granted_at timestamptz not null default clock_timestamp(),
    primary key (patient_id, agent_id)
);

-- Whether an agent may act for a patient now: it created the patient as an agent, or has a grant.
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
