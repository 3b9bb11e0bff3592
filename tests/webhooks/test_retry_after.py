"""A receiver that asks for a pause gets it, up to an hour; any other pause is our own."""

from datetime import UTC, datetime, timedelta

from temporalio.testing import ActivityEnvironment

from domain.webhooks import Retries
from tests.webhooks.receiver import status
from webhooks.sender import pause_asked_for

HOUR = timedelta(hours=1)
OWN = timedelta()
"""Stands for a pause that the receiver did not choose."""

ANSWERS = [
    (503, None, OWN),
    (500, "600", OWN),
    (429, "soon", OWN),
    (429, "-600", OWN),
    (503, "0", OWN),
    (503, "Sun, 06 Nov 1994 08:49:37 GMT", OWN),
    (429, "600", timedelta(minutes=10)),
    (503, " 600 ", timedelta(minutes=10)),
    (503, "Fri, 31 Dec 2100 23:59:59 GMT", HOUR),
    (429, "9" * 5000, HOUR),
]
"""Status and Retry-After, and the pause of delivery and endpoint."""

PAUSES = """
    select d.next_attempt_at - d.last_attempt_at, e.paused_until - d.last_attempt_at
      from webhook_deliveries d join webhook_endpoints e on e.id = d.endpoint_id
"""


async def test_a_receiver_that_asks_for_a_pause_gets_it_up_to_an_hour(backend, bot, receiver, pool):
    deliver = backend.activities(Retries(first=0.1, longest=3600)).deliver
    await bot.subscribe(receiver.url)
    await bot.ask("POST", f"/api/webhooks/{bot.id}/test")
    for code, retry_after, asked in ANSWERS:
        headers = [f"Retry-After: {retry_after}"] if retry_after else []
        receiver.answer = lambda _, code=code, headers=headers: status(code, *headers)
        await ActivityEnvironment().run(deliver, bot.id)
        for pause in await pool.fetchrow(PAUSES):
            assert asked <= pause + timedelta(seconds=1), retry_after
            assert pause < asked + timedelta(minutes=5), retry_after
        await bot.ask("PUT", f"/api/webhooks/{bot.id}", {"active": True})
    assert len(receiver.calls) == len(ANSWERS)


def test_an_http_date_is_a_pause_from_now():
    now = datetime(2027, 3, 8, 9, 0, tzinfo=UTC)
    assert pause_asked_for("Mon, 08 Mar 2027 09:02:00 GMT", now) == timedelta(minutes=2)
