-- Webhooks: where events are sent to, and the queue of deliveries, which is also their log. Secrets are not stored: they are derived
-- from a secret of the server and the number in `secret_no` (webhooks/secrets.py).
-- migrate:up
set local search_path = chairtime, pg_temp;
set local lock_timeout = '5s';

create table webhook_endpoints (
    id                    uuid primary key,
    owner_id              uuid not null references profiles,
    owner_role            text not null check (owner_role in ('admin', 'agent')), -- events are sent while the owner has it
    url                   text not null check (length(url) between 1 and 2000),
    topics                text[] not null check (cardinality(topics) between 1 and 50),
    kinds                 text[] check (cardinality(kinds) between 1 and 50), -- null: all
    description           text check (length(description) <= 200),
    active                boolean not null default true,
    disabled_reason       text check (disabled_reason in ('unreachable', 'gone', 'owner_lost_access')),
    disabled_at           timestamptz,                    -- when the system switched it off
    secret_no             int not null default 1,
    previous_secret_until timestamptz,                    -- until then, deliveries are also signed with secret_no - 1
    epoch                 text not null,                  -- with seq: the events up to here have deliveries
    seq                   bigint not null,
    failures              int not null default 0,         -- in a row
    failing_since         timestamptz,                    -- the first of them
    paused_until          timestamptz,
    version               int not null default 1,
    created_at            timestamptz not null default clock_timestamp(),
    updated_at            timestamptz not null default clock_timestamp(),
    constraint webhook_endpoints_disabled check (active = false or disabled_reason is null)
);
create index webhook_endpoints_owner on webhook_endpoints (owner_id);

-- The columns from seq to sequenced_at are those of realtime_events, which forgets events earlier.
create table webhook_deliveries (
    id               uuid primary key,                    -- the webhook-id: the same for each attempt at this event and endpoint
    endpoint_id      uuid not null references webhook_endpoints on delete cascade,
    place            bigint generated always as identity, -- the order within an endpoint
    seq              bigint not null,                     -- 0 for a message that is not in the log
    topic            text not null,
    kind             text not null,
    entity_id        uuid not null,
    version          int,
    audience         uuid[],
    payload          jsonb not null,
    occurred_at      timestamptz not null,
    sequenced_at     timestamptz not null,
    status           text not null default 'pending' check (status in ('pending', 'delivered', 'failed')),
    attempts         int not null default 0,
    outcome          text,                                -- of the last attempt
    http_status      int,
    duration_ms      int,
    queued_at        timestamptz not null default clock_timestamp(),
    first_attempt_at timestamptz,
    last_attempt_at  timestamptz,
    next_attempt_at  timestamptz not null default clock_timestamp()
);
create index webhook_deliveries_pending on webhook_deliveries (endpoint_id, place) where status = 'pending';
create index webhook_deliveries_entity on webhook_deliveries (endpoint_id, entity_id, place) where status = 'pending';
create index webhook_deliveries_log on webhook_deliveries (endpoint_id, queued_at, id);
create index webhook_deliveries_old on webhook_deliveries (queued_at);

-- Pending deliveries that no earlier one of the same entity holds back. `due_at`: when to try it.
create view webhook_next as
    select d.*, greatest(d.next_attempt_at, e.paused_until) as due_at
      from webhook_deliveries d join webhook_endpoints e on e.id = d.endpoint_id
     where d.status = 'pending' and e.active
       and not exists (select from webhook_deliveries b
                        where b.endpoint_id = d.endpoint_id and b.entity_id = d.entity_id and b.status = 'pending'
                          and b.place < d.place);

-- Tells the owner and admins that an endpoint was switched off or on.
create function publish_webhook() returns trigger language plpgsql as $$
begin
    insert into outbox (topic, kind, entity_id, version, audience, payload)
    values ('webhooks', case when new.active then 'webhook.enabled' else 'webhook.disabled' end, new.id, new.version,
            array[new.owner_id],
            jsonb_strip_nulls(jsonb_build_object('id', new.id, 'owner_id', new.owner_id, 'active', new.active,
                                                 'disabled_reason', new.disabled_reason)));
    return null;
end $$;
create trigger webhook_published after update on webhook_endpoints for each row
    when (old.active is distinct from new.active) execute function publish_webhook();
select secure_schema();

-- migrate:down
set local search_path = chairtime, pg_temp;
set local lock_timeout = '5s';
drop view webhook_next;
drop table webhook_deliveries, webhook_endpoints;
drop function publish_webhook;
