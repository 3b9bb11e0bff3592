"""Workers are away or die: no booking waits for them, and none is done twice."""

import asyncio
import random
from datetime import UTC, datetime, timedelta

from tests.acceptance.clinic import Clinic, booking, quantiles
from tests.acceptance.proxy import Proxy
from tests.support import HANG
from tests.workflows.desk import until


async def test_expired_hold_frees_slot_without_workers(clinic: Clinic):
    clinic.premises.worker.kill()
    await clinic.becomes("workers", "degraded")
    it = await clinic.held(2.0)
    others = await asyncio.gather(*map(clinic.live, (["hold", "confirm", "cancel"], ["hold"])))

    rival = clinic.patient()
    asked = datetime.now(UTC)
    while (reply := await clinic.reserve(it.slot, rival)).status == 409:
        assert asked < it.until
        asked = datetime.now(UTC)
    assert reply.status == 201
    assert reply.took < HANG
    won = datetime.fromisoformat(reply.body["created_at"])
    assert timedelta(0) <= won - it.until < timedelta(seconds=0.5)
    second = booking(reply, rival, it.slot)
    assert (await clinic.confirm(it)).status == 410
    assert (await clinic.confirm(second)).status == 200
    assert (await clinic.health())["status"] == "degraded"

    await clinic.premises.worker.start()
    await clinic.lived(
        {
            it.id: ["hold", "expire"],
            second.id: ["hold", "confirm"],
            others[0].id: ["hold", "confirm", "cancel"],
            others[1].id: ["hold"],
        }
    )
    await clinic.becomes("workers", "ok")
    await clinic.becomes("status", "ok")


async def test_command_reaches_workflow_though_dispatching_worker_died(clinic: Clinic):
    """The workflow was started and its inbox row not deleted."""
    premises = clinic.premises
    premises.worker.kill()
    async with Proxy(premises.temporal.part.port) as way:
        doomed = premises.a_worker("doomed", way.port)
        await doomed.start()
        try:
            before = await clinic.held()
            await clinic.looked([before])
            way.silence()
            kept, confirmed, cancelled = [await clinic.held() for _ in range(3)]
            await clinic.confirm(confirmed)
            await clinic.confirm(before)
            await clinic.cancel(cancelled)

            async def in_between() -> bool:
                return any([await clinic.started(it.id) for it in (kept, confirmed, cancelled)])

            await until(in_between)
            assert await clinic.pool.fetchval("select count(*) from workflow_inbox") == 4
        finally:
            doomed.kill()

    await premises.worker.start()
    await clinic.lived(
        {
            before.id: ["hold", "confirm"],
            kept.id: ["hold"],
            confirmed.id: ["hold", "confirm"],
            cancelled.id: ["hold", "cancel"],
        }
    )


async def test_bookings_end_correctly_while_workers_are_killed(
    clinic: Clinic, record_testsuite_property
):
    worker, wanted = clinic.premises.worker, {}
    lives = [
        ["hold", "confirm"],
        ["hold", "confirm", "cancel"],
        ["hold", "release"],
        ["hold", "expire"],
    ]

    async def life(verbs: list[str]) -> None:
        """At its leisure, so that the deaths fall between its steps."""
        it = await clinic.held(6.0 if "expire" in verbs else 300.0)
        wanted[it.id] = verbs
        for verb in verbs[1:]:
            if verb != "expire":
                await asyncio.sleep(random.uniform(0, 5))
                assert (await getattr(clinic, verb)(it)).status == 200

    async def killer() -> None:
        for _ in range(3):
            await asyncio.sleep(random.uniform(0, 1))
            worker.kill()
            await worker.start()

    await asyncio.gather(killer(), *(life(verbs) for verbs in lives * 10))
    ends = await clinic.lived(wanted)
    late = [end.lateness for end in ends if end.lateness is not None]
    record_testsuite_property("hold lateness while workers die", quantiles(late))
    print(f"hold lateness while workers die: {quantiles(late)}")
