-- The inbox keeps the id of the API's request, so that the worker's log lines have it too.
-- migrate:up
set local search_path = chairtime, pg_temp;
set local lock_timeout = '5s';

-- Returns `p_via`, and sets the id of the API's request for this transaction. As an argument of the functions that carry out commands
-- it needs no round trip of its own.
create function with_request(p_via text, p_request_id text) returns text language sql as $$
    select case when set_config('chairtime.request_id', coalesce(p_request_id, ''), true) is not null then p_via end;
$$;

create function present_request() returns text stable language sql as $$
    select nullif(current_setting('chairtime.request_id', true), '');
$$;

-- Null for changes without a request, and for those of the release before.
alter table workflow_inbox add column request_id text check (length(request_id) <= 64);
alter table workflow_inbox alter column request_id set default present_request();

-- A later change replaces an earlier one that still waits.
create function replace_request_id() returns trigger language plpgsql as $$
begin
    new.request_id := present_request();
    return new;
end $$;
create trigger workflow_inbox_replaced before update of version on workflow_inbox
    for each row execute function replace_request_id();
select secure_schema();

-- migrate:down
set local search_path = chairtime, pg_temp;
set local lock_timeout = '5s';
drop trigger workflow_inbox_replaced on workflow_inbox;
alter table workflow_inbox drop column request_id;
drop function replace_request_id, present_request, with_request;
