"""Confirm and expiry at the same instant: one of them wins, and everybody says which."""

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from uuid import UUID

import pytest
from temporalio.service import RPCError, RPCStatusCode
from uuid_utils.compat import uuid7

from domain.appointments import DONE
from domain.booking import Verb
from domain.messages import Command
from tests.workflows.desk import Desk, Handle
from workflows.booking import BookingWorkflow

ROUNDS = 100
"""Of each way to confirm."""

HOLD = 1.3
AT_A_TIME = 20

Confirm = Callable[[Desk, UUID], Awaitable[str]]


async def by_the_api(desk: Desk, id: UUID) -> str:
    command = uuid7()
    result = await desk.change(id, Verb.CONFIRM, command)
    await _tell(desk.handle(id), str(command))
    return result.outcome


async def by_an_update(desk: Desk, id: UUID) -> str:
    command = Command(id=str(uuid7()))
    try:
        answer = await desk.handle(id).execute_update(BookingWorkflow.ask_confirm, command)
    except RPCError as error:
        return _gone(error)
    return answer.outcome


@pytest.mark.usefixtures("working")
@pytest.mark.parametrize(("confirm", "step"), [(by_the_api, 0.004), (by_an_update, 0.025)])
async def test_confirm_and_expiry_at_one_instant_have_one_winner(
    desk: Desk, confirm: Confirm, step: float
):
    await desk.holds_last(HOLD)
    aim = Aim(step)
    seats = asyncio.Semaphore(AT_A_TIME)

    async def one() -> str:
        async with seats:
            return await _round(desk, confirm, aim)

    async with asyncio.TaskGroup() as group:
        rounds = [group.create_task(one()) for _ in range(ROUNDS)]
    ends = Counter(task.result() for task in rounds)

    assert ends.keys() <= {"booked", "expired"}
    assert min(ends["booked"], ends["expired"]) >= ROUNDS / 20, ends


class Aim:
    """Seconds before the deadline at which to confirm. Each end moves it towards the other."""

    def __init__(self, step: float) -> None:
        self._step = step
        self._lead = 4 * step

    def lead(self) -> float:
        return self._lead + random.uniform(-2, 2) * self._step

    def learn(self, end: str) -> None:
        self._lead += self._step if end == "expired" else -self._step


async def _round(desk: Desk, confirm: Confirm, aim: Aim) -> str:
    id = await desk.hold()
    handle = await desk.start(id)
    async with desk.pool.acquire() as connection:
        left: float = await connection.fetchval(
            """
            select extract(epoch from hold_expires_at - clock_timestamp())::float8
              from appointments where id = $1
            """,
            id,
        )
    await asyncio.sleep(left - aim.lead())  # the instant is what is tested

    answer = await confirm(desk, id)
    end = await _agreed(desk, handle, id, answer)
    aim.learn(end)
    return end


async def _agreed(desk: Desk, handle: Handle, id: UUID, answer: str) -> str:
    """How the round ended, once row, trail, answer and workflow say the same."""
    if answer in DONE:
        asked = await handle.execute_update(BookingWorkflow.ask_cancel, Command(id="end"))
        assert asked.outcome in DONE
        assert (await handle.result()).status == await desk.status(id) == "cancelled"
        assert await desk.verbs(id) == ["hold", "confirm", "cancel"]
        return "booked"
    assert answer == "expired"
    assert (await handle.result()).status == await desk.status(id) == "expired"
    assert await desk.verbs(id) == ["hold", "expire"]
    return "expired"


async def _tell(handle: Handle, command: str) -> None:
    """As the dispatcher would, who may find the workflow closed."""
    try:
        await handle.signal(BookingWorkflow.confirm, Command(id=command))
    except RPCError as error:
        _gone(error)


def _gone(error: RPCError) -> str:
    if error.status is not RPCStatusCode.NOT_FOUND:
        raise error
    return "expired"
