"""An appointment as a calendar file (RFC 5545), for the calendar of whoever may see it.

It names clinic, dentist and time, and neither the patient, the treatment nor any note: calendars
are often shared.
"""

from datetime import timedelta
from typing import assert_never
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Response
from icalendar import CLASS, STATUS, Calendar, Event

from api.http.answers import etag, existing
from api.http.context import Caller, State
from api.http.strict import StrictRoute
from db import appointments, clinics
from db.pool import use
from domain.actors import scope
from domain.appointments import Appointment
from domain.booking import Status

router = APIRouter(route_class=StrictRoute, prefix="/api/appointments", tags=["appointments"])

PRODUCT = "-//Chairtime//Appointments//EN"
A_YEAR = timedelta(days=366)


class CalendarFile(Response):
    media_type = "text/calendar"


@router.get("/{id}/calendar.ics", response_class=CalendarFile)
async def calendar_file(id: UUID, response: Response, caller: Caller, state: State) -> CalendarFile:
    """One appointment as an iCalendar file. Its UID stays and its SEQUENCE is the version, so that
    a calendar that imports it again updates or cancels the entry.
    """
    async with use(state.pool) as connection:
        found = existing(await appointments.get(connection, id, scope(caller)))
        clinic, dentist = await clinics.names(connection, found.clinic_id, found.dentist_id)
    etag(response, found)
    headers = {
        "ETag": response.headers["ETag"],
        "Content-Disposition": 'attachment; filename="appointment.ics"',
    }
    return CalendarFile(_written(found, clinic, dentist), headers=headers)


def _written(appointment: Appointment, clinic: str, dentist: str) -> bytes:
    starts_at, ends_at = (
        instant.astimezone(ZoneInfo(appointment.time_zone))
        for instant in (appointment.starts_at, appointment.ends_at)
    )
    event = Event.new(
        uid=f"{appointment.id}@chairtime",
        sequence=appointment.version,
        status=_status(appointment.status),
        classification=CLASS.PRIVATE,
        start=starts_at,
        end=ends_at,
        stamp=appointment.updated_at,
        last_modified=appointment.updated_at,
        summary=f"{clinic}: {dentist}" if dentist else clinic,
        location=clinic,
    )
    calendar = Calendar.new(prodid=PRODUCT, method="PUBLISH", subcomponents=[event])
    day = starts_at.date()
    calendar.add_missing_timezones(first_date=day - A_YEAR, last_date=day + A_YEAR)
    written: bytes = calendar.to_ical()
    return written


def _status(status: Status) -> STATUS:
    match status:
        case Status.HELD | Status.PENDING_APPROVAL:
            return STATUS.TENTATIVE
        case Status.RELEASED | Status.EXPIRED | Status.DECLINED | Status.CANCELLED:
            return STATUS.CANCELLED
        case (
            Status.BOOKED
            | Status.CHECKED_IN
            | Status.IN_TREATMENT
            | Status.COMPLETED
            | Status.NO_SHOW
        ):
            return STATUS.CONFIRMED
        case _:
            assert_never(status)
