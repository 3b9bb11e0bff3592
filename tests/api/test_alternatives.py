"""What those are offered who came too late."""

import asyncio

from api import alternatives
from api.alternatives import Alternatives, Wish
from domain.actors import Actor, Role
from tests.support import AMARA, ANA, BEN, counting, monday


async def test_a_crowd_that_lost_one_slot_is_answered_by_one_search(pool, monkeypatch):
    searches = counting(monkeypatch, alternatives, "search")
    others, wish = Alternatives(pool), Wish(AMARA, "checkup", monday(9))
    crowd = [Actor(Role.PATIENT, id) for id in (ANA, BEN)] * 50
    answers = await asyncio.gather(*(others.near(wish, actor) for actor in crowd))
    assert len(searches) == 1
    assert all(answer == answers[0] and len(answer) == 3 for answer in answers)

    async with asyncio.timeout(5):  # and not for ever
        while len(searches) == 1:
            await asyncio.sleep(alternatives.MEANWHILE / 10)
            await others.near(wish, crowd[0])


async def test_who_gives_up_waiting_leaves_the_others_their_answer(pool):
    others, wish = Alternatives(pool), Wish(AMARA, "checkup", monday(9))
    first, second = (asyncio.create_task(others.near(wish, Actor(Role.PATIENT, ANA))) for _ in "12")
    await asyncio.sleep(0)
    first.cancel()
    assert len(await second) == 3
