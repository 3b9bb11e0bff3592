"""No query reads a large table from end to end: for each there is an index that fits."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from uuid_utils.compat import uuid7

from db import appointments, booking_state, clinics, events, figures, idempotency, live_bookings
from db.appointments import AppointmentFilter
from db.live_bookings import LiveBooking
from db.pool import Pool
from domain.actors import Actor, Role, Scope
from domain.booking import Status
from domain.events import Reader
from domain.figures import DayRange
from tests.support import AMARA, ANA, key, monday

LARGE = (
    "appointments",
    "slot_reservations",
    "appointment_transitions",
    "realtime_events",
    "profiles",
    "patient_grants",
    "idempotency_keys",
)
SOME = uuid7()
CURSOR = (datetime(2026, 1, 1, tzinfo=UTC), SOME)
LAST = LiveBooking(*CURSOR, Status.BOOKED, CURSOR[0])
WEEK = (monday(0), monday(0) + timedelta(days=7))
FIGURES = DayRange(WEEK[0].date(), WEEK[1].date(), SOME)

READS: dict[str, Any] = {
    "one appointment": lambda c: appointments.get(c, SOME, Scope()),
    "its history": lambda c: appointments.history(c, SOME, Scope()),
    "its state": lambda c: booking_state.state(c, SOME),
    "a repeat": lambda c: idempotency.earlier(c, key(), Scope()),
    "old keys": lambda c: idempotency.delete_old(c, 10),
    "everybody's list": lambda c: appointments.page(c, Scope(), AppointmentFilter(), CURSOR, 50),
    "a patient's list": lambda c: appointments.page(c, Scope(ANA), AppointmentFilter(), CURSOR, 50),
    "a dentist's list": lambda c: appointments.page(
        c, Scope(dentist_id=AMARA), AppointmentFilter(), CURSOR, 50
    ),
    "an agent's list": lambda c: appointments.page(
        c, Scope(agent_id=SOME), AppointmentFilter(), CURSOR, 50
    ),
    "a week of booked": lambda c: appointments.page(
        c,
        Scope(),
        AppointmentFilter((Status.BOOKED,), starts_from=WEEK[0], starts_to=WEEK[1]),
        None,
        50,
    ),
    "a clinic's list": lambda c: appointments.page(
        c, Scope(), AppointmentFilter(clinic_id=SOME, chair=1, lapsed=False), CURSOR, 50
    ),
    "what decides a hold": lambda c: clinics.booking_terms(c, AMARA, "checkup"),
    "overdue holds": lambda c: booking_state.expire_overdue(c, 0, 10),
    "bookings without workflow": lambda c: live_bookings.settled(c, 60, LAST, 100),
    "bookings of running workflows": lambda c: live_bookings.over(c, [SOME], 60),
    "the log's next events": lambda c: events.after(c, 5, 100),
    "the log's oldest event": events.oldest,
    "missed events of a topic": lambda c: events.missed(c, _reader("appointments"), 5, 50, 100),
    "a clinic's booked time": lambda c: figures.booked_time(c, FIGURES),
    "a clinic's holds": lambda c: figures.hold_outcomes(c, FIGURES),
    "a clinic's visits": lambda c: figures.visit_outcomes(c, FIGURES),
    "a clinic's lead times": lambda c: figures.lead_times(c, FIGURES),
    "latency of events": lambda c: figures.event_latency(c, FIGURES),
    "missed events of a clinic": lambda c: events.missed(
        c, _reader(f"appointments:clinic:{SOME}"), 5, 50, 100
    ),
    "missed events of one booking": lambda c: events.missed(
        c, _reader(f"appointments:{SOME}"), 5, 50, 100
    ),
}


def _reader(topic: str) -> Reader:
    return Reader(Actor(Role.PATIENT, ANA), frozenset({topic}))


class Overheard:
    """A connection that keeps what it was asked."""

    def __init__(self, connection: Any) -> None:
        self.asked: list[tuple[str, tuple[Any, ...]]] = []
        self._connection = connection

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._connection, name)
        if name not in ("fetch", "fetchrow", "fetchval", "execute"):
            return method

        async def ask(query: str, *args: Any) -> Any:
            self.asked.append((query, args))
            return await method(query, *args)

        return ask


@pytest.mark.parametrize("what", READS)
async def test_a_read_finds_its_rows_by_an_index(pool: Pool, what: str):
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("select realtime_roll(5000)")
        overheard = Overheard(connection)
        await READS[what](overheard)
        assert overheard.asked
        await connection.execute("set local enable_seqscan = off; set local enable_sort = off")
        for query, args in overheard.asked:
            plan = "\n".join(row[0] for row in await connection.fetch(f"explain {query}", *args))
            whole = re.search(rf"Seq Scan on ({'|'.join(LARGE)})(_[0-9]+)?\b", plan)
            assert whole is None, plan


@pytest.mark.parametrize("seen", [Scope(), Scope(ANA), Scope(dentist_id=AMARA)])
async def test_a_page_of_a_list_is_read_in_order_and_no_further(pool: Pool, seen: Scope):
    async with pool.acquire() as connection, connection.transaction():
        overheard = Overheard(connection)
        await appointments.page(overheard, seen, AppointmentFilter(), CURSOR, 50)
        await connection.execute(
            "set local enable_seqscan = off; set local enable_bitmapscan = off"
        )
        (query, args) = overheard.asked[0]
        plan = "\n".join(row[0] for row in await connection.fetch(f"explain {query}", *args))
        assert re.search(r"Index Scan using appointments_(starts|patient|dentist)", plan), plan
        assert "Sort" not in plan, plan
