"""Postgres goes away or hangs: callers are told at once, no booking fails, all goes on after it."""

import asyncio
from collections.abc import Awaitable
from datetime import timedelta

from tests.acceptance.clinic import Booking, Clinic, Reply, at, booking, quantiles
from tests.support import HANG
from tests.workflows.desk import until


async def test_twenty_deadlines_that_pass_without_postgres_are_kept_after_it(
    clinic: Clinic, record_testsuite_property
):
    premises = clinic.premises
    holds = await asyncio.gather(*(clinic.held(6.0) for _ in range(20)))
    booked = await clinic.live(["hold", "confirm"])
    await clinic.looked([*holds, booked])
    runs = [(await clinic.workflow(it.id).describe()).run_id for it in holds]

    premises.postgres.kill()
    last = max(it.until for it in holds) + timedelta(seconds=0.5)
    passed = asyncio.create_task(at(last))
    while not passed.done():
        await _is_refused(clinic, booked)
    await passed
    assert (await clinic.health())["status"] == "degraded"
    assert (await clinic.health())["database"] == "degraded"
    await asyncio.to_thread(premises.postgres.start)
    recovered = [await _until_served(clinic, api) for api in (premises.one, premises.two)]
    record_testsuite_property("served again after an outage of Postgres", quantiles(recovered))

    ends = await clinic.lived(
        {it.id: ["hold", "expire"] for it in holds} | {booked.id: ["hold", "confirm"]}, 60
    )
    late = [end.lateness for end in ends if end.lateness is not None]
    record_testsuite_property("hold lateness over an outage of Postgres", quantiles(late))
    print(f"hold lateness over an outage of Postgres: {quantiles(late)}")
    assert [(await clinic.workflow(it.id).describe()).run_id for it in holds] == runs
    assert premises.one.running
    assert premises.two.running
    await clinic.becomes("status", "ok")


async def test_hanging_postgres_is_503_and_recovers(clinic: Clinic):
    holds = [await clinic.held(2.0) for _ in range(5)]
    booked = await clinic.live(["hold", "confirm"])
    wanted = [(clinic.slot(), clinic.patient(), clinic.key()) for _ in range(8)]
    await clinic.visit(300.0)
    await clinic.looked([booked])

    def ask() -> list[Awaitable[Reply]]:
        return [clinic.reserve(slot, who, key=key) for slot, who, key in wanted]

    with clinic.premises.hanging(clinic.premises.postgres):
        for reply in await asyncio.gather(*ask()):
            _refused(reply)
        await _is_refused(clinic, booked)
        await at(max(it.until for it in holds))
    await _until_served(clinic, clinic.premises.one)

    again = await asyncio.gather(*ask())
    assert {reply.status for reply in again} <= {200, 201}
    for reply, (slot, who, _) in zip(again, wanted, strict=True):
        it = booking(reply, who, slot)
        found = await clinic.call("GET", "/api/appointments", name=who)
        assert [item["id"] for item in found.body["items"]] == [str(it.id)]
    await clinic.lived({it.id: ["hold", "expire"] for it in holds})
    await clinic.becomes("status", "ok")


async def _is_refused(clinic: Clinic, it: Booking) -> None:
    """Whatever needs the database, of both APIs; the process itself is alive."""
    premises, path = clinic.premises, f"/api/appointments/{it.id}"
    slots = f"/api/availability/{it.slot.dentist}/slots?appointment_type=checkup"
    calls = [
        call
        for api in (premises.one, premises.two)
        for call in (
            clinic.reserve(clinic.slot(), it.patient, api=api),
            clinic.cancel(it, api=api),
            clinic.call("GET", path, name=it.patient, api=api),
            clinic.call("GET", f"{path}/events", name=it.patient, api=api),
            clinic.call("GET", slots, api=api),
        )
    ]
    for reply in await asyncio.gather(*calls):
        _refused(reply)
    assert (await clinic.call("GET", "/readyz")).status == 503
    assert (await clinic.call("GET", "/livez")).status == 200


def _refused(reply: Reply) -> None:
    assert (reply.status, reply.body["code"]) == (503, "unavailable")
    assert int(reply.headers["retry-after"]) >= 1
    assert reply.took < HANG


async def _until_served(clinic: Clinic, api) -> float:
    async def served() -> bool:
        return (await clinic.call("GET", "/api/appointments", api=api)).status == 200

    return await until(served)
