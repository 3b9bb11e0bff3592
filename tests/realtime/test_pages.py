"""However many come back at once, the log is read once for all of them."""

import asyncio
from datetime import UTC, datetime

import pytest

from db import events
from db.pool import Pool, create_pool
from domain.events import Cursor, Event, Reader
from realtime import pages, replay
from realtime.pages import SIZE, Pages
from tests.realtime.listening import ADMIN, settled, until
from tests.realtime.test_retention import happen
from tests.realtime.traffic import churn
from tests.support import AMARA, patient

NOW = datetime(2026, 1, 1, tzinfo=UTC)
CROWD = 600
EVERYTHING = frozenset({"appointments", "availability"})


class Log:
    """A log of so many events, of which the first may be gone, and how often it was read."""

    def __init__(self, head: int, gone: int = 0) -> None:
        self.reads: list[tuple[int, int]] = []
        self.events = [made(seq) for seq in range(gone + 1, head + 1)]

    async def load(self, after: int, end: int) -> list[Event]:
        self.reads.append((after, end))
        await asyncio.sleep(0)
        return [event for event in self.events if after < event.seq <= end]


def made(seq: int) -> Event:
    return Event(seq, "availability", "slot.free", AMARA, None, None, "{}", NOW, NOW)


async def read(book: Pages, log: Log, seq: int, until: int) -> list[int]:
    got: list[int] = []
    while seq < until:
        page = await book.after(seq, until, log.load)
        if not page or page[0].seq != seq + 1:
            raise replay.TooOld
        got += [event.seq for event in page]
        seq = got[-1]
    return got


async def test_a_reader_that_needs_more_of_a_page_being_read_gets_all_of_it():
    book, log = Pages(), Log(20)
    short, long = await asyncio.gather(read(book, log, 0, 10), read(book, log, 0, 20))
    assert (short, long) == (list(range(1, 11)), list(range(1, 21)))


async def test_a_page_cached_from_the_middle_is_not_served_as_complete():
    book, log = Pages(), Log(SIZE + 5)
    for seq in range(10, SIZE + 6):
        book.add(made(seq))
    assert await read(book, log, 0, SIZE + 5) == list(range(1, SIZE + 6))
    assert log.reads == [(0, SIZE)]


async def test_deleted_events_are_not_skipped_silently():
    book, log = Pages(), Log(2 * SIZE, gone=SIZE + 3)
    for seq in (0, SIZE, SIZE + 2):
        with pytest.raises(replay.TooOld):
            await read(book, log, seq, 2 * SIZE)
    assert await read(book, log, SIZE + 3, 2 * SIZE) == list(range(SIZE + 4, 2 * SIZE + 1))


async def test_at_most_kept_pages_are_cached():
    book, log = Pages(), Log((pages.KEPT + 5) * SIZE)
    for event in log.events:
        book.add(event)
    assert len(book._pages) == pages.KEPT
    await read(book, log, 0, SIZE)
    assert len(book._pages) == pages.KEPT
    assert log.reads == [(0, SIZE)]


async def test_cancelling_the_first_reader_does_not_cancel_the_shared_read():
    book, log = Pages(), Log(SIZE)
    first = asyncio.create_task(read(book, log, 0, SIZE))
    second = asyncio.create_task(read(book, log, 0, SIZE))
    await asyncio.sleep(0)
    first.cancel()
    assert await second == list(range(1, SIZE + 1))
    assert len(log.reads) == 1


async def test_after_forget_pages_are_read_again():
    book, log = Pages(), Log(SIZE)
    await read(book, log, 0, SIZE)
    book.forget()
    assert await read(book, log, 0, SIZE) == list(range(1, SIZE + 1))
    assert len(log.reads) == 2


@pytest.fixture
def asked(monkeypatch) -> list[str]:
    """What is asked of Postgres for those who come back."""
    found: list[str] = []

    class Counted:
        def __getattr__(self, name):
            found.append(name)
            return getattr(events, name)

    monkeypatch.setattr(replay, "events", Counted())
    return found


@pytest.mark.parametrize(("remembered", "queries"), [(True, 0), (False, 4)])
async def test_a_crowd_that_comes_back_at_once_costs_a_bounded_number_of_queries_and_misses_nothing(
    pool, relay, hub, listen, asked, remembered, queries
):
    await happen(pool, 3 * SIZE)
    await settled(pool, hub)
    crowd = [listen(ADMIN, "appointments") for _ in range(CROWD)]
    await until(lambda: hub.health.streams == CROWD)
    before = hub.at
    await churn(pool, range(10))
    for reader in crowd:
        await reader.stop()
    await churn(pool, range(48, 58))
    head = await settled(pool, hub)
    got = [reader.seqs for reader in crowd]
    expected = await pool.fetch(
        """
        select seq from realtime_events
         where topic = 'appointments' and seq > $1 and seq <= $2 order by seq
        """,
        before.seq,
        head,
    )

    if not remembered:
        hub.pages.forget()
    again = [
        listen(ADMIN, "appointments", at=Cursor(before.epoch, seqs[-1] if seqs else before.seq))
        for seqs in got
    ]
    seqs = [row["seq"] for row in expected]
    await until(lambda: all(reader.seqs[-1:] == seqs[-1:] for reader in again), 30)
    assert all(old + new.seqs == seqs for old, new in zip(got, again, strict=True))
    assert len(asked) <= queries


async def test_a_reader_far_behind_is_served_by_a_query_for_its_own_events(
    pool, relay, hub, listen, asked, monkeypatch
):
    monkeypatch.setattr(replay, "REACH", 10)
    await churn(pool, range(40))
    await settled(pool, hub)
    someone = (await pool.fetchrow("select patient_id from appointments"))["patient_id"]
    far = listen(patient(someone), "appointments", at=Cursor(hub.at.epoch, 0))
    expected = await pool.fetch(
        "select seq from realtime_events where $1 = any(audience) order by seq", someone
    )
    await until(lambda: far.seqs == [row["seq"] for row in expected])
    assert "missed" in asked


async def test_a_reader_far_behind_passes_over_no_event_that_a_connection_does_not_see(
    dsn, pool, relay, hub, monkeypatch
):
    """As where Postgres keeps an old list of partitions for a pooled connection."""
    monkeypatch.setattr(replay, "REACH", 10)
    await churn(pool, range(20))
    head = await settled(pool, hub)

    async def seqs(pool: Pool) -> list[int]:
        reader = Reader(ADMIN, EVERYTHING)
        pages = [page async for page in replay.between(hub, pool, reader, 0, head)]
        return [event.seq for page in pages for event in page]

    async with await create_pool(dsn, 1) as one:
        async with one.acquire() as stale:
            await stale.execute(
                f"""
                create temp table realtime_events as
                    select * from chairtime.realtime_events where seq < {head};
                set search_path = pg_temp, chairtime
                """
            )
        with pytest.raises(replay.TooOld):
            await seqs(one)
        assert await seqs(one) == list(range(1, head + 1))
