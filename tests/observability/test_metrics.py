"""What the metrics of one process say, beside what was done."""

import pytest
from prometheus_client import REGISTRY
from temporalio.client import Client
from uuid_utils.compat import uuid7

from db import heartbeat, metrics, sampler
from db.pool import Pool, Unavailable, create_pool, use
from db.sampler import Sampler
from domain.appointments import Via
from domain.booking import Verb
from services import booking
from services.holds import Holds
from tests.realtime.conftest import running
from tests.realtime.listening import until
from tests.support import BEN, change, hold, monday, overdue, patient, request
from workflows.reconciler import Reconciler

NOWHERE = "postgresql://nobody@127.0.0.1:1/nothing"


def value(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


def commands(verb: str, outcome: str, via: str = "api") -> float:
    return value("chairtime_commands_total", verb=verb, outcome=outcome, via=via)


async def test_a_sample_says_what_waits_and_who_is_there(pool: Pool):
    live, late = request(monday(9)), request(monday(10), patient_id=BEN, caller=BEN)
    for command in (live, late):
        await hold(pool, command)
    await overdue(pool, late.id)
    async with pool.acquire() as connection:
        await heartbeat.beat(connection, uuid7())
        await sampler.sample(connection)

    assert value("chairtime_holds_open") == 1
    assert value("chairtime_inbox_messages") == 2
    assert value("chairtime_inbox_oldest_seconds") > 0
    assert value("chairtime_outbox_events") > 0
    assert value("chairtime_outbox_oldest_seconds") > 0
    assert value("chairtime_workers") == 1


async def test_a_sample_says_whether_the_database_answers(pool: Pool):
    metrics.UP.set(0)  # it is 1 where an earlier test of this process has sampled
    async with running(Sampler(pool)):
        await until(lambda: value("chairtime_database_up") == 1)
        assert value("chairtime_pool_limit") == 16
        assert value("chairtime_pool_connections", state="idle") >= 1
    async with await create_pool(NOWHERE, 2) as nowhere, running(Sampler(nowhere)):
        await until(lambda: value("chairtime_database_up") == 0)


async def test_commands_are_counted_by_verb_outcome_and_component(pool: Pool):
    before = {outcome: commands("hold", outcome) for outcome in ("done", "slot", "patient_overlap")}
    holds = Holds(pool)
    first, second = request(monday(9)), request(monday(9), patient_id=BEN, caller=BEN)
    await holds.hold(first, patient(first.patient_id))
    await holds.hold(second, patient(BEN))
    assert commands("hold", "done") - before["done"] == 1
    assert commands("hold", "slot") - before["slot"] == 1

    confirmed, invalid = commands("confirm", "done"), commands("check_in", "too_early")
    await change(pool, first.id, Verb.CONFIRM)
    await change(pool, first.id, Verb.CHECK_IN)
    assert commands("confirm", "done") - confirmed == 1
    assert commands("check_in", "too_early") - invalid == 1


async def test_an_expiry_after_the_deadline_is_counted_with_its_lateness(pool: Pool):
    count, total = (f"chairtime_hold_lateness_seconds_{part}" for part in ("count", "sum"))
    before = value(count), value(total), commands("expire", "done", "workflow")
    command = request(monday(9))
    await hold(pool, command)
    await overdue(pool, command.id)
    async with pool.acquire() as connection:
        await booking.act_on_deadlines(connection, command.id, Via.WORKFLOW)
    assert value(count) - before[0] == 1
    assert value(total) - before[1] >= 1  # the deadline was set to a second ago
    assert commands("expire", "done", "workflow") - before[2] == 1


async def test_an_expiry_by_the_reconciler_is_counted_with_its_lateness(pool: Pool, dsn: str):
    count, total = (f"chairtime_hold_lateness_seconds_{part}" for part in ("count", "sum"))
    before = value(count), value(total)
    command = request(monday(9))
    await hold(pool, command)
    await overdue(pool, command.id)
    no_temporal = await Client.connect("127.0.0.1:1", lazy=True)
    async with running(Reconciler(dsn, no_temporal, sweep_every=0.1, grace=0)):
        await until(lambda: value(count) - before[0] == 1)
    assert value(total) - before[1] >= 1  # the deadline was set to a second ago


@pytest.mark.real_timeouts
async def test_a_call_that_gets_no_connection_in_time_is_counted(dsn: str):
    before = value("chairtime_pool_timeouts_total"), value("chairtime_pool_wait_seconds_count")
    async with await create_pool(dsn, 1) as small, use(small):
        with pytest.raises(Unavailable):
            async with use(small):
                pass
    assert value("chairtime_pool_timeouts_total") - before[0] == 1
    assert value("chairtime_pool_wait_seconds_count") - before[1] == 2
