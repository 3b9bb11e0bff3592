-- Idempotency keys: the request that used a key, and the resource it affected. One mechanism for all routes that take a key.
-- migrate:up
set local search_path = chairtime, pg_temp;
set local lock_timeout = '5s';

-- A key belongs to one caller at one route. It is written in the transaction of its request, and deleted after KEPT_FOR
-- (db/idempotency.py).
create table idempotency_keys (
    caller      uuid  not null,
    route       text  not null,                           -- method and path template
    key_hash    bytea not null check (length(key_hash) = 32),       -- SHA-256
    target      text,                                     -- the id of the resource that the request affected
    fingerprint bytea not null check (length(fingerprint) = 32),    -- hash of key and request; salted with the key against guessing
    created_at  timestamptz not null default clock_timestamp(),
    primary key (caller, route, key_hash)
);
create index idempotency_keys_created_at on idempotency_keys (created_at);

-- Looks up a key: `repeat` with the target for the same request, `key_reused` for another request; no row if the key is unused or
-- null. (Declared as a table, so that Postgres inlines it.)
create function idempotency_key_find(p_key jsonb) returns table (outcome text, target text) language sql stable as $$
    select case when k.fingerprint = decode(p_key ->> 'fingerprint', 'hex') then 'repeat' else 'key_reused' end, k.target
      from idempotency_keys k
     where k.caller = (p_key ->> 'caller')::uuid and k.route = p_key ->> 'route'
       and k.key_hash = decode(p_key ->> 'key_hash', 'hex')
$$;

-- Stores the key of the request carried out in this transaction. Raises 40001 if the same key was stored concurrently; a retry
-- finds it.
create function idempotency_key_store(p_key jsonb, p_target text) returns void language plpgsql as $$
begin
    if p_key is null then
        return;
    end if;
    insert into idempotency_keys (caller, route, key_hash, target, fingerprint)
    values ((p_key ->> 'caller')::uuid, p_key ->> 'route', decode(p_key ->> 'key_hash', 'hex'), p_target,
            decode(p_key ->> 'fingerprint', 'hex'))
    on conflict do nothing;
    if not found then
        raise exception 'the idempotency key was used at the same time; repeat the request' using errcode = '40001';
    end if;
end $$;
select secure_schema();

-- migrate:down
set local search_path = chairtime, pg_temp;
set local lock_timeout = '5s';
drop function idempotency_key_store, idempotency_key_find;
drop table idempotency_keys;
