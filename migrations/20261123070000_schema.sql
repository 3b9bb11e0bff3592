-- All our objects are in one schema of their own, because Supabase serves `public` over its Data API.
-- Each file sets search_path and lock_timeout for itself, whoever applies it (chairtime or dbmate), and ends with secure_schema().
-- migrate:up
create schema if not exists chairtime;
set local search_path = chairtime, pg_temp;
set local lock_timeout = '5s';

-- Revokes all rights from everybody but the owner, and enables row level security without policies, so that a role that is
-- granted a table later still reads none of its rows, not even through a view. `anon` and `authenticated` are Supabase's roles.
create function secure_table(p_table regclass) returns void language plpgsql as $$
declare
    who  text;
    kind "char" := (select c.relkind from pg_class c where c.oid = p_table);
begin
    for who in select r.rolname from pg_roles r where r.rolname in ('anon', 'authenticated') union all select 'public' loop
        execute format('revoke all on %s from %s', p_table, who);
    end loop;
    if kind in ('r', 'p') then
        execute format('alter table %s enable row level security', p_table);
    elsif kind = 'v' then
        execute format('alter view %s set (security_invoker = true)', p_table);
    end if;
end $$;

-- Does so for all tables, views, sequences and functions of the schema. Functions in plpgsql, triggers among them, find our
-- tables whatever the caller's search_path is. (SQL functions do not have it set: they would no longer be inlined.)
create function secure_schema() returns void language plpgsql as $$
declare
    what record;
    who  text;
begin
    for who in select r.rolname from pg_roles r where r.rolname in ('anon', 'authenticated') union all select 'public' loop
        execute format('revoke all on schema chairtime from %s', who);
        execute format('revoke all on all sequences in schema chairtime from %s', who);
        execute format('revoke all on all routines in schema chairtime from %s', who);
        execute format('alter default privileges in schema chairtime revoke all on tables from %s', who);
        execute format('alter default privileges in schema chairtime revoke all on sequences from %s', who);
        execute format('alter default privileges in schema chairtime revoke all on routines from %s', who);
    end loop;
    for what in select c.oid::regclass as name from pg_class c
                 where c.relnamespace = 'chairtime'::regnamespace and c.relkind in ('r', 'p', 'v', 'm', 'f') loop
        perform secure_table(what.name);
    end loop;
    for what in select p.oid::regprocedure as name from pg_proc p join pg_language l on l.oid = p.prolang
                 where p.pronamespace = 'chairtime'::regnamespace and l.lanname = 'plpgsql'
                   and not coalesce(array_to_string(p.proconfig, ' ') like '%search_path=%', false) loop
        execute format('alter routine %s set search_path = chairtime, pg_temp', what.name);
    end loop;
end $$;

create function refuse_change() returns trigger language plpgsql as $$
begin
    raise exception '% is append-only', tg_table_name using errcode = '42501';
end $$;
select secure_schema();

-- migrate:down
set local search_path = chairtime, pg_temp;
set local lock_timeout = '5s';
drop function refuse_change, secure_schema, secure_table;
