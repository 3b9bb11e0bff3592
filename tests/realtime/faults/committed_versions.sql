-- The test's own record of each committed version of a booking: what the drills hold events against.
create table committed_versions (
    n bigint generated always as identity, id uuid, version int, verb text, old_status text, status text,
    dentist_id uuid, old_starts_at timestamptz, starts_at timestamptz, audience uuid[]
);
create function record_committed_version() returns trigger language plpgsql as $$
begin
    insert into committed_versions (id, version, verb, old_status, status, dentist_id, old_starts_at, starts_at, audience)
    values (new.id, new.version, new.verb, old.status, new.status, new.dentist_id, old.starts_at, new.starts_at,
            array[new.patient_id, new.dentist_id, new.caller]);
    return null;
end $$;
create trigger record_committed_version after insert or update on appointments
    for each row execute function record_committed_version();
