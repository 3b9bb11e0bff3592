"""The database refuses what the API refuses: each bound of a body is a check of its column.

The bounds are read from openapi.json, so that a new one fails here until the column has it too.
"""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from db import demo
from db.catalogue import INTERVALS
from db.pool import Connection, Pool
from tests.support import hold, monday, request

ROOT = Path(__file__).resolve().parents[2]
SCHEMAS: dict[str, Any] = json.loads((ROOT / "openapi.json").read_text())["components"]["schemas"]

TABLES = {
    "NewClinic": "clinics",
    "NewType": "appointment_types",
    "NewChair": "resources",
    "NewProfile": "profiles",
    "WeeklyHours": "weekly_hours",
    "DateException": "schedule_exceptions",
    "Create": "appointments",
    "Update": "appointments",
    "Cancel": "appointments",
    "NewWebhook": "webhook_endpoints",
}
"""The body that has each column. Other bodies repeat these fields, or are not stored."""

OF_DENTISTS = {"specialty", "bio"}
BY_REFERENCE = {"appointment_type"}
"""Fields that name a row by its slug."""

BOUNDS = ("maxLength", "maximum", "minimum", "pattern")

CHECKUP = "where slug = 'checkup'"
UNIQUE = {
    ("appointment_types", "slug"): CHECKUP,
    ("resources", "name"): "where kind = 'chair' and name = 'Chair 1'",
}

OTHERS = {
    "a third extension": "update appointments set extensions = 3",
    "a lead time beyond the horizon": "update appointment_types set lead_time = horizon + '1 min'",
    "an exception before 2000": "update schedule_exceptions set on_date = '1999-12-31'",
    "an exception after 2200": "update schedule_exceptions set on_date = '2201-01-01'",
    "hours valid from before 2000": "update weekly_hours set valid_from = '1999-12-31'",
    "hours valid after 2200": "update weekly_hours set valid_to = '2201-01-01'",
    "a hash of another length": "update appointments set hold_token_hash = 'short'",
    "a key's hash of another length": (
        "insert into idempotency_keys values (gen_random_uuid(), 'r', 'short', 't', 'short')"
    ),
    "an endpoint without topics": "update webhook_endpoints set topics = '{}'",
    "an active endpoint that was switched off": (
        "update webhook_endpoints set disabled_reason = 'gone'"
    ),
    "a ticket without topics": "insert into stream_tickets values ('h', 'c', '{}', 0, now())",
}

ELSEWHERE = {
    "a dentist": "update appointments set dentist_id = :dentist",
    "a type": "update appointments set type_id = :type",
    "a clinic": "update appointments set clinic_id = :clinic",
    "the clinic of a booked dentist": "update dentists set clinic_id = :clinic",
    "the clinic of a booked type": f"update appointment_types set clinic_id = :clinic {CHECKUP}",
    "an exception for a dentist": (
        "insert into schedule_exceptions (clinic_id, resource_no, on_date, kind)"
        " select :clinic, resource_no, current_date, 'closed'"
        " from dentists where clinic_id <> :clinic"
    ),
    "a dentist's resource": "update resources set clinic_id = :clinic where kind = 'dentist'",
}


