"""What a test does as patients and staff over HTTP, and what it then finds in Postgres, Temporal
and the event log.
"""

import asyncio
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

import httpx2
from temporalio.client import Client, WorkflowExecutionStatus, WorkflowHandle
from temporalio.service import RPCError, RPCStatusCode

from api.auth import development
from db import demo
from db.pool import Pool
from domain.booking import LIVE
from domain.messages import BookingState
from settings import Settings
from tests.acceptance.premises import Part, Premises
from tests.support import AMARA, HANG, LENA, MATEO
from tests.workflows.desk import until
from workflows import workflow_id
from workflows.booking import BookingWorkflow

LONG = 300.0
"""Seconds of a hold that shall not end by itself."""

BERLIN = ZoneInfo("Europe/Berlin")
STARTS = [(hour, minute) for hour in (*range(8, 12), *range(13, 18)) for minute in range(0, 60, 15)]
DENTISTS = (AMARA, LENA, MATEO)

EVENT_OF = {
    "hold": "held",
    "confirm": "booked",
    "cancel": "cancelled",
    "release": "released",
    "expire": "expired",
}


@dataclass(frozen=True)
class Slot:
    dentist: UUID
    starts_at: datetime


@dataclass(frozen=True)
class Reply:
    status: int
    body: Any
    headers: Mapping[str, str]
    took: float
    """Seconds, as its caller saw it."""


@dataclass(frozen=True)
class Booking:
    id: UUID
    patient: str
    slot: Slot
    until: datetime
    """The hold's deadline."""


@dataclass(frozen=True)
class Truth:
    """What Postgres says of a booking."""

    status: str
    version: int
    verbs: list[str]
    vias: list[str]
    lateness: float | None
    """Seconds from the deadline to the expiry, if it expired."""


