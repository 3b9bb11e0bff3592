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
select secure_schema();

-- migrate:down
set local search_path = chairtime, pg_temp;
drop table patient_grants;
