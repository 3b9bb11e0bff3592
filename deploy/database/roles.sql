-- Creates the roles of the running processes; the rights are granted by `chairtime migrate`. To be run once per server by an
-- administrator who may create roles, before `chairtime migrate`:
--     psql -v api_password=… -v worker_password=… -f roles.sql
-- The migrator, the owner of the database, is a role of its own and needs no right but that.
\set ON_ERROR_STOP on
create role chairtime_relay nologin nosuperuser nocreatedb nocreaterole nobypassrls;
create role chairtime_api login noinherit nosuperuser nocreatedb nocreaterole nobypassrls password :'api_password';
create role chairtime_worker login noinherit nosuperuser nocreatedb nocreaterole nobypassrls password :'worker_password';
grant chairtime_relay to chairtime_api;    -- not inherited: only the relay's connection becomes this role
