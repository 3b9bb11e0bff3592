"""Figures for dashboards, for admins: by day of a clinic, and by hour of the event log."""

from datetime import UTC, datetime, timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query

from api.http.context import Caller, State
from api.http.errors import invalid
from api.http.strict import StrictRoute
from api.http.values import Day
from db import figures
from db.pool import use
from domain.figures import (
    DayRange,
    HoldsDay,
    LatencyHour,
    LeadTimes,
    UtilisationDay,
    VisitsDay,
)
from services import utilisation

router = APIRouter(route_class=StrictRoute, prefix="/api/admin/metrics", tags=["operations"])

MOST_DAYS = 366
MOST_ROWS = 10_000
DEFAULT = timedelta(days=27)
"""From the first to the last of four weeks."""


async def days_asked(
    first: Annotated[
        Day | None,
        Query(alias="from", description="First day. Default: 27 days before `to`."),
    ] = None,
    last: Annotated[
        Day | None,
        Query(
            alias="to",
            description=f"Last day, included. Default: 27 days after `from`, or today in UTC. "
            f"A range has at most {MOST_DAYS} days.",
        ),
    ] = None,
) -> DayRange:
    last = last or (first + DEFAULT if first else datetime.now(UTC).date())
    return _checked(DayRange(first or last - DEFAULT, last))


async def clinic_days_asked(
    state: State,
    days: Annotated[DayRange, Depends(days_asked)],
    clinic_id: Annotated[
        UUID | None, Query(description="Default: all clinics, each by the days of its zone.")
    ] = None,
) -> DayRange:
    """Raises `validation_failed` for an unknown clinic, and for more than MOST_ROWS rows."""
    async with use(state.pool) as connection:
        counted = await figures.counted(connection, clinic_id)
    if clinic_id and not counted.clinics:
        raise invalid("clinic_id", "unknown clinic; see GET /api/clinics", "unknown")
    if max(counted) * days.days > MOST_ROWS:
        hint = "choose a clinic_id or fewer days"
        raise invalid("to", f"would give more than {MOST_ROWS:,} rows; {hint}", "too_large")
    return DayRange(days.first, days.last, clinic_id)


Days = Annotated[DayRange, Depends(days_asked)]
ClinicDays = Annotated[DayRange, Depends(clinic_days_asked)]


@router.get("/utilisation")
async def read_utilisation(caller: Caller, state: State, asked: ClinicDays) -> list[UtilisationDay]:
    """Booked and offered time per dentist and day."""
    return await utilisation.by_dentist_and_day(state.pool, asked)


@router.get("/conversion")
async def read_conversion(caller: Caller, state: State, asked: ClinicDays) -> list[HoldsDay]:
    """What became of the holds made on each day: conversion and expiry rate."""
    async with use(state.pool) as connection:
        return await figures.hold_outcomes(connection, asked)


@router.get("/no-shows")
async def read_no_shows(caller: Caller, state: State, asked: ClinicDays) -> list[VisitsDay]:
    """What became of the visits that start on each day: the no-show rate."""
    async with use(state.pool) as connection:
        return await figures.visit_outcomes(connection, asked)


@router.get("/lead-times")
async def read_lead_times(caller: Caller, state: State, asked: ClinicDays) -> list[LeadTimes]:
    """How long before their start the visits of each day were booked."""
    async with use(state.pool) as connection:
        return await figures.lead_times(connection, asked)


@router.get("/latency")
async def read_latency(caller: Caller, state: State, asked: Days) -> list[LatencyHour]:
    """Delay from changes to their numbers in the event log, by hour of UTC, for as long as the log
    is kept.
    """
    async with use(state.pool) as connection:
        return await figures.event_latency(connection, asked)


def _checked(asked: DayRange) -> DayRange:
    if asked.last < asked.first:
        raise invalid("to", "is before from; send a later day", "before_start")
    if asked.days > MOST_DAYS:
        raise invalid("to", f"is more than {MOST_DAYS} days from `from`; send fewer", "too_large")
    return asked
