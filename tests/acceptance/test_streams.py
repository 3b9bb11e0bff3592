"""What one API does is heard at another, and nothing is lost when one of them goes."""

import asyncio
import os
import signal
import time
from contextlib import AsyncExitStack

from tests.acceptance.clinic import Clinic
from tests.acceptance.listener import Listener
from tests.acceptance.premises import Part
from tests.support import HANG
from tests.workflows.desk import until

ALL = "/api/events?topics=appointments,availability,profiles"
LIFE = ["hold", "confirm", "cancel"]


async def test_stream_of_one_api_has_changes_made_through_another(clinic: Clinic):
    one, two = clinic.premises.one, clinic.premises.two
    it = await clinic.held(api=one)
    path = f"/api/appointments/{it.id}/events"
    async with (
        Listener(clinic, two, ALL) as board,
        Listener(clinic, two, path, "patient", it.patient) as own,
    ):
        await clinic.confirm(it, api=one)
        await clinic.cancel(it, api=one)
        await own.hears(lambda stream: stream.kinds[-1:] == ["appointment.cancelled"])
        await board.hears(lambda stream: stream.kinds[-1:] == ["slot.free"])

    assert own.frames[1].data["id"] == str(it.id)
    first = own.frames[1].data["version"]
    told = [(frame.event, frame.data["version"]) for frame in own.events]
    assert told == [("appointment.booked", 2), ("appointment.cancelled", 3)][first - 1 :]
    assert board.seqs == list(range(board.seqs[0], board.seqs[0] + len(board.seqs)))
    assert {frame.id for frame in own.events} <= {frame.id for frame in board.events}


async def test_killed_relay_leader_loses_and_repeats_no_event(clinic: Clinic):
    leader, other = await _leader_and_other(clinic)
    start = await clinic.call("GET", "/api/appointments", "admin", "admin", api=leader)
    cursor = start.headers["event-cursor"]
    made = []
    async with (
        Listener(clinic, leader, ALL, last_event_id=cursor) as cut,
        Listener(clinic, other, ALL, last_event_id=cursor) as kept,
    ):
        for n in range(12):
            if n == 4:
                leader.kill()
                await cut.hears(lambda stream: stream.ended)
            made.append(await clinic.held(api=other))
            await clinic.confirm(made[-1], api=other)
            await clinic.cancel(made[-1], api=other)
        async with Listener(clinic, other, ALL, last_event_id=cut.last_id) as resumed:
            await clinic.lived({it.id: LIFE for it in made})
            head = await clinic.pool.fetchval("select head from realtime_epoch")
            for stream in (kept, resumed):
                await stream.hears(lambda stream: stream.seqs[-1:] == [head])
    assert cut.broken

    first = int(cursor.partition(":")[2]) + 1
    whole = list(range(first, head + 1))
    assert kept.seqs == whole
    assert cut.seqs + resumed.seqs == whole
    assert len(whole) >= len(made) * (3 + 3)
    assert (await _leader_and_other(clinic))[0] is other


async def test_sigterm_ends_streams_with_bye_and_the_process_exits(
    clinic: Clinic,
):
    it = await clinic.held()
    paths = [ALL, "/api/events?topics=availability", f"/api/appointments/{it.id}/events"]
    leaving = clinic.premises.two
    async with AsyncExitStack() as open_:
        streams = [
            await open_.enter_async_context(Listener(clinic, leaving, paths[n % len(paths)]))
            for n in range(30)
        ]
        began = time.monotonic()
        os.kill(leaving.process.pid, signal.SIGTERM)
        await until(lambda: asyncio.to_thread(lambda: not leaving.running))
        assert time.monotonic() - began < HANG
        for stream in streams:
            await stream.hears(lambda stream: stream.ended)
            assert stream.frames[-1].event == "bye"
            assert stream.frames[-1].retry > 0
            assert not stream.broken


async def _leader_and_other(clinic: Clinic) -> tuple[Part, Part]:
    """The APIs as their metrics tell them apart, once one leads."""
    apis = [part for part in (clinic.premises.one, clinic.premises.two) if part.running]

    async def leads(api: Part) -> bool:
        answer = await clinic.http.get(f"http://127.0.0.1:{api.metrics_port}/metrics")
        return "chairtime_relay_leader 1.0" in answer.text

    async def one_leads() -> bool:
        return sum([await leads(api) for api in apis]) == 1

    await until(one_leads)
    apis.sort(key=[api for api in apis if await leads(api)].count, reverse=True)
    return apis[0], apis[-1]
