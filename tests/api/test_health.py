"""What /health says of dispatch and workers, by what they leave in Postgres."""

import pytest
from uuid_utils.compat import uuid7

from api.ops.probes import MAX_DISPATCH_DELAY
from db import heartbeat
from db.inbox import STUCK_AFTER

PUT = """
insert into workflow_inbox
       (appointment_id, verb, actor, version, is_new, attempts, waiting_since)
values ($1, 'look', 'system', 1, false, $2, clock_timestamp() - make_interval(secs => $3))
"""


@pytest.mark.parametrize(
    ("attempts", "seconds", "state"),
    [
        (0, MAX_DISPATCH_DELAY / 2, "ok"),
        (0, MAX_DISPATCH_DELAY + 1, "degraded"),  # nobody takes what nobody has refused
        (STUCK_AFTER - 1, MAX_DISPATCH_DELAY + 1, "ok"),  # one booking's own trouble, so far
        (STUCK_AFTER, 0, "degraded"),
    ],
)
async def test_dispatch_is_healthy_while_rows_wait_briefly(api, pool, attempts, seconds, state):
    await pool.execute(PUT, uuid7(), attempts, seconds)
    health = (await api.get("/health")).json()
    assert health["dispatcher"] == state
    assert health["database"] == "ok"


async def test_dispatch_is_healthy_with_an_empty_inbox(api):
    assert (await api.get("/health")).json()["dispatcher"] == "ok"


@pytest.mark.parametrize(("runs", "state"), [(True, "ok"), (False, "degraded")])
async def test_health_says_whether_a_worker_sends_heartbeats(api, pool, runs, state):
    if runs:
        async with pool.acquire() as connection:
            await heartbeat.beat(connection, uuid7())
    assert (await api.get("/health")).json()["workers"] == state
