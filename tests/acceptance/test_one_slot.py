"""Many callers want the same."""

import asyncio
from collections import Counter

import pytest

from tests.acceptance.clinic import SOON, Clinic

CALLERS = 200


@pytest.mark.parametrize("round", range(3))
async def test_one_of_200_callers_over_http_gets_the_slot(clinic: Clinic, round: int):
    slot, apis = clinic.slot(), (clinic.premises.one, clinic.premises.two)
    callers = [clinic.patient() for _ in range(CALLERS)]
    replies = await asyncio.gather(
        *(clinic.reserve(slot, name, api=apis[n % 2]) for n, name in enumerate(callers))
    )

    assert Counter(reply.status for reply in replies) == {201: 1, 409: CALLERS - 1}
    losers = [reply for reply in replies if reply.status == 409]
    assert {reply.body["code"] for reply in losers} == {"slot_unavailable"}
    assert {reply.body["blocking"] for reply in losers} == {"held"}
    assert max(reply.took for reply in losers) < SOON
    held = await clinic.pool.fetch(
        "select id from appointments where dentist_id = $1 and starts_at = $2",
        slot.dentist,
        slot.starts_at,
    )
    assert len(held) == 1
    await clinic.lived({held[0]["id"]: ["hold"]})
