-- The inbox of the bookings' workflows, and the trigger that writes audit trail and inbox in the transaction of the change.
-- migrate:up
set local search_path = chairtime, pg_temp;
set local lock_timeout = '5s';

-- One row per booking with a change that is not yet sent to its workflow. It has the latest change only, which is enough as the
-- workflow reads the booking. The trigger below writes it in the transaction of the change; the dispatcher
-- (workflows/dispatch.py) leases it, sends it to Temporal, and deletes it if `version` is still the one that was sent.
create table workflow_inbox (
    appointment_id uuid primary key,
    verb           text not null,
    command_id     uuid,
    actor          text not null,
    version        int  not null,
    is_new         boolean not null,                      -- no message about this booking was sent yet
    waiting_since  timestamptz not null default clock_timestamp(),
    not_before     timestamptz not null default clock_timestamp(),    -- end of a lease or back-off
    attempts       int  not null default 0                -- how often Temporal refused it
);
create index workflow_inbox_due on workflow_inbox (not_before);

-- A queue with many deletes: vacuum often.
alter table workflow_inbox set (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_delay = 0);

-- Each version adds a row to the audit trail. Changes by the API are also added to the workflow inbox. The workflow knows its own
-- changes, and after a sweep its own timer finds the hold expired.
create function record_appointment_changes() returns trigger language plpgsql as $$
begin
    if tg_op = 'INSERT' then
        insert into appointment_transitions
               (appointment_id, version, command_id, verb, from_status, to_status, actor, via, reason)
        select n.id, n.version, n.command_id, n.verb, null, n.status, n.actor, n.via, n.reason
          from new_rows n;
    else
        -- a booking that ends gives up its time, whoever wrote the change
        if exists (select from new_rows n where not is_live(n.status)) then
            update slot_reservations s set active = false
              from new_rows n where s.appointment_id = n.id and s.active and not is_live(n.status);
        end if;
        insert into appointment_transitions
               (appointment_id, version, command_id, verb, from_status, to_status, actor, via, reason, moved_from, agreement)
        select n.id, n.version, n.command_id, n.verb, o.status, n.status, n.actor, n.via, n.reason,
               case when n.starts_at <> o.starts_at then o.starts_at end,
               case when n.verb = 'confirm' then n.agreement end
          from new_rows n join old_rows o using (id);
    end if;
    -- A later change replaces an earlier one that still waits, but neither its waiting time nor a running lease.
    insert into workflow_inbox (appointment_id, verb, command_id, actor, version, is_new)
    select n.id, n.verb, n.command_id, n.actor, n.version, tg_op = 'INSERT'
      from new_rows n where n.via = 'api' order by n.id
        on conflict (appointment_id) do update
       set verb = excluded.verb, command_id = excluded.command_id, actor = excluded.actor, version = excluded.version;
    return null;
end $$;
create trigger appointments_recorded_insert after insert on appointments
    referencing new table as new_rows for each statement execute function record_appointment_changes();
create trigger appointments_recorded_update after update on appointments
    referencing old table as old_rows new table as new_rows for each statement execute function record_appointment_changes();
select secure_schema();

-- migrate:down
set local search_path = chairtime, pg_temp;
set local lock_timeout = '5s';
drop trigger appointments_recorded_update on appointments;
drop trigger appointments_recorded_insert on appointments;
drop function record_appointment_changes;
drop table workflow_inbox;
