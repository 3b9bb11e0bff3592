"""Nothing is lost, whatever dies: worker, feeder, Temporal, the log."""

import asyncio
import signal
import sys

import pytest
from temporalio.client import Client

from db import events
from tests.webhooks.receiver import OK, status
from tests.workflows.desk import until
from webhooks.feeder import Feeder
from webhooks.queueing import queue_new_events

DELIVERED = "select count(*) from webhook_deliveries where status = 'delivered'"


async def test_worker_killed_between_delivery_and_note_sends_the_same_id_again(
    backend, bot, receiver, temporal
):
    await bot.subscribe(receiver.url)
    async with backend.feeding():
        await bot.hold(9)
        killed = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.webhooks.dying_worker"),
            *(temporal.address, backend.queue, backend.dsn),
            backend.settings.webhook_secret_bytes.hex(),
        )
        assert await asyncio.wait_for(killed.wait(), 60) == -signal.SIGKILL
        assert len(receiver.calls) == 1
        assert await backend.pool.fetchval(DELIVERED) == 0
        async with backend.working():
            await until(lambda: _delivered(backend.pool, 1))
    first, second = receiver.calls
    assert first.id == second.id
    assert first.body["seq"] == second.body["seq"]
    assert second.verified(bot.secret)


async def test_each_event_is_queued_once_while_feeders_are_cut_off(backend, bot, receiver, pool):
    await bot.subscribe(receiver.url)

    def a_feeder() -> Feeder:
        return Feeder(backend.dsn, backend.client, task_queue=backend.queue, poll=0.02)

    feeders = [a_feeder(), a_feeder()]
    for feeder in feeders:
        await feeder.start()
    try:
        for hour in (8, 9, 10, 11):
            held = await bot.hold(hour)
            await pool.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity"
                " where application_name = 'chairtime webhook feeder' limit 1"
            )
            await bot.release(held)

        async def all_queued():
            return await pool.fetchval("select count(*) from webhook_deliveries") == 8

        await until(all_queued)
    finally:
        for feeder in feeders:
            await feeder.stop()
    logged = await pool.fetch("select seq from realtime_events where topic = 'appointments'")
    queued = await pool.fetch("select seq from webhook_deliveries order by place")
    assert [row["seq"] for row in queued] == sorted(row["seq"] for row in logged)


async def test_events_are_queued_without_temporal_and_sent_when_it_is_back(
    backend, bot, receiver, pool, dsn
):
    away = await Client.connect("127.0.0.1:1", lazy=True)
    await bot.subscribe(receiver.url)
    feeder = Feeder(dsn, away, task_queue=backend.queue, poll=0.02)
    await feeder.start()
    try:
        await bot.release(await bot.hold(9))

        async def both_queued():
            return await pool.fetchval("select count(*) from webhook_deliveries") == 2

        await until(both_queued)
    finally:
        await feeder.stop()
    async with backend.running():
        await receiver.gets(lambda it: len(it.calls) == 2)


async def test_a_terminated_workflow_is_started_again(backend, bot, receiver):
    receiver.answer = lambda _: status(500)
    await bot.subscribe(receiver.url)
    async with backend.running():
        await bot.hold(9)
        await receiver.gets(lambda it: it.calls)
        await backend.client.get_workflow_handle(f"webhook-{bot.id}").terminate()
        receiver.answer = lambda _: OK
        await until(lambda: _delivered(backend.pool, 1))


async def test_dead_endpoint_is_switched_off_its_owner_told_and_resumes(
    backend, bot, receiver, pool
):
    receiver.answer = lambda _: status(503)
    await bot.subscribe(receiver.url)
    start = (await _log(bot))["next"]
    async with backend.running():
        first = await bot.hold(9)
        await receiver.gets(lambda it: it.calls)
        await until(lambda: _fails(pool))
        await backend.fails_since(bot.id, hours=25)
        await until(lambda: _is_off(pool))
        off = await bot.endpoint()
        assert (off["active"], off["disabled_reason"]) == (False, "unreachable")
        listed = await bot.ask("GET", "/api/webhooks?disabled=true")
        assert [each["id"] for each in listed["items"]] == [bot.id]

        async def told():
            page = await bot.ask("GET", f"/api/events/log?after={start}&topics=webhooks")
            return [each["data"]["disabled_reason"] for each in page["items"]] == ["unreachable"]

        await until(told)
        second = await bot.hold(10)
        receiver.answer = lambda _: OK
        receiver.calls.clear()
        on = await bot.ask("PUT", f"/api/webhooks/{bot.id}", {"active": True})
        assert "disabled_reason" not in on
        await receiver.gets(lambda it: len(it.calls) == 2)
    assert [call.body["entity_id"] for call in receiver.calls] == [first["id"], second["id"]]