def bounds(body: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """The fields of a body that are bounded, with their schemas."""
    for field, schema in SCHEMAS[body].get("properties", {}).items():
        found = {k: v for s in (schema, *schema.get("anyOf", ())) for k, v in s.items()}
        if field not in BY_REFERENCE and any(bound in found for bound in BOUNDS):
            yield field, found


def values(field: str, bound: dict[str, Any]) -> list[tuple[Any, bool]]:
    """Values at and beyond a bound of the API, and whether they are allowed."""
    if field in ("starts", "ends"):
        return [("23:59", True), ("24:00", False)]
    if field == "slug":
        refused = ("a" * 65, "A", "", "a b")
        return [("a" * 64, True), *((slug, False) for slug in refused)]
    if "maxLength" in bound:
        longest = bound["maxLength"]
        return [("x" * longest, True), ("x" * (longest + 1), False)]
    least, most = int(bound["minimum"]), int(bound["maximum"])
    numbers = [(least, True), (most, True), (most + 1, False), (least - 1, False)]
    if field not in INTERVALS:
        return numbers
    unit = INTERVALS[field][1]
    return [(timedelta(seconds=number * unit), allowed) for number, allowed in numbers]


async def accepts(connection: Connection, query: str, *args: Any) -> bool:
    """Whether no check refuses the change, which is undone."""
    change = connection.transaction()
    await change.start()
    try:
        await connection.execute(query, *args)
        return True
    except asyncpg.CheckViolationError:
        return False
    finally:
        await change.rollback()


async def sets(connection: Connection, body: str, field: str, value: Any) -> bool:
    table = "dentists" if field in OF_DENTISTS else TABLES[body]
    column = "cancel_note" if field == "note" else INTERVALS.get(field, (field,))[0]
    new = "$1::text::time" if column in ("starts", "ends") else "$1"
    also = {"lead_time": ", horizon = '730 days'", "horizon": ", lead_time = '0'"}.get(column, "")
    if table == "appointments":
        also = ", verb = 'edit', version = version + 1, command_id = null"
    which = UNIQUE.get((table, column), "")
    return await accepts(connection, f"update {table} set {column} = {new}{also} {which}", value)


@pytest.fixture
async def rows(pool: Pool) -> Pool:
    """With a row in each table."""
    assert (await hold(pool, request(monday(9)))).appointment
    await pool.execute(
        "insert into schedule_exceptions (clinic_id, on_date, kind, starts, ends)"
        " select id, current_date, 'hours', '8:00', '9:00' from clinics"
    )
    await pool.execute(
        "insert into webhook_endpoints (id, owner_id, owner_role, url, topics, epoch, seq)"
        " select id, id, 'admin', 'https://bot.example', '{availability}', '', 0 from profiles"
        " limit 1"
    )
    return pool


async def test_the_database_has_the_bounds_of_the_api(rows: Pool):
    cases = [
        (body, field, value, allowed)
        for body in TABLES
        for field, bound in bounds(body)
        for value, allowed in values(field, bound)
    ]
    assert len(cases) > 60
    async with rows.acquire() as connection:
        wrong = [case for case in cases if await sets(connection, *case[:3]) != case[3]]
    assert wrong == []


def test_each_bounded_field_that_is_stored_is_compared():
    compared = {field for body in TABLES for field, _ in bounds(body)}
    bodies = [
        body
        for body in SCHEMAS
        if body.startswith(("New", "Edit", "Proposed")) or body in ("Reserve", "Confirm")
    ]
    assert {field for body in bodies for field, _ in bounds(body)} <= compared


async def test_the_database_refuses_what_no_field_alone_decides(rows: Pool):
    async with rows.acquire() as connection:
        accepted = [what for what, query in OTHERS.items() if await accepts(connection, query)]
    assert accepted == []


@pytest.mark.parametrize("what", ELSEWHERE)
async def test_a_booking_its_dentist_type_and_hours_are_of_one_clinic(rows: Pool, what: str):
    clinic, type_ = (demo.uuid5(demo.NAMESPACE, name) for name in ("elsewhere", "its type"))
    async with rows.acquire() as connection, connection.transaction():
        await demo.add_clinic(connection, clinic, "Elsewhere", "Europe/Berlin")
        await demo.add_type(connection, clinic, type_, demo.TYPES[1])
        await demo.add_dentist(connection, clinic, "nadia", "Nadia", "Endodontics")
    ids = {"clinic": clinic, "type": type_, "dentist": demo.person_id("dentist", "nadia")}
    query = ELSEWHERE[what]
    for name, id in ids.items():
        query = query.replace(f":{name}", f"'{id}'::uuid")
    with pytest.raises(asyncpg.ForeignKeyViolationError):
        await rows.execute(query)
