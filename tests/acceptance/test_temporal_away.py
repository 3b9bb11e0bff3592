"""Temporal goes away: bookings do without it, and it catches up."""

import asyncio

from tests.acceptance.clinic import Booking, Clinic, quantiles
from tests.support import HANG
from tests.workflows.desk import until

LIVES = [
    ["hold"],
    ["hold", "confirm"],
    ["hold", "confirm", "cancel"],
    ["hold", "release"],
    ["hold", "expire"],
]


async def test_fifty_bookings_work_without_temporal_which_catches_up(clinic: Clinic):
    clinic.premises.temporal.kill()
    await clinic.becomes("temporal", "degraded")
    lives = LIVES * 10
    short = 2.0
    bookings = await asyncio.gather(
        *(clinic.live(verbs, short if "expire" in verbs else 300.0) for verbs in lives)
    )
    wanted = {it.id: verbs for it, verbs in zip(bookings, lives, strict=True)}

    async def lived() -> bool:
        return all([(await clinic.truth(id)).verbs == verbs for id, verbs in wanted.items()])

    await until(lived, 20)  # what nobody confirmed is swept, without any workflow
    assert (await clinic.health())["status"] == "degraded"
    assert not any([await _answers(clinic, it) for it in bookings[:2]])

    await asyncio.to_thread(clinic.premises.temporal.start)
    await clinic.lived(wanted)
    for part in ("temporal", "dispatcher"):
        await clinic.becomes(part, "ok")


async def test_hanging_temporal_delays_no_request(clinic: Clinic):
    before = await clinic.held()
    await clinic.looked([before])
    with clinic.premises.hanging(clinic.premises.temporal):
        await clinic.becomes("temporal", "degraded")
        assert (await clinic.confirm(before)).took < HANG
        during = await clinic.live(["hold", "confirm", "cancel"])
    await clinic.becomes("status", "ok")
    await clinic.lived({before.id: ["hold", "confirm"], during.id: ["hold", "confirm", "cancel"]})


async def test_open_holds_end_correctly_after_temporal_restarts(
    clinic: Clinic, record_testsuite_property
):
    premises = clinic.premises
    holds = [await clinic.held(seconds) for seconds in (2.0, 4.0, 7.0, 10.0) for _ in range(5)]
    kept = [await clinic.held() for _ in range(10)]
    await clinic.looked([*holds[5:], *kept])

    premises.temporal.kill()
    for it in kept[:5]:
        assert (await clinic.confirm(it)).status == 200
    await asyncio.to_thread(premises.temporal.start)
    for it in kept[5:]:
        assert (await clinic.release(it)).status == 200

    ends = await clinic.lived(
        {it.id: ["hold", "expire"] for it in holds}
        | {it.id: ["hold", "confirm"] for it in kept[:5]}
        | {it.id: ["hold", "release"] for it in kept[5:]}
    )
    for via in ("workflow", "sweep"):
        late = [end.lateness for end in ends if end.vias[-1] == via and end.lateness is not None]
        if late:
            record_testsuite_property(
                f"hold lateness by {via} over a restart of Temporal", quantiles(late)
            )
            print(f"hold lateness by {via}: {quantiles(late)}")
    assert min(end.lateness for end in ends if end.lateness is not None) >= 0


async def _answers(clinic: Clinic, it: Booking) -> bool:
    """Whether Temporal says anything of this booking."""
    try:
        async with asyncio.timeout(0.5):
            return await clinic.started(it.id)
    except Exception:
        return False
