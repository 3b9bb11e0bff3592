-- Tickets for event streams (api/events/tickets.py). Unlogged: they are valid for a minute, so losing them in a crash is fine.
-- migrate:up
set local search_path = chairtime, pg_temp;
set local lock_timeout = '5s';

create unlogged table stream_tickets (
    hash       bytea primary key,                        -- SHA-256; the ticket itself is not stored
    caller     text not null,                            -- role:id
    topics     text[] not null check (cardinality(topics) between 1 and 50),
    until      double precision not null,                -- expiry of the token it was created with, seconds since 1970
    expires_at timestamptz not null
);
create index stream_tickets_expires_at on stream_tickets (expires_at);
select secure_schema();

-- migrate:down
set local search_path = chairtime, pg_temp;
set local lock_timeout = '5s';
drop table stream_tickets;
