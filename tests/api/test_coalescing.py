"""Requests for one slot are coalesced, and nobody gets a refusal from before they asked."""

import asyncio

from db.pool import Pool, Unavailable, use
from domain.appointments import Result, Via
from domain.booking import Outcome
from services import booking, coalescing
from services.coalescing import RequestCoalescer, SlotKey
from tests.support import AMARA, ANA, BEN, monday, overdue, patient, request
from tests.workflows.desk import until

TIME = SlotKey(AMARA, "checkup", monday(9), by_staff=False)


class Desk:
    """Answers one question at a time, and only when told to."""

    def __init__(self, *outcomes: Outcome) -> None:
        self.asked = 0
        self._outcomes = list(outcomes)
        self._open = asyncio.Semaphore(0)

    def answer(self, count: int = 1) -> None:
        for _ in range(count):
            self._open.release()

    async def ask(self) -> Result:
        self.asked += 1
        number = self.asked
        await self._open.acquire()
        return Result(self._outcomes[number - 1])


async def crowd(coalescer: RequestCoalescer, desk: Desk, count: int) -> list[asyncio.Task[Result]]:
    """So many requests at once, of which one at most has reached the desk."""
    tasks = [asyncio.create_task(coalescer.attempt(TIME, desk.ask)) for _ in range(count)]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    return tasks


async def test_of_200_requests_for_one_slot_two_query_the_database(monkeypatch):
    monkeypatch.setattr(coalescing, "QUEUE_TIMEOUT", 60)
    own, desk = RequestCoalescer(), Desk(Outcome.DONE, Outcome.SLOT)
    tasks = await crowd(own, desk, 200)
    desk.answer(2)
    results = await asyncio.gather(*tasks)
    assert [result.outcome for result in results] == [Outcome.DONE] + [Outcome.SLOT] * 199
    assert desk.asked == 2
    assert not own._queues


async def test_a_refusal_is_not_shared_with_requests_that_came_after_its_query(monkeypatch):
    monkeypatch.setattr(coalescing, "QUEUE_TIMEOUT", 60)
    own, desk = RequestCoalescer(), Desk(Outcome.SLOT, Outcome.DONE)
    (early,) = await crowd(own, desk, 1)
    (late,) = await crowd(own, desk, 1)
    desk.answer(2)
    assert (await early).outcome is Outcome.SLOT
    assert (await late).outcome is Outcome.DONE
    assert desk.asked == 2


async def test_a_refusal_about_one_caller_is_shared_with_nobody(monkeypatch):
    monkeypatch.setattr(coalescing, "QUEUE_TIMEOUT", 60)
    own, desk = RequestCoalescer(), Desk(Outcome.QUOTA, Outcome.PATIENT_OVERLAP, Outcome.DONE)
    tasks = await crowd(own, desk, 3)
    desk.answer(3)
    results = await asyncio.gather(*tasks)
    assert [r.outcome for r in results] == [Outcome.QUOTA, Outcome.PATIENT_OVERLAP, Outcome.DONE]


async def test_a_cancelled_request_passes_its_turn_on(monkeypatch):
    monkeypatch.setattr(coalescing, "QUEUE_TIMEOUT", 60)
    own, desk = RequestCoalescer(), Desk(Outcome.DONE, Outcome.SLOT)
    first, second, third, fourth = await crowd(own, desk, 4)
    first.cancel()
    second.cancel()
    await asyncio.sleep(0)
    desk.answer(2)
    assert (await third).outcome is Outcome.SLOT  # the first question is the one that was given up
    fourth.cancel()
    await asyncio.gather(first, second, fourth, return_exceptions=True)
    assert not own._queues


async def test_a_request_asks_by_itself_after_the_queue_timeout():
    own, desk = RequestCoalescer(), Desk(*[Outcome.SLOT] * 3)
    tasks = await crowd(own, desk, 3)

    async def all_asked() -> bool:
        return desk.asked == 3

    await until(all_asked)
    desk.answer(3)
    assert [(await task).outcome for task in tasks] == [Outcome.SLOT] * 3


async def test_a_request_cancelled_as_it_gets_its_turn_passes_it_on(monkeypatch):
    monkeypatch.setattr(coalescing, "QUEUE_TIMEOUT", 60)
    own, desk, tasks = RequestCoalescer(), Desk(Outcome.DONE, Outcome.SLOT), []

    async def ask() -> Result:
        result = await desk.ask()
        if desk.asked == 1:  # after the second is given the turn, and before it can take it
            asyncio.get_running_loop().call_soon(tasks[1].cancel)
        return result

    tasks += [asyncio.create_task(own.attempt(TIME, ask)) for _ in range(3)]
    await asyncio.sleep(0)
    desk.answer(2)
    assert (await tasks[2]).outcome is Outcome.SLOT
    assert tasks[1].cancelled()
    assert desk.asked == 2
    assert not own._queues


async def test_the_wait_for_a_turn_counts_towards_the_timeout(monkeypatch):
    monkeypatch.setattr(coalescing, "QUEUE_TIMEOUT", 60)
    monkeypatch.setattr(coalescing, "QUERY_TIMEOUT", 0.5)
    own, desk, gave_up = RequestCoalescer(), Desk(*[Outcome.DONE] * 3), []
    first, second = await crowd(own, desk, 2)
    third = asyncio.create_task(own.attempt(TIME._replace(by_staff=True), desk.ask))
    for task in (second, third):
        task.add_done_callback(gave_up.append)
    await asyncio.sleep(0)
    desk.answer()
    await first  # the second asks after the third, and came before
    assert all(
        isinstance(e, Unavailable)
        for e in await asyncio.gather(second, third, return_exceptions=True)
    )
    assert gave_up == [second, third]
    assert not own._queues


async def test_without_a_shared_refusal_requests_ask_one_by_one(monkeypatch):
    monkeypatch.setattr(coalescing, "QUEUE_TIMEOUT", 60)
    own, desk = RequestCoalescer(), Desk(*[Outcome.QUOTA] * 50)
    tasks = await crowd(own, desk, 50)
    for asked in range(1, 51):
        assert desk.asked == asked
        desk.answer()
        await tasks[asked - 1]
        await asyncio.sleep(0)
        assert sum(task.done() for task in tasks) == asked
    assert not own._queues


async def test_a_storm_for_one_slot_has_one_winner_and_another_once_it_is_free(pool: Pool):
    own, people = RequestCoalescer(), [ANA, BEN] * 20

    async def attempts() -> list[Result]:
        async def one(who) -> Result:
            command = request(monday(9), patient_id=who, caller=who)

            async def ask() -> Result:
                async with use(pool) as connection:
                    return await booking.hold(connection, command, patient(who), Via.API)

            return await own.attempt(TIME, ask)

        return await asyncio.gather(*map(one, people))

    for _ in range(5):
        results = await attempts()
        outcomes = [result.outcome for result in results]
        assert outcomes.count(Outcome.DONE) == 1
        assert outcomes.count(Outcome.SLOT) == len(people) - 1
        (won,) = [result.appointment for result in results if result.appointment]
        assert {r.held_until for r in results if r.outcome is Outcome.SLOT} == {won.hold_expires_at}
        await overdue(pool, won.id)
