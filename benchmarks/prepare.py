"""Bookings that are there before something is measured: placed without the API and without Temporal
by the commands themselves.
"""

from uuid_utils.compat import uuid7

from benchmarks.bench import Bench
from benchmarks.load import work
from benchmarks.world import PLAIN, Caller, Slot
from domain.actors import CLINIC
from domain.appointments import Hold, Via
from domain.booking import Outcome
from services import booking

AT_ONCE = 8


async def holds(bench: Bench, count: int, kind: str = PLAIN) -> list[tuple[str, Caller]]:
    """Live holds, each of another patient."""
    pairs = zip(bench.world.slots(count), bench.world.callers(count), strict=True)

    async def place(pair: tuple[Slot, Caller]) -> tuple[str, Caller]:
        slot, caller = pair
        command = Hold(
            uuid7(), uuid7(), slot.dentist, caller.id, kind, slot.starts_at, caller=caller.id
        )
        async with bench.pool.acquire() as connection:
            result = await booking.hold(connection, command, CLINIC, Via.WORKFLOW)
        assert result.outcome is Outcome.DONE, result.outcome
        return str(command.id), caller

    return (await work([place] * AT_ONCE, pairs)).answers