async def test_endpoint_that_says_gone_is_switched_off_at_once(backend, bot, receiver, pool):
    receiver.answer = lambda _: status(410)
    await bot.subscribe(receiver.url)
    async with backend.running():
        await bot.hold(9)
        await until(lambda: _is_off(pool))
    assert (await bot.endpoint())["disabled_reason"] == "gone"
    assert [each["status"] for each in await bot.deliveries()] == ["pending"]


async def test_delivery_that_fails_while_others_succeed_is_given_up(backend, bot, receiver, pool):
    await bot.subscribe(receiver.url)
    poison = await bot.hold(9)
    receiver.answer = lambda call: status(500) if call.body["entity_id"] == poison["id"] else OK
    async with backend.running():
        await receiver.gets(lambda it: it.calls)
        await bot.hold(10)
        await until(lambda: _delivered(pool, 1))
        await pool.execute(
            "update webhook_deliveries set first_attempt_at = now() - interval '73 hours'"
            " where status = 'pending'"
        )

        async def given_up():
            return len(await bot.deliveries("?status=failed")) == 1

        await until(given_up)
        assert (await bot.endpoint())["active"]
        receiver.answer = lambda _: OK
        (failed,) = await bot.deliveries("?status=failed")
        path = f"/api/webhooks/{bot.id}/deliveries/{failed['id']}/replay"
        await bot.ask("POST", path)
        await until(lambda: _delivered(pool, 2))


async def test_a_pruned_log_is_a_reset(backend, bot, receiver, pool):
    await bot.subscribe(receiver.url, active=False)
    await bot.hold(9)

    async def numbered():
        return await pool.fetchval("select count(*) from outbox") == 0

    await until(numbered)
    await pool.execute("delete from realtime_events")
    await bot.ask("PUT", f"/api/webhooks/{bot.id}", {"active": True})
    async with backend.running():
        await receiver.gets(lambda it: it.calls)
        await bot.hold(10)
        await receiver.gets(lambda it: len(it.calls) == 2)
    reset, event = receiver.calls
    assert (reset.kind, reset.body["reason"], reset.body["entity_id"]) == (
        "webhook.reset",
        "too_old",
        bot.id,
    )
    assert event.kind == "appointment.held"


async def test_events_that_a_connection_does_not_see_are_not_passed_over(bot, receiver, pool):
    """As where Postgres keeps an old list of partitions for a connection."""
    await bot.hold(9)

    async def numbered():
        return await pool.fetchval("select count(*) from outbox") == 0

    await until(numbered)
    await bot.subscribe(receiver.url)
    await pool.execute("update realtime_epoch set head = head + 1")
    async with pool.acquire() as connection:
        with pytest.raises(events.EventsMissing):
            await queue_new_events(connection)


async def test_a_new_epoch_is_a_reset(backend, bot, receiver, pool):
    await bot.subscribe(receiver.url)
    await pool.execute("update realtime_epoch set epoch = 'another'")
    async with backend.running():
        await receiver.gets(lambda it: it.calls)
        await bot.hold(10)
        await receiver.gets(lambda it: len(it.calls) == 2)
    assert [call.kind for call in receiver.calls] == ["webhook.reset", "appointment.held"]
    assert receiver.calls[0].body["reason"] == "epoch"


async def test_an_endpoint_with_many_waiting_leaves_further_events_in_the_log(
    backend, bot, receiver, pool, monkeypatch
):
    monkeypatch.setattr("db.webhooks.MOST_PENDING", 1)
    receiver.answer = lambda _: status(500)
    await bot.subscribe(receiver.url)
    async with backend.running():
        for hour in (8, 9, 10):
            await bot.hold(hour)
            await receiver.gets(lambda it: it.calls)
        assert await pool.fetchval("select count(*) from webhook_deliveries") < 3
        receiver.answer = lambda _: OK
        await until(lambda: _delivered(pool, 3))


async def _delivered(pool, wanted: int) -> bool:
    return await pool.fetchval(DELIVERED) == wanted


async def _fails(pool) -> bool:
    return await pool.fetchval("select failing_since from webhook_endpoints") is not None


async def _is_off(pool) -> bool:
    return not await pool.fetchval("select active from webhook_endpoints")


async def _log(bot):
    async def ready():
        answer = await bot.api.get("/api/events/log", headers=bot.headers)
        return answer.status_code == 200

    await until(ready)
    return await bot.ask("GET", "/api/events/log")
