"""Confirm and expiry want the same hold at the same instant."""

import asyncio
import random
from collections import Counter
from datetime import datetime, timedelta

from tests.acceptance.clinic import Booking, Clinic, Reply, at

ROUNDS = 200
LANES = 20
HOLD = 1.2
"""Seconds; long enough for the workflow to wait for the deadline."""

SPREAD = 0.03
"""Seconds about the deadline."""

GAIN = 0.2


class Aim:
    """How much earlier than wished a confirm must be sent so that it is judged when it should be;
    learned from when it was judged, so that both outcomes come about on a machine of any speed.
    """

    def __init__(self) -> None:
        self.lead = 0.01

    def learn(self, wished: datetime, judged: datetime) -> None:
        self.lead += GAIN * (judged - wished).total_seconds()


async def test_at_deadline_either_confirm_or_expiry_wins_and_all_agree(
    clinic: Clinic, record_testsuite_property
):
    aim = Aim()
    rounds: list[tuple[Booking, Reply]] = []

    async def lane() -> None:
        for _ in range(ROUNDS // LANES):
            it = await clinic.held(HOLD)
            wished = it.until + timedelta(seconds=random.uniform(-SPREAD, SPREAD))
            await at(wished - timedelta(seconds=aim.lead))
            reply = await clinic.confirm(it)
            judged = reply.body["updated_at" if reply.status == 200 else "server_time"]
            aim.learn(wished, datetime.fromisoformat(judged))
            rounds.append((it, reply))

    await asyncio.gather(*(lane() for _ in range(LANES)))

    outcomes = Counter(reply.status for _, reply in rounds)
    record_testsuite_property("confirms in time and too late", dict(outcomes))
    assert set(outcomes) == {200, 410}

    for _, reply in rounds:
        said = reply.body["status"] if reply.status == 200 else reply.body["code"]
        assert said == {200: "booked", 410: "hold_expired"}[reply.status]
    verbs = {200: ["hold", "confirm"], 410: ["hold", "expire"]}
    ends = await clinic.lived({it.id: verbs[reply.status] for it, reply in rounds})

    expired = Counter(end.vias[-1] for end in ends if end.status == "expired")
    record_testsuite_property("expired at the deadline by", dict(expired))
