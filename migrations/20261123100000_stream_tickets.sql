-- Tickets for event streams (api/events/tickets.py). Unlogged: one is good for a minute, so a crash may take them.
-- migrate:up
set local search_path = chairtime, pg_temp;

create unlogged table stream_tickets (
    hash       bytea primary key,                        -- SHA-256; the ticket itself is nowhere
    caller     text not null,                            -- role:id
    topics     text[] not null,
    until      double precision not null,                -- when the token that it was bought with is over, since 1970
    expires_at timestamptz not null
);
create index stream_tickets_expires_at on stream_tickets (expires_at);
select secure_schema();

-- migrate:down
set local search_path = chairtime, pg_temp;
drop table stream_tickets;
