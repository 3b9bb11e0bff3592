"""Schedules of dentists and exceptions of clinics: read, and replaced as a whole."""

from collections.abc import Iterable
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from api.http.answers import check_version
from api.http.context import Caller, IfMatch, State
from api.http.errors import Problem, invalid, not_found, refused
from api.http.strict import StrictRoute
from api.scheduling.timetables import (
    ClinicExceptions,
    DateException,
    ExceptionsReplaced,
    ProposedExceptions,
    ProposedSchedule,
    ScheduleReplaced,
    ShownSchedule,
)
from db import schedules
from db.pool import Connection, use
from domain.actors import Actor, Role
from domain.clinic import Schedule
from domain.hours import ScheduleException
from domain.timetable import Fault, faults, with_clinic_wide, with_own
from services import conflicts

router = APIRouter(route_class=StrictRoute, tags=["schedules"])

DryRun = Annotated[
    bool, Query(description="Change nothing; report the bookings that would conflict.")
]


def may_edit(actor: Actor, dentist_id: UUID | None) -> bool:
    """Admins edit all schedules, dentists their own; `dentist_id` null: a whole clinic's."""
    is_own = actor.role is Role.DENTIST and dentist_id is not None and actor.id == dentist_id
    return is_own or actor.role is Role.ADMIN


@router.get("/api/availability/{dentist_id:uuid}", response_model_exclude_none=True)
async def get_schedule(
    dentist_id: UUID, response: Response, caller: Caller, state: State
) -> ShownSchedule:
    """Weekly hours and exceptions of a dentist. Why a dentist is away is told to staff only."""
    async with use(state.pool) as connection:
        schedule = await _known(connection, dentist_id)
    _tag(response, schedule.version)
    return ShownSchedule.of(schedule, schedule.hours, private=caller.is_staff)


@router.put("/api/availability/{dentist_id:uuid}", response_model_exclude_none=True)
async def replace_schedule(
    dentist_id: UUID,
    body: ProposedSchedule,
    response: Response,
    caller: Caller,
    state: State,
    versions: IfMatch = None,
    dry_run: DryRun = False,
) -> ScheduleReplaced:
    """Replaces weekly hours and exceptions as a whole, and says which live bookings now lie
    outside them; those stay as they are. For the dentist and for admins.
    """
    _permit(caller, dentist_id)
    weekly, exceptions = body.windows(), body.dates()
    _accept(faults(weekly, exceptions))
    async with use(state.pool) as connection, connection.transaction():
        if await schedules.lock(connection, dentist_id):
            raise invalid("dentist_id", "this dentist is erased; their schedule cannot be changed")
        schedule = await _known(connection, dentist_id)
        check_version(versions, schedule.version)
        body.check(ShownSchedule.of(schedule, schedule.hours, private=True))
        hours = with_own(schedule.hours, weekly, exceptions)
        left = await conflicts.under(connection, {dentist_id: hours})
        if not dry_run:
            await schedules.replace_own(connection, schedule, weekly, exceptions)
            schedule = await _known(connection, dentist_id)
    state.committed()
    _tag(response, schedule.version)
    shown = ShownSchedule.of(schedule, hours, private=True)
    return ScheduleReplaced(
        schedule=shown, conflicts=left.first, conflicts_total=left.total, dry_run=dry_run
    )


@router.get("/api/clinics/{clinic_id}/exceptions", response_model_exclude_none=True)
async def get_clinic_exceptions(
    clinic_id: UUID, response: Response, caller: Caller, state: State
) -> ClinicExceptions:
    """Dates on which the whole clinic is closed, or open beyond its dentists' hours."""
    async with use(state.pool) as connection:
        version, exceptions = await _of_clinic(connection, clinic_id)
    _tag(response, version)
    shown = [DateException.of(e) for e in exceptions]
    return ClinicExceptions(clinic_id=clinic_id, exceptions=shown, version=version)


@router.put("/api/clinics/{clinic_id}/exceptions", response_model_exclude_none=True)
async def replace_clinic_exceptions(
    clinic_id: UUID,
    body: ProposedExceptions,
    response: Response,
    caller: Caller,
    state: State,
    versions: IfMatch = None,
    dry_run: DryRun = False,
) -> ExceptionsReplaced:
    """Replaces them as a whole, for all dentists of the clinic, and says which live bookings now
    lie outside their hours. For admins.
    """
    _permit(caller, None)
    exceptions = body.dates(clinic_wide=True)
    _accept(faults((), exceptions))
    async with use(state.pool) as connection, connection.transaction():
        present, _ = await _of_clinic(connection, clinic_id, locked=True)
        check_version(versions, present)
        body.check(ClinicExceptions(clinic_id=clinic_id, exceptions=[], version=present))
        staff = await schedules.of_clinic(connection, clinic_id)
        hours = {each.dentist_id: with_clinic_wide(each.hours, exceptions) for each in staff}
        left = await conflicts.under(connection, hours)
        if not dry_run:
            await schedules.replace_exceptions(connection, clinic_id, exceptions)
            present, _ = await _of_clinic(connection, clinic_id)
    state.committed()
    _tag(response, present)
    return ExceptionsReplaced(
        clinic_id=clinic_id,
        exceptions=body.exceptions,
        version=present,
        conflicts=left.first,
        conflicts_total=left.total,
        dry_run=dry_run,
    )


async def _known(connection: Connection, dentist_id: UUID) -> Schedule:
    schedule = await schedules.of(connection, dentist_id)
    if schedule is None:
        raise not_found()
    return schedule


async def _of_clinic(
    connection: Connection, clinic_id: UUID, *, locked: bool = False
) -> tuple[int, list[ScheduleException]]:
    found = await schedules.exceptions(connection, clinic_id, locked=locked)
    if found is None:
        raise not_found()
    return found


def _permit(actor: Actor, dentist_id: UUID | None) -> None:
    if not may_edit(actor, dentist_id):
        raise Problem("forbidden", "Only the dentist and admins can edit this schedule.")


def _accept(found: Iterable[Fault]) -> None:
    if errors := [fault._asdict() for fault in found]:
        raise refused(errors)


def _tag(response: Response, version: int) -> None:
    response.headers["ETag"] = f'"{version}"'
