-- Erasure of personal data. Nothing is written about an erased patient later.
-- migrate:up
set local search_path = chairtime, pg_temp;
set local lock_timeout = '5s';

create function refuse_text_of_erased() returns trigger language plpgsql as $$
begin
    perform from profiles p where p.id = new.patient_id and p.erased_at is null for share;
    if not found then
        raise exception 'this patient is erased' using errcode = 'CT011';
    end if;
    return new;
end $$;
create trigger appointments_text_added before insert on appointments for each row
    when (new.notes <> '' or new.staff_notes <> '' or new.cancel_note <> '') execute function refuse_text_of_erased();
create trigger appointments_text_edited before update on appointments for each row
    when (new.notes <> '' and new.notes is distinct from old.notes
          or new.staff_notes <> '' and new.staff_notes is distinct from old.staff_notes
          or new.cancel_note <> '' and new.cancel_note is distinct from old.cancel_note)
    execute function refuse_text_of_erased();

-- Erases a person's data: fields that identify them, texts they wrote, texts about a patient's visits, reasons of a dentist's
-- exceptions. Times, statuses and the audit trail stay; a booking that had text gets a new version. Returns counts.
-- Locks grants (by the caller), profile, dentist and bookings, in the order of all writers of such texts: earlier writes are
-- erased, and later ones find the person erased.
create function profile_erase(p_id uuid, p_actor text, out profile int, out notes int, out cancel_notes int, out staff_notes int,
    out schedule_reasons int, out live_appointments int)
language plpgsql as $$
begin
    perform from profiles p where p.id = p_id for no key update;
    if not found then
        return;
    end if;
    update profiles p
       set full_name = '', email = null, phone = null, time_zone = null, locale = null, active = false, search = '',
           erased_at = clock_timestamp(), version = p.version + 1, updated_at = clock_timestamp()
     where p.id = p_id and p.erased_at is null;
    get diagnostics profile = row_count;
    perform from dentists d where d.profile_id = p_id for update;
    update dentists d set bio = null, specialty = '', bookable = false where d.profile_id = p_id;
    update resources r set name = null, active = false where r.profile_id = p_id;
    delete from webhook_endpoints e where e.owner_id = p_id;   -- their URLs and descriptions
    update schedule_exceptions e set reason = null
      from resources r where r.no = e.resource_no and r.profile_id = p_id and e.reason is not null;
    get diagnostics schedule_reasons = row_count;

    perform from appointments a where a.patient_id = p_id order by a.id for no key update;
    select count(a.notes), count(a.cancel_note), count(a.staff_notes) into notes, cancel_notes, staff_notes
      from appointments a where a.patient_id = p_id;
    select count(*) into live_appointments from appointments a
     where (a.patient_id = p_id or a.dentist_id = p_id) and is_live(a.status) and a.lapsed_at is null
       and (a.status <> 'held' or a.hold_expires_at > clock_timestamp());
    update appointments a
       set notes = null, cancel_note = null, staff_notes = null, version = a.version + 1, updated_at = clock_timestamp(),
           command_id = null, verb = 'edit', actor = p_actor, via = 'sweep', reason = 'erased'
     where a.patient_id = p_id and (a.notes is not null or a.cancel_note is not null or a.staff_notes is not null);
end $$;
select secure_schema();

-- migrate:down
set local search_path = chairtime, pg_temp;
set local lock_timeout = '5s';
drop function profile_erase;
drop trigger appointments_text_edited on appointments;
drop trigger appointments_text_added on appointments;
drop function refuse_text_of_erased;