@dataclass
class Clinic:
    premises: Premises
    pool: Pool
    temporal: Client
    http: httpx2.AsyncClient
    problems: list[str] = field(default_factory=list)
    """The text of every answer that was a problem."""
    tokens: dict[tuple[str, str], str] = field(default_factory=dict)
    """Each token that was used, by role and name."""

    # asking

    async def call(
        self,
        method: str,
        path: str,
        role: str = "patient",
        name: str = "ana",
        *,
        api: Part | None = None,
        key: str | None = None,
        **request: Any,
    ) -> Reply:
        """One call, by default of the first API."""
        headers = {"Authorization": f"Bearer {self.token(role, name)}"}
        if key:
            headers["Idempotency-Key"] = key
        began = time.monotonic()
        url = (api or self.premises.one).url + path
        answer = await self.http.request(method, url, headers=headers, **request)
        took = time.monotonic() - began
        if answer.status_code >= 400:
            self.problems.append(answer.text)
        return Reply(answer.status_code, answer.json(), answer.headers, took)

    async def reserve(
        self,
        slot: Slot,
        patient: str,
        seconds: float = LONG,
        *,
        kind: str | None = None,
        notes: str | None = None,
        **call: Any,
    ) -> Reply:
        """Holds a short visit for so long, or one of another kind for as long as that is held."""
        body = {
            "dentist_id": str(slot.dentist),
            "starts_at": slot.starts_at.isoformat(),
            "appointment_type": kind or await self.visit(seconds),
            "notes": notes,
        }
        return await self.call("POST", "/api/availability/reserve", name=patient, json=body, **call)

    async def held(self, seconds: float = LONG, **call: Any) -> Booking:
        """A hold of a new patient on a slot that nobody had before."""
        slot, patient = self.slot(), self.patient()
        reply = await self.reserve(slot, patient, seconds, **call)
        assert reply.status == 201, reply
        assert reply.took < HANG
        return booking(reply, patient, slot)

    async def confirm(self, it: Booking, **call: Any) -> Reply:
        return await self.call(
            "POST", f"/api/appointments/{it.id}/confirm", name=it.patient, **call
        )

    async def cancel(self, it: Booking, note: str | None = None, **call: Any) -> Reply:
        body = {"reason": "patient_request", "note": note}
        path = f"/api/appointments/{it.id}/cancel"
        return await self.call("POST", path, name=it.patient, json=body, **call)

    async def release(self, it: Booking, **call: Any) -> Reply:
        path = f"/api/availability/reserve/{it.id}"
        return await self.call("DELETE", path, name=it.patient, **call)

    async def live(self, verbs: Iterable[str], seconds: float = LONG) -> Booking:
        """A new booking that goes through these verbs (`hold` first, `expire` by itself); each is
        answered soon, and with the state that it led to.
        """
        it = await self.held(seconds)
        for verb in verbs:
            if verb in ("hold", "expire"):
                continue
            reply = await getattr(self, verb)(it)
            assert (reply.status, reply.body["status"]) == (200, EVENT_OF[verb])
            assert reply.took < HANG
        return it

    async def health(self, api: Part | None = None) -> dict[str, str]:
        reply = await self.call("GET", "/health", api=api)
        assert reply.status == 200
        assert reply.took < HANG
        return reply.body

    async def becomes(self, part: str, state: str, seconds: float = 15) -> None:
        """Waits until /health says so of this part."""

        async def said() -> bool:
            return (await self.health())[part] == state

        await until(said, seconds)

    def token(self, role: str, name: str) -> str:
        if (role, name) not in self.tokens:
            home = self.premises.home
            settings = Settings(environment="development", chairtime_home=home, _env_file=None)
            self.tokens[role, name] = development.token(settings, role, name)
        return self.tokens[role, name]

    def patient(self) -> str:
        """The name of somebody who was never here."""
        return f"patient-{next(self.premises.numbers)}"

    def key(self) -> str:
        return f"key-{next(self.premises.numbers)}"

    def slot(self) -> Slot:
        """A slot that no test has used yet."""
        nth, dentist = divmod(next(self.premises.numbers), len(DENTISTS))
        day, start = divmod(nth, len(STARTS))
        week, weekday = divmod(day, 5)
        today = datetime.now(BERLIN).date()
        monday = today + timedelta(days=7 - today.weekday())
        date = monday + timedelta(weeks=week, days=weekday)
        hour, minute = STARTS[start]
        local = datetime(date.year, date.month, date.day, hour, minute, tzinfo=BERLIN)
        return Slot(DENTISTS[dentist], local.astimezone(UTC))

    async def visit(self, seconds: float) -> str:
        """The slug of a type of 15 minutes without chair or buffers, held for so long."""
        slug = f"visit-{seconds * 1000:.0f}"
        if slug not in self.premises.types:
            await self.pool.execute(
                """
                insert into appointment_types (id, clinic_id, slug, name, duration, hold_for,
                                               needs_chair)
                values ($1, $2, $3, $3, '15 minutes', make_interval(secs => $4), false)
                on conflict do nothing
                """,
                uuid5(demo.NAMESPACE, slug),
                demo.CLINIC,
                slug,
                seconds,
            )
            self.premises.types.add(slug)
        return slug

    # finding

    async def truth(self, id: UUID) -> Truth:
        row = await self.pool.fetchrow(
            """
            select a.status, a.version,
                   array_agg(t.verb order by t.version) as verbs,
                   array_agg(t.via order by t.version) as vias,
                   extract(epoch from max(t.at) filter (where t.verb = 'expire')
                           - a.hold_expires_at)::float8 as lateness
              from appointments a join appointment_transitions t on t.appointment_id = a.id
             where a.id = $1 group by a.id
            """,
            id,
        )
        return Truth(**row)

    async def told(self, id: UUID) -> list[str]:
        """What the event log says of a booking, in order, with versions checked."""
        rows = await self.pool.fetch(
            """
            select kind, version from realtime_events
             where topic = 'appointments' and entity_id = $1 order by seq
            """,
            id,
        )
        assert [row["version"] for row in rows] == list(range(1, len(rows) + 1))
        return [row["kind"].removeprefix("appointment.") for row in rows]

    async def drained(self) -> bool:
        """All commands are with their workflows, and all events have a number."""
        return not await self.pool.fetchval(
            "select exists (select from workflow_inbox) or exists (select from outbox)"
        )

    def workflow(self, id: UUID) -> WorkflowHandle[BookingWorkflow, BookingState]:
        return self.temporal.get_workflow_handle_for(BookingWorkflow.run, workflow_id(id))

    async def started(self, id: UUID) -> bool:
        try:
            await self.workflow(id).describe()
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:
                return False
            raise
        return True

    async def looked(self, bookings: Iterable[Booking]) -> None:
        """Waits until the workflow of each has seen its row and waits for what is due."""
        await until(self.drained, 20)
        await asyncio.gather(*(self._saw(it.id) for it in bookings))

    async def lived(self, bookings: Mapping[UUID, list[str]], seconds: float = 40) -> list[Truth]:
        """Waits until these bookings have gone through exactly these verbs, each once, and
        transitions, row, events and workflow say the same.
        """

        async def settled() -> bool:
            found = [(await self.truth(id)).verbs == verbs for id, verbs in bookings.items()]
            return all(found) and await self.drained()

        try:
            await until(settled, seconds)
        except TimeoutError:
            pass  # the assertions say what is missing
        return await asyncio.gather(*(self._lived(id, verbs) for id, verbs in bookings.items()))

    async def _lived(self, id: UUID, verbs: list[str]) -> Truth:
        truth = await self.truth(id)
        assert truth.verbs == verbs
        assert truth.status == EVENT_OF[verbs[-1]]
        assert truth.version == len(verbs)
        assert await self.told(id) == [EVENT_OF[verb] for verb in verbs]
        await self._saw(id)
        described = await self.workflow(id).describe()
        if truth.status in LIVE:
            assert described.status is WorkflowExecutionStatus.RUNNING
        else:
            assert described.status is WorkflowExecutionStatus.COMPLETED
        return truth

    async def _saw(self, id: UUID) -> None:
        """Waits until the workflow has seen the row as it is, and has closed if that is the end."""
        state: BookingState | None = None

        async def same() -> bool:
            nonlocal state
            truth, handle = await self.truth(id), self.workflow(id)
            if truth.status in LIVE:
                state = await _asked(handle)
            else:
                state = await handle.result()
            return state is not None and (state.status, state.version, state.over) == (
                truth.status,
                truth.version,
                truth.status not in LIVE,
            )

        try:
            await until(same, 25)
        except TimeoutError:
            raise AssertionError(f"{await self.truth(id)} is not what {state} says") from None


def booking(reply: Reply, patient: str, slot: Slot) -> Booking:
    deadline = datetime.fromisoformat(reply.body["hold_expires_at"])
    return Booking(UUID(reply.body["id"]), patient, slot, deadline)


async def at(instant: datetime) -> None:
    """Returns at that time."""
    await asyncio.sleep(max(0.0, (instant - datetime.now(UTC)).total_seconds()))


def quantiles(seconds: Iterable[float]) -> str:
    """For reports: median and maximum in milliseconds."""
    found = sorted(value * 1000 for value in seconds)
    return f"median {found[len(found) // 2]:.0f} ms, max {found[-1]:.0f} ms, n = {len(found)}"


async def _asked(handle: WorkflowHandle[BookingWorkflow, BookingState]) -> BookingState | None:
    """What the workflow says; None while no worker polls that could ask it."""
    try:
        return await handle.query(BookingWorkflow.state)
    except RPCError as error:
        if error.status is RPCStatusCode.FAILED_PRECONDITION:
            return None
        raise
