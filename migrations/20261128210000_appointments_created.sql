-- Finds the holds of a clinic by the time they were made, for the view hold_outcomes.
-- migrate:up transaction:false
create index concurrently appointments_created on chairtime.appointments (clinic_id, created_at);

-- migrate:down
drop index concurrently chairtime.appointments_created;
