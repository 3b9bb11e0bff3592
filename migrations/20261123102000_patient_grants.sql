-- Which agents patients let act for them. An agent's hold locks the row it rests on until it commits (db/clinics.py), so
-- that none is made once the row is gone.
-- migrate:up

create table patient_grants (
    patient_id uuid not null references profiles,
    agent_id   uuid not null references profiles,
    granted_at timestamptz not null default clock_timestamp(),
    primary key (patient_id, agent_id)
);

-- migrate:down
drop table patient_grants;
