"""Schedules of dentists and exceptions of clinics: read, and replaced as a whole."""

from collections.abc import Iterable
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from api.http.answers import check_version, etag, existing
from api.http.context import Caller, IfMatch, State
from api.http.errors import Problem, invalid, validation_failed
from api.http.faults import fault
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
from api.state import AppState
from db import schedules, staff
from db.pool import use
from domain.actors import Actor, Role
from domain.timetable import Fault, faults, with_clinic_wide, with_own
from services import conflicts

router = APIRouter(route_class=StrictRoute, tags=["schedules"])

DryRun = Annotated[
    bool, Query(description="Change nothing; report the bookings that would conflict.")
]


@router.get("/api/availability/{dentist_id:uuid}", response_model_exclude_none=True)
async def get_schedule(
    dentist_id: UUID, response: Response, caller: Caller, state: State
) -> ShownSchedule:
    """Weekly hours and exceptions of a dentist. Only staff see the reasons of their exceptions."""
    async with use(state.pool) as connection:
        schedule = existing(await schedules.of(connection, dentist_id))
    return etag(response, ShownSchedule.of(schedule, schedule.hours, private=caller.is_staff))


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
    """Replaces all weekly hours and exceptions, and lists the upcoming bookings that are outside
    them now; these are not changed. For the dentist and for admins.
    """
    await _check_editor(state, caller, dentist_id)
    weekly, exceptions = body.windows(), body.dates()
    _check_hours(faults(weekly, exceptions))
    async with use(state.pool) as connection, connection.transaction():
        if await schedules.lock(connection, dentist_id):
            raise invalid(
                "dentist_id", "this dentist is erased; their schedule cannot be changed", "erased"
            )
        schedule = existing(await schedules.of(connection, dentist_id))
        check_version(versions, schedule.version)
        body.check(ShownSchedule.of(schedule, schedule.hours, private=True))
        hours = with_own(schedule.hours, weekly, exceptions)
        left = await conflicts.under(connection, {dentist_id: hours})
        if not dry_run:
            await schedules.replace_own(connection, schedule, weekly, exceptions)
            schedule = existing(await schedules.of(connection, dentist_id))
    state.committed()
    shown = etag(response, ShownSchedule.of(schedule, hours, private=True))
    return ScheduleReplaced(
        schedule=shown, conflicts=left.first, conflicts_total=left.total, dry_run=dry_run
    )


@router.get("/api/clinics/{clinic_id}/exceptions", response_model_exclude_none=True)
async def get_clinic_exceptions(
    clinic_id: UUID, response: Response, caller: Caller, state: State
) -> ClinicExceptions:
    """Dates on which the whole clinic has other hours."""
    async with use(state.pool) as connection:
        version, exceptions = existing(await schedules.exceptions(connection, clinic_id))
    shown = [DateException.of(e) for e in exceptions]
    return etag(response, ClinicExceptions(clinic_id=clinic_id, exceptions=shown, version=version))


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
    """Replaces all exceptions of the clinic, and lists the upcoming bookings that are outside their
    dentist's hours now. For admins.
    """
    await _check_clinic_editor(state, caller, clinic_id)
    exceptions = body.dates(clinic_wide=True)
    _check_hours(faults((), exceptions))
    async with use(state.pool) as connection, connection.transaction():
        present, _ = existing(await schedules.exceptions(connection, clinic_id, locked=True))
        check_version(versions, present)
        body.check(ClinicExceptions(clinic_id=clinic_id, exceptions=[], version=present))
        staff = await schedules.of_clinic(connection, clinic_id)
        hours = {each.dentist_id: with_clinic_wide(each.hours, exceptions) for each in staff}
        left = await conflicts.under(connection, hours)
        if not dry_run:
            await schedules.replace_exceptions(connection, clinic_id, exceptions)
            present, _ = existing(await schedules.exceptions(connection, clinic_id))
    state.committed()
    replaced = ExceptionsReplaced(
        clinic_id=clinic_id,
        exceptions=body.exceptions,
        version=present,
        conflicts=left.first,
        conflicts_total=left.total,
        dry_run=dry_run,
    )
    return etag(response, replaced)


async def _check_editor(state: AppState, actor: Actor, dentist_id: UUID) -> None:
    """Raises `forbidden` unless this actor may edit the schedule of the dentist. Admins edit all
    schedules, receptionists those of their clinics, dentists their own.
    """
    allowed = actor.role is Role.ADMIN or (actor.role is Role.DENTIST and actor.id == dentist_id)
    if actor.role is Role.DESK:
        async with use(state.pool) as connection:
            allowed = bool(await staff.works_with(connection, actor, dentist_id))
    if not allowed:
        raise Problem(
            "forbidden", "Only the dentist, their clinic's desk and admins can edit this schedule."
        )


async def _check_clinic_editor(state: AppState, actor: Actor, clinic_id: UUID) -> None:
    """Raises `forbidden` for a receptionist of another clinic."""
    if actor.role is Role.DESK:
        async with use(state.pool) as connection:
            if not await staff.works_at(connection, actor, clinic_id):
                raise Problem(
                    "forbidden", "Only this clinic's desk and admins can edit its exceptions."
                )


def _check_hours(found: Iterable[Fault]) -> None:
    """Raises `validation_failed` with these faults, if there are any."""
    if errors := [fault(each.field, each.code, each.message) for each in found]:
        raise validation_failed(errors)
