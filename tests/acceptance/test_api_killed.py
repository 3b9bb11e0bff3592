"""An API is killed at the worst of moments. What it has committed is carried on by another one."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import httpx2
import pytest

from tests.acceptance.clinic import EVENT_OF, Booking, Clinic, Reply, booking
from tests.acceptance.premises import Part
from tests.acceptance.proxy import Proxy
from tests.workflows.desk import until

MARK = "the answer to this is lost"


@asynccontextmanager
async def doomed(clinic: Clinic, postgres_port: int) -> AsyncIterator[Part]:
    """A further API that reaches Postgres by another way."""
    api = clinic.premises.api("doomed", postgres_port)
    try:
        await api.start()
        yield api
    finally:
        await asyncio.to_thread(api.stop)


async def test_commit_without_answer_is_applied_once(clinic: Clinic):
    held = [await clinic.held() for _ in range(3)]
    wanted = [(clinic.slot(), clinic.patient(), clinic.key()) for _ in range(3)]
    count = "select count(*) from appointments where notes = $1 or (id = any($2) and version = 2)"

    async def ask(api: Part) -> list[Awaitable[Reply]]:
        holds = [clinic.reserve(*who, notes=MARK, api=api, key=key) for *who, key in wanted]
        return holds + [clinic.confirm(it, api=api, key=str(it.id)) for it in held]

    async with Proxy(clinic.premises.postgres.part.port) as way:
        way.silence_after(MARK.encode())
        for it in held:
            way.silence_after(it.id.bytes)
        async with doomed(clinic, postgres_port=way.port) as api:
            asked = [asyncio.create_task(call) for call in await ask(api)]

            async def committed() -> bool:
                return await clinic.pool.fetchval(count, MARK, [it.id for it in held]) == 6

            await until(committed)
            assert not any(task.done() for task in asked)
            api.kill()
            answers = await asyncio.gather(*asked, return_exceptions=True)
    assert all(isinstance(answer, httpx2.TransportError) for answer in answers)

    again = await asyncio.gather(*await ask(clinic.premises.two))
    assert [reply.status for reply in again] == [200] * 6
    assert await clinic.pool.fetchval(count, MARK, [it.id for it in held]) == 6
    new = [booking(again[n], who, slot) for n, (slot, who, _) in enumerate(wanted)]
    await clinic.lived(
        {it.id: ["hold"] for it in new} | {it.id: ["hold", "confirm"] for it in held}
    )


@pytest.mark.timeout(180)
async def test_retries_until_answered_make_one_booking_while_apis_die(clinic: Clinic):
    apis = [clinic.premises.one, clinic.premises.two]
    lives = [["hold", "confirm"], ["hold", "confirm", "cancel"], ["hold", "release"]]
    ended: dict[Booking, list[str]] = {}

    async def insist(call: Callable[..., Awaitable[Reply]]) -> Reply:
        """The same request under the same key, now here, now there."""
        while True:
            try:
                reply = await call(api=random.choice(apis))
            except httpx2.TransportError:
                reply = None
            if reply and reply.status != 503:
                return reply
            await asyncio.sleep(0.05)

    async def client() -> None:
        for _ in range(10):
            verbs = random.choice(lives)
            slot, patient, key = clinic.slot(), clinic.patient(), clinic.key()
            reply = await insist(lambda **to: clinic.reserve(slot, patient, key=key, **to))  # noqa: B023
            assert reply.status in (200, 201), reply
            it = booking(reply, patient, slot)
            for verb in verbs[1:]:
                ask = getattr(clinic, verb)
                reply = await insist(lambda **to: ask(it, key=f"{key} {ask.__name__}", **to))  # noqa: B023
                assert (reply.status, reply.body["status"]) == (200, EVENT_OF[verb])
            ended[it] = verbs

    async def killer() -> None:
        """Kills one in the middle of the work, four times."""
        for n in range(4):
            done = 15 * (n + 1)

            async def worked(done: int = done) -> bool:
                return len(ended) >= done

            await until(worked, 60)
            apis[n % 2].kill()
            await apis[n % 2].start()

    await asyncio.gather(killer(), *(client() for _ in range(8)))

    assert len(ended) == 80
    for it in ended:
        found = await clinic.call("GET", "/api/appointments", name=it.patient)
        assert [item["id"] for item in found.body["items"]] == [str(it.id)]
    await clinic.lived({it.id: verbs for it, verbs in ended.items()})
