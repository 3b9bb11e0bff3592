"""The worker as `chairtime worker` runs it sends webhooks, and counts them on its health port."""

import httpx2
from temporalio.worker import Replayer

from tests.webhooks.receiver import OK, status
from tests.workflows.desk import until
from tests.workflows.test_worker import crew
from webhooks.workflow import WebhookWorkflow


async def test_worker_sends_webhooks_and_counts_them_by_outcome(
    bot, receiver, dsn, temporal, home, tmp_path, monkeypatch
):
    monkeypatch.setenv("ENVIRONMENT", "development")
    monkeypatch.setenv("CHAIRTIME_HOME", str(home))
    fails = [500]
    receiver.answer = lambda _: status(fails.pop()) if fails else OK
    await bot.subscribe(receiver.url)
    async with crew(tmp_path, dsn, temporal.address) as (_, health):
        await bot.hold(9)
        await receiver.gets(lambda it: len(it.calls) == 2)
        assert receiver.calls[1].verified(bot.secret)

        async def counted() -> bool:
            async with httpx2.AsyncClient() as http:
                told = (await http.get(f"{health}/metrics")).text
            return all(
                f'chairtime_webhook_attempts_total{{outcome="{outcome}"}} 1.0' in told
                for outcome in ("delivered", "http_error")
            )

        await until(counted)


async def test_the_history_of_an_endpoint_can_be_replayed(backend, bot, receiver):
    fails = [500, 500]
    receiver.answer = lambda _: status(fails.pop()) if fails else OK
    await bot.subscribe(receiver.url)
    async with backend.running():
        await bot.hold(9)
        await bot.hold(10)
        await receiver.gets(lambda it: len(it.calls) == 4)
    handle = backend.client.get_workflow_handle(f"webhook-{bot.id}")
    history = await handle.fetch_history()
    assert "Novak" not in history.to_json()
    assert receiver.url not in history.to_json()
    await Replayer(workflows=[WebhookWorkflow]).replay_workflow(history)
