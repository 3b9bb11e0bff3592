-- Roles of the running processes: chairtime_api, chairtime_worker, and chairtime_relay, which the API's relay becomes. They own
-- nothing. deploy/database/roles.sql creates them; a database without them is used by its owner alone, as in development.
-- migrate:up
set local search_path = chairtime, pg_temp;
set local lock_timeout = '5s';

-- What each role may do with each table; a table that is not listed is closed to all of them. A migration that adds a table also
-- adds its row here. `update(column)` serves to lock a row. Views need no row: they show what their reader may read.
create table role_rights (
    relation text primary key,
    api      text,
    worker   text,
    relay    text
);
insert into role_rights (relation, api, worker, relay) values
    ('schema_migrations',       'select',                           'select',                               null),
    ('clinics',                 'select, insert, update',           'select',                               'select'),
    ('appointment_types',       'select, insert, update',           'select',                               'select'),
    ('profiles',                'select, insert, update',           'select, update(updated_at)',           'select'),
    ('logins',                  'select, insert',                   null,                                   null),
    ('patient_grants',          'select, insert, update, delete',   'select, update(granted_at)',           null),
    ('patient_links',           'select, insert, update, delete',   'select, update(linked_at)',            null),
    ('profile_reads',           'select, insert',                   null,                                   null),
    ('staff_clinics',           'select, insert, update, delete',   'select',                               null),
    ('resources',               'select, insert, update, delete',   'select',                               'select'),
    ('dentists',                'select, insert, update',           'select, update(schedule_updated_at)',  'select'),
    ('weekly_hours',            'select, insert, update, delete',   'select',                               'select'),
    ('schedule_exceptions',     'select, insert, update, delete',   'select',                               'select'),
    ('idempotency_keys',        'select, insert, update, delete',   'select',                               null),
    ('appointments',            'select, insert, update',           'select, insert, update',               'select'),
    ('slot_reservations',       'select, insert, update',           'select, insert, update',               'select'),
    ('appointment_transitions', 'select, insert',                   'select, insert',                       null),
    ('workflow_inbox',          'select, insert, update',           'select, insert, update, delete',       null),
    ('outbox',                  'select, insert',                   'select, insert',                       'select, insert, update, delete'),
    ('chair_changes',           'insert',                           'insert',                               'select, update, delete'),
    ('realtime_events',         'select',                           'select',                               'select, insert'),
    ('realtime_epoch',          'select',                           'select',                               'select, update'),
    ('stream_tickets',          'select, insert, update, delete',   null,                                   null),
    ('worker_heartbeats',       'select',                           'select, insert, update, delete',       null),
    ('webhook_endpoints',       'select, insert, update, delete',   'select, update',                       null),
    ('webhook_deliveries',      'select, insert, update, delete',   'select, insert, update, delete',       null);

-- Gives a role exactly the rights of the list. Functions run with the caller's rights, so all may be called, except those that run
-- with the owner's: they are the relay's.
create function grant_rights(p_role text, p_column text) returns void language plpgsql as $$
declare
    what record;
begin
    if exists (select from pg_database d where d.datname = current_database() and d.datdba = current_user::regrole) then
        execute format('grant connect on database %I to %I', current_database(), p_role);
    end if;
    execute format('grant usage on schema chairtime to %I', p_role);
    execute format('revoke all on all tables in schema chairtime from %I', p_role);
    execute format('grant execute on all routines in schema chairtime to %I', p_role);
    for what in select p.oid::regprocedure as name from pg_proc p
                 where p.pronamespace = 'chairtime'::regnamespace and p.prosecdef and p_column <> 'relay' loop
        execute format('revoke execute on routine %s from %I', what.name, p_role);
    end loop;
    for what in select c.oid::regclass as name, r.rights
                  from role_rights t cross join lateral (select to_jsonb(t) ->> p_column as rights) r
                  join pg_class c on c.relname = t.relation and c.relnamespace = 'chairtime'::regnamespace
                 where r.rights is not null
                 union all
                select c.oid::regclass, 'select' from pg_class c
                 where c.relnamespace = 'chairtime'::regnamespace and c.relkind in ('v', 'm') loop
        execute format('grant %s on %s to %I', what.rights, what.name, p_role);
    end loop;
    if p_column = 'relay' and current_setting('server_version_num')::int >= 170000 then
        execute format('grant maintain on outbox, chair_changes to %I', p_role);    -- to vacuum them
    end if;
end $$;

-- Grants their rights to those of the roles that exist. It locks no table.
create function grant_roles() returns void language plpgsql as $$
declare
    who text;
begin
    for who in select r.rolname from pg_roles r where r.rolname in ('chairtime_api', 'chairtime_worker', 'chairtime_relay') loop
        perform grant_rights(p_role => who, p_column => replace(who, 'chairtime_', ''));
    end loop;
end $$;

-- Opens the rows of one table to the roles that exist, and returns its name; null if all are open. Row level security stays on for
-- everybody else. One table for each transaction, as a policy locks its table: `chairtime migrate` calls it until it returns null.
create function open_next_table() returns text language plpgsql as $$
declare
    roles text[] := array(select quote_ident(r.rolname) from pg_roles r
                           where r.rolname in ('chairtime_api', 'chairtime_worker', 'chairtime_relay') order by 1);
    what  record;
begin
    select c.oid::regclass as name, p.polname is not null as has_policy into what
      from role_rights t
      join pg_class c on c.relname = t.relation and c.relnamespace = 'chairtime'::regnamespace
      left join pg_policy p on p.polrelid = c.oid and p.polname = 'chairtime_roles'
     where cardinality(roles) > coalesce(cardinality(p.polroles), 0)
     order by t.relation limit 1;
    if not found then
        return null;
    end if;
    if what.has_policy then
        execute format('alter policy chairtime_roles on %s to %s', what.name, array_to_string(roles, ', '));
    else
        execute format('create policy chairtime_roles on %s to %s using (true) with check (true)',
                       what.name, array_to_string(roles, ', '));
    end if;
    return what.name;
end $$;

-- As before, but without a lock on what is secure already, so that a migration does not wait for bookings that go on.
create or replace function secure_table(p_table regclass) returns void language plpgsql as $$
declare
    who   text;
    class pg_class := (select c from pg_class c where c.oid = p_table);
begin
    for who in select r.rolname from pg_roles r where r.rolname in ('anon', 'authenticated') union all select 'public' loop
        execute format('revoke all on %s from %s', p_table, who);
    end loop;
    if class.relkind in ('r', 'p') and not class.relrowsecurity then
        execute format('alter table %s enable row level security', p_table);
    elsif class.relkind = 'v' and not coalesce('security_invoker=true' = any(class.reloptions), false) then
        execute format('alter view %s set (security_invoker = true)', p_table);
    end if;
end $$;

-- As before; at the end, grants the roles their rights.
create or replace function secure_schema() returns void language plpgsql as $$
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
    perform grant_roles();
end $$;
select secure_schema();

-- migrate:down
set local search_path = chairtime, pg_temp;
set local lock_timeout = '5s';
create or replace function secure_table(p_table regclass) returns void language plpgsql as $$
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
create or replace function secure_schema() returns void language plpgsql as $$
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
drop function open_next_table, grant_roles, grant_rights;
drop table role_rights;
