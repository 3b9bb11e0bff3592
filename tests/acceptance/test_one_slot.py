"""Many callers want the same."""

import asyncio
from collections import Counter

from tests.acceptance.clinic import LONG, Clinic
from tests.support import HANG

CALLERS = 200
ROUNDS = 3


async def test_one_of_200_callers_over_http_gets_the_slot(
    clinic: Clinic, record_testsuite_property
):
    apis = (clinic.premises.one, clinic.premises.two)
    await clinic.visit(LONG)
    for nth in range(ROUNDS):
        callers = [(clinic.patient(), apis[n % 2]) for n in range(CALLERS)]
        await asyncio.gather(  # each has a token that is known, and a connection that is open
            *(clinic.call("GET", "/api/appointments", name=name, api=api) for name, api in callers)
        )
        slot = clinic.slot()
        replies = await asyncio.gather(
            *(clinic.reserve(slot, name, api=api) for name, api in callers)
        )

        assert Counter(reply.status for reply in replies) == {201: 1, 409: CALLERS - 1}
        losers = [reply for reply in replies if reply.status == 409]
        assert {reply.body["code"] for reply in losers} == {"slot_unavailable"}
        assert {reply.body["blocking"] for reply in losers} == {"held"}
        slowest = max(reply.took for reply in losers)
        print(f"the last loser is answered after {slowest:.2f} s")
        record_testsuite_property(
            f"round {nth}: the last loser is answered, seconds", round(slowest, 3)
        )
        assert slowest < HANG
        held = await clinic.pool.fetch(
            "select id from appointments where dentist_id = $1 and starts_at = $2",
            slot.dentist,
            slot.starts_at,
        )
        assert len(held) == 1
        await clinic.lived({held[0]["id"]: ["hold"]})
