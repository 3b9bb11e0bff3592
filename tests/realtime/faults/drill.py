"""Bookings that come and go while everybody watches, and what the judge says of it in the end."""

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

import asyncpg
import httpx2

from api.auth import development
from chairtime_client import events
from db.demo import DENTISTS, PATIENTS, person_id
from db.pool import UNAVAILABLE, Pool
from realtime.waker import RelayWaker
from settings import Settings
from tests.event_kinds import APPOINTMENT_KINDS, SLOT_KINDS
from tests.realtime.history import Change, Finding, Reader
from tests.realtime.history_judge import judge
from tests.realtime.listening import sequenced, until
from tests.realtime.reading import Reading, slot_of
from tests.realtime.traffic import one_life, rolled_back
from tests.support import HANG

RECORD_VERSIONS = (Path(__file__).parent / "committed_versions.sql").read_text()

SLOTS = 3 * 4 * 16
"""Numbers that have a slot of their own; a life is over long before its number comes again."""

WORKERS, PAUSE = 4, 0.05

LONGEST = 30.0
"""Seconds that readers have to come back and catch up."""


class Seat(NamedTuple):
    """Who reads, and what."""

    role: str
    name: str
    topics: frozenset[str]

    @property
    def id(self) -> UUID:
        return person_id(self.role, self.name)

    @property
    def path(self) -> str:
        return f"/api/events?topics={','.join(sorted(self.topics))}"


BOTH = frozenset({"appointments", "availability"})
EVERYONE = (
    Seat("admin", "admin", BOTH),
    Seat("agent", "chatbot", BOTH),
    *(
        Seat(
            "dentist",
            name,
            frozenset({"appointments", f"availability:{person_id('dentist', name)}"}),
        )
        for name, *_ in DENTISTS
    ),
    *(Seat("patient", name, BOTH) for name, _ in PATIENTS),
)


class Load:
    """Lives of bookings, by real commands, one after the other at several desks. Whatever Postgres
    does not take meanwhile has not happened, or has; the tables know.
    """

    def __init__(self, pool: Pool) -> None:
        self.lives = 0
        self._pool = pool
        self._waker = RelayWaker(pool)
        self._numbers = itertools.count()

    async def goes_on(self, lives: int = 20) -> None:
        """Returns when so many more are over."""
        enough = self.lives + lives
        await until(lambda: self.lives >= enough, HANG)

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Load"]:
        await self._waker.start()
        desks = [asyncio.create_task(self._desk()) for _ in range(WORKERS)]
        try:
            yield self
            for desk in desks:
                assert not desk.done(), desk.exception()
        finally:
            for desk in desks:
                desk.cancel()
            await asyncio.gather(*desks, return_exceptions=True)
            await self._waker.stop()

    async def _desk(self) -> None:
        while True:
            number = next(self._numbers) % SLOTS
            with contextlib.suppress(asyncpg.PostgresError, asyncpg.InterfaceError, *UNAVAILABLE):
                await (rolled_back if number % 5 == 4 else one_life)(self._pool, number)
                self.lives += 1
            self._waker.wake()
            await asyncio.sleep(PAUSE)


class Drill:
    """All who read, and what there was to read."""

    def __init__(self, pool: Pool, settings: Settings) -> None:
        self.pool = pool
        self.load = Load(pool)
        self.readings: list[Reading] = []
        """Of those who watch, in the order of their seats."""
        self.more: list[Change] = []
        """What was committed beside the load."""
        self._settings = settings
        self._readers: list[Callable[[], Reader]] = []

    @property
    def connections(self) -> set[int]:
        """How many each of those who watch has had."""
        return {reading.connections for reading in self.readings}

    def token(self, seat: Seat) -> str:
        return development.token(self._settings, seat.role, seat.name)

    def judges(self, reader: Callable[[], Reader]) -> None:
        """Somebody else, whose history is asked for in the end."""
        self._readers.append(reader)

    @asynccontextmanager
    async def watched(
        self, *urls: str, seats: Sequence[Seat] = EVERYONE, cursors: Sequence[str | None] = (None,)
    ) -> AsyncIterator[None]:
        """Each seat is taken, at one of these addresses, and from one of these places on."""
        ways = zip(seats, itertools.cycle(urls), itertools.cycle(cursors), strict=False)
        async with AsyncExitStack() as stack:
            for seat, url, cursor in ways:
                stream = events(url, self.token(seat), topics=sorted(seat.topics), cursor=cursor)
                reading = Reading(stream, partial(self._lists, url, seat))
                self.readings.append(await stack.enter_async_context(reading))
                self.judges(partial(reading.as_judged, seat.name, *seat.topics))
            yield

    async def settles(self, *resets: str) -> None:
        """Passes once every reader was told all that is due, and nothing else, and those who watch
        were reset for these reasons alone. The load is over.
        """
        seconds = HANG
        await sequenced(self.pool, seconds)
        changes = await committed_changes(self.pool) + self.more
        findings: list[Finding] = []
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while findings := judge(changes, [reader() for reader in self._readers]):  # noqa: ASYNC110
                    await asyncio.sleep(0.1)
        assert not findings, f"{len(findings)} findings, among them {findings[:5]}"
        assert {tuple(reading.resets) for reading in self.readings} == {resets}

    async def _lists(self, url: str, seat: Seat) -> dict[tuple[str, str], int | str]:
        """The bookings that somebody sees, over HTTP; the board is not loaded."""
        versions: dict[tuple[str, str], int | str] = {}
        headers, cursor = {"Authorization": f"Bearer {self.token(seat)}"}, ""
        async with httpx2.AsyncClient(base_url=url, headers=headers) as http:
            while cursor is not None:
                query = {"limit": "200"} | ({"cursor": cursor} if cursor else {})
                page = (await http.get("/api/appointments", params=query)).json()
                versions |= {("appointments", it["id"]): it["version"] for it in page["items"]}
                cursor = page.get("next_cursor")
        return versions


async def committed_changes(pool: Pool) -> list[Change]:
    """What was committed to bookings and to the slots of the board, by the test's own record of
    versions and its own table of kinds.
    """
    changes = []
    for row in await pool.fetch("select * from committed_versions order by n"):
        names = {s.name for s in EVERYONE if s.role == "admin" or s.id in row["audience"]}
        kind = APPOINTMENT_KINDS[row["old_status"], row["verb"], row["status"]]
        id_, slot = str(row["id"]), slot_of(row["dentist_id"], row["starts_at"])
        changes.append(Change("appointments", id_, row["version"], kind, frozenset(names)))
        moved = row["old_starts_at"] not in (None, row["starts_at"])
        if moved:
            old = slot_of(row["dentist_id"], row["old_starts_at"])
            changes.append(Change("availability", old, None, "slot.free"))
        shown = SLOT_KINDS[row["status"]]
        if moved or shown == "slot.held" or shown != SLOT_KINDS[row["old_status"]]:
            changes.append(Change("availability", slot, None, shown))
    return changes
