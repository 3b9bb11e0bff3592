"""Which patients a dentist may see and edit, by their visits."""

from uuid import UUID

from db.pool import Connection
from domain.actors import Actor
from domain.people import DENTIST_ACCESS_YEARS

LIVE = """
    is_live(a.status) and a.lapsed_at is null
    and (a.status <> 'held' or a.hold_expires_at > clock_timestamp())
"""

MADE_BY_OTHERS = f"""
    select from appointments a
     where a.patient_id = p.id and a.dentist_id = $1 and a.maker <> 'dentist:' || $1
       and ({LIVE} or a.booked_at is not null
                      and a.ends_at > now() - interval '{DENTIST_ACCESS_YEARS} years')
"""
"""Visits of the patient `p` at the dentist $1 that somebody else made."""

MADE_BY_DENTIST = f"""
    select from appointments a join appointment_types t on t.id = a.type_id
     where a.patient_id = p.id and a.dentist_id = $1 and a.maker = 'dentist:' || $1
       and {LIVE} and a.starts_at < now() + t.horizon
"""
"""Live visits that the dentist $1 made. Staff may book without a horizon, so visits beyond the
type's horizon do not count: dentists cannot give themselves lasting access.
"""

OF_DESK = f"""
    select from appointments a
      join staff_clinics s on s.clinic_id = a.clinic_id and s.profile_id = $1
     where a.patient_id = p.id
       and ({LIVE} or a.booked_at is not null
                      and a.ends_at > now() - interval '{DENTIST_ACCESS_YEARS} years')
     union all
    select from staff_clinics mine join staff_clinics theirs on theirs.clinic_id = mine.clinic_id
     where mine.profile_id = $1 and theirs.profile_id = p.created_by and p.created_as = 'desk'
     union all
    select from staff_clinics mine join dentists d on d.clinic_id = mine.clinic_id
     where mine.profile_id = $1 and d.profile_id = p.created_by and p.created_as = 'dentist'
"""  # noqa: S608 - constants of ours
"""What makes `p` a patient of the clinics of the receptionist $1: a visit there, or a colleague who
created the profile. Receptionists book only for patients whom they see already, so none of this is
theirs alone to make.
"""

OWN_PATIENT = f"{MADE_BY_OTHERS} union all {MADE_BY_DENTIST}"
"""What makes `p` a patient of the dentist $1, who may then read the profile."""


async def may_be_edited_by(connection: Connection, patient: UUID, dentist: Actor) -> bool:
    """Whether a dentist may change this profile: their own, one that they made, or one of a patient
    with a visit that somebody else made.
    """
    may: bool = await connection.fetchval(
        f"""
        select exists (
            select from profiles p
             where p.id = $2 and (p.id = $1 or exists ({MADE_BY_OTHERS})
                                  or p.created_by = $1 and p.created_as = 'dentist'))
        """,  # noqa: S608 - conditions of ours
        dentist.id,
        patient,
    )
    return may
