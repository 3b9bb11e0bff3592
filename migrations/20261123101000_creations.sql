-- What staff and agents create under an idempotency key, so that a repeat makes no second one and another request is refused.
-- migrate:up
set local search_path = chairtime, pg_temp;

create table creations (
    id          uuid primary key,                         -- of the caller, the key and what is created
    fingerprint bytea not null                            -- of what was asked for, and of the key: so nobody can guess names by it
);
alter table resources add column creation_id uuid unique; -- chairs have no other id that a repeat could name
select secure_schema();

-- migrate:down
set local search_path = chairtime, pg_temp;
alter table resources drop column creation_id;
drop table creations;
