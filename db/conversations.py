"""What a conversation says about a booking: the names of people and places, and languages."""

from dataclasses import dataclass
from uuid import UUID

from db.pool import Connection, fetch_one


@dataclass(frozen=True, slots=True)
class BookingNames:
    """Names are empty once their person is erased."""

    dentist: str
    clinic: str
    treatment: str
    patient: str
    locale: str | None
    """The patient's."""
    needs_approval: bool


async def names(connection: Connection, booking_id: UUID) -> BookingNames:
    """The names of a booking that exists."""
    row = await fetch_one(
        connection,
        """
        select d.full_name as dentist, c.name as clinic, t.name as treatment,
               p.full_name as patient, p.locale,
               (a.policy ->> 'needs_approval')::boolean as needs_approval
          from appointments a
          join profiles d on d.id = a.dentist_id join profiles p on p.id = a.patient_id
          join clinics c on c.id = a.clinic_id join appointment_types t on t.id = a.type_id
         where a.id = $1
        """,
        booking_id,
    )
    return BookingNames(**row)


async def locale(
    connection: Connection,
    caller: UUID,
    *,
    of_agent: bool,
    patient_id: UUID | None = None,
    booking_id: UUID | None = None,
) -> str | None:
    """The language tag of the caller's profile. For an agent: of the patient that it names, by id
    or booking, if it acts for them; else its own.
    """
    found: str | None = await connection.fetchval(
        """
        select coalesce(
               (select p.locale from profiles p
                 where $2 and agent_acts_for(p_agent_id => $1, p_patient_id => p.id)
                   and p.id = coalesce($3, (select a.patient_id from appointments a
                                             where a.id = $4 and a.agent_id = $1))),
               (select p.locale from profiles p where p.id = $1))
        """,
        caller,
        of_agent,
        patient_id,
        booking_id,
    )
    return found
