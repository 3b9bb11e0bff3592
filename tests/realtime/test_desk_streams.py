"""Streams of a receptionist: what happens at their clinics, until they work there no more."""

import pytest

from db.demo import CLINIC, person_id
from domain.booking import Verb
from tests.realtime.listening import settled, until
from tests.second_clinic import HARBOUR, NORA, add_harbour
from tests.support import ANA, change, hold, monday, request

GRETA = person_id("desk", "greta")


@pytest.fixture
async def harbour(pool):
    await add_harbour(pool)


@pytest.mark.parametrize("topics", ["appointments", f"appointments:{CLINIC}"])
async def test_a_desk_hears_of_the_bookings_of_its_clinics_alone(
    harbour, api, stream, as_, pool, topics
):
    client = await stream(f"/api/events?topics={topics}", as_("desk"))
    foreign = await stream(f"/api/events?topics=appointments:{HARBOUR}", as_("desk"))
    here, there = request(monday(9)), request(monday(14), dentist_id=NORA)
    await hold(pool, there)
    await hold(pool, here)
    await change(pool, here.id, Verb.CONFIRM)
    await settled(pool, api.hub)
    await until(lambda: len(client.events) == 2)
    assert [each.data["id"] for each in client.events] == [str(here.id)] * 2
    assert not foreign.events


async def test_a_desk_resumes_from_the_log_with_the_same_rights(harbour, api, http, as_, pool):
    start = (await http.get("/api/events/log", headers=as_("desk"))).json()["next"]
    here, there = request(monday(9)), request(monday(14), dentist_id=NORA)
    await hold(pool, there)
    await hold(pool, here)
    await settled(pool, api.hub)
    path = f"/api/events/log?topics=appointments&after={start}"
    told = (await http.get(path, headers=as_("desk"))).json()["items"]
    assert [each["data"]["id"] for each in told] == [str(here.id)]


async def test_a_stream_ends_when_the_clinics_change_and_goes_on_with_the_new_ones(
    harbour, api, stream, http, as_, pool
):
    client = await stream("/api/events?topics=appointments", as_("desk"))
    await until(lambda: client.frames)
    moved = {"clinic_ids": [str(HARBOUR)]}
    await http.put(f"/api/profiles/{GRETA}", json=moved, headers=as_("admin"))
    await until(lambda: client.names()[-1] == "revoked")
    again = await stream("/api/events?topics=appointments", as_("desk"))
    await hold(pool, request(monday(9)))
    there = request(monday(14), dentist_id=NORA)
    await hold(pool, there)
    await settled(pool, api.hub)
    await until(lambda: again.events)
    assert [each.data["id"] for each in again.events] == [str(there.id)]


async def test_a_change_that_leaves_the_clinics_ends_no_stream(api, stream, http, as_, pool):
    client = await stream("/api/events?topics=appointments", as_("desk"))
    await until(lambda: client.frames)
    body = {"full_name": "Greta Meyer"}
    await http.put(f"/api/profiles/{GRETA}", json=body, headers=as_("admin"))
    await hold(pool, request(monday(9), patient_id=ANA))
    await settled(pool, api.hub)
    await until(lambda: client.events)
    assert client.names() == ["ready", "appointment.held"]
