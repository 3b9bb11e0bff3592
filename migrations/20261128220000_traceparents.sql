-- The inbox keeps the trace of the API's request, so that the worker continues it.
-- migrate:up
set local search_path = chairtime, pg_temp;
set local lock_timeout = '5s';

-- Returns `p_via`, and sets the trace of the API's request for this transaction, as `with_request` does with its id.
create function with_trace(p_via text, p_traceparent text) returns text language sql as $$
    select case when set_config('chairtime.traceparent', coalesce(p_traceparent, ''), true) is not null then p_via end;
$$;

create function present_traceparent() returns text stable language sql as $$
    select nullif(current_setting('chairtime.traceparent', true), '');
$$;

-- Null while tracing is off.
alter table workflow_inbox add column traceparent text check (length(traceparent) <= 55);
alter table workflow_inbox alter column traceparent set default present_traceparent();

-- As before; a later change also replaces the trace of an earlier one that still waits.
create or replace function replace_request_id() returns trigger language plpgsql as $$
begin
    new.request_id := present_request();
    new.traceparent := present_traceparent();
    return new;
end $$;
select secure_schema();

-- migrate:down
set local search_path = chairtime, pg_temp;
set local lock_timeout = '5s';
create or replace function replace_request_id() returns trigger language plpgsql as $$
begin
    new.request_id := present_request();
    return new;
end $$;
alter table workflow_inbox drop column traceparent;
drop function present_traceparent, with_trace;
