"""An outage that many bookings meet is a few lines."""

import pytest
from prometheus_client import REGISTRY
from temporalio.client import Client
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment
from uuid_utils.compat import uuid7

from activities.advance import BookingActivities
from db.pool import Pool, create_pool
from db.reconnecting import ReconnectingConnection
from domain.messages import AdvanceInput, BookingInput
from tests.observability.lines import written
from tests.realtime.conftest import running
from tests.realtime.listening import until
from tests.support import hold, request
from tests.workflows.heard import times
from workflows.dispatch import Dispatcher

NOWHERE = "postgresql://nobody@127.0.0.1:1/nothing"
NO_TEMPORAL = "127.0.0.1:1"


async def test_activities_of_many_bookings_without_database_write_one_line():
    async with await create_pool(NOWHERE, 2) as nowhere:
        advance = BookingActivities(nowhere, lambda: None).advance
        with written() as lines:
            for _ in range(50):
                with pytest.raises(ApplicationError):
                    await ActivityEnvironment().run(
                        advance, AdvanceInput(BookingInput(str(uuid7())))
                    )
    (line,) = lines.all
    assert line["event"].startswith("the database is unavailable")


async def test_messages_of_many_bookings_without_temporal_write_one_line(dsn: str, pool: Pool):
    for start in times(10):
        await hold(pool, request(start))
    unavailable = "chairtime_dispatcher_messages_total", {"result": "unavailable"}
    before = REGISTRY.get_sample_value(*unavailable) or 0.0
    client = await Client.connect(NO_TEMPORAL, lazy=True)
    with written() as lines:
        async with running(Dispatcher(dsn, client, poll=0.01)):
            await until(lambda: REGISTRY.get_sample_value(*unavailable) >= before + 10)
            assert REGISTRY.get_sample_value("chairtime_dispatcher_state", {"state": "temporal"})
    warnings = [line for line in lines.all if line["level"] != "info"]
    assert len(warnings) == 1


async def test_a_connection_that_is_lost_in_changing_ways_is_one_line():
    attempts: list[None] = []

    async def works(_: object) -> None:
        raise AssertionError

    errors = iter([ConnectionRefusedError, TimeoutError] * 5)

    class Part(ReconnectingConnection):
        async def _session(self) -> None:
            self._lost = True
            attempts.append(None)
            raise next(errors, OSError)

    with written() as lines:
        async with running(Part(NOWHERE, "part", works)):
            await until(lambda: len(attempts) >= 4)
    assert [line["level"] for line in lines.all] == ["warning"]
