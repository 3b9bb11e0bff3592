"""Agents whom patients let act for them: what they may then, and that it ends at once."""

import asyncio
from contextlib import asynccontextmanager

import pytest
from uuid_utils.compat import uuid7

from db.demo import person_id
from tests.support import AMARA, ANA, BEN, monday, overdue, rewrite

AGENTS = "/api/profiles/me/agents"
CHATBOT = person_id("agent", "chatbot")
MINE = f"{AGENTS}/{CHATBOT}"
OF_ANA = f"/api/profiles/{ANA}"


@pytest.fixture
def ana(as_):
    return as_("patient", "ana")


@pytest.fixture
def agent(as_):
    return as_("agent")


async def hold(api, headers, hour: int = 9, **fields):
    body = {
        "dentist_id": str(AMARA),
        "starts_at": monday(hour).isoformat(),
        "appointment_type": "checkup",
        "patient_id": str(ANA),
    }
    return await api.post("/api/availability/reserve", json=body | fields, headers=headers)


async def test_patient_grants_revokes_and_lists_agents(api, ana):
    assert (await api.get(AGENTS, headers=ana)).json() == []
    given = await api.put(MINE, headers=ana)
    [told] = given.json()
    assert (given.status_code, told["id"], told["full_name"]) == (200, str(CHATBOT), "Chatbot")
    assert (await api.put(MINE, headers=ana)).json() == [told]
    assert (await api.get(AGENTS, headers=ana)).json() == [told]
    taken = await api.delete(MINE, headers=ana)
    assert (taken.status_code, taken.json()) == (200, [])
    assert (await api.delete(MINE, headers=ana)).status_code == 404


async def test_grant_needs_an_active_agent_and_revocation_does_not(api, as_, ana):
    await api.put(MINE, headers=ana)
    inactive = {"active": False}
    await api.put(f"/api/profiles/{CHATBOT}", json=inactive, headers=as_("admin"))
    for id in (CHATBOT, AMARA, BEN, ANA, uuid7()):
        refused = await api.put(f"{AGENTS}/{id}", headers=ana)
        assert (refused.status_code, refused.json()["code"]) == (404, "not_found")
    assert len((await api.get(AGENTS, headers=ana)).json()) == 1
    assert (await api.delete(MINE, headers=ana)).json() == []


async def test_granted_agent_reads_but_does_not_change_the_profile(api, ana, agent):
    assert (await api.get(OF_ANA, headers=agent)).status_code == 404
    await api.put(MINE, headers=ana)
    seen = await api.get(OF_ANA, headers=agent)
    assert seen.json() == (await api.get("/api/profiles/me", headers=ana)).json()
    listed = await api.get("/api/profiles", params={"search": "ana"}, headers=agent)
    assert seen.json() in listed.json()["items"]
    refused = await api.put(OF_ANA, json={"phone": None}, headers=agent)
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")


async def test_a_granted_agent_books_under_its_token_and_sees_no_other_booking(api, ana, agent):
    own = (await hold(api, ana)).json()
    assert (await hold(api, agent, hour=11)).status_code == 422
    await api.put(MINE, headers=ana)
    made = (await hold(api, agent, hour=11)).json()
    path = f"/api/appointments/{made['id']}"
    assert (await api.post(f"{path}/confirm", headers=agent)).status_code == 403
    token = agent | {"X-Hold-Token": made["hold_token"]}
    assert (await api.post(f"{path}/confirm", headers=token)).status_code == 200
    listed = (await api.get("/api/appointments", headers=agent)).json()["items"]
    assert [each["id"] for each in listed] == [made["id"]]
    assert (await api.get(f"/api/appointments/{own['id']}", headers=agent)).status_code == 404
    listed = (await api.get("/api/appointments", headers=ana)).json()["items"]
    assert {each["id"] for each in listed} == {own["id"], made["id"]}


async def test_revoked_agent_holds_nothing_new_and_its_bookings_stay(api, ana, agent):
    await api.put(MINE, headers=ana)
    once = agent | {"Idempotency-Key": "once"}
    made = (await hold(api, once)).json()
    await api.delete(MINE, headers=ana)
    assert (await api.get(OF_ANA, headers=agent)).status_code == 404
    refused = await hold(api, agent, hour=11)
    nobody = await hold(api, agent, hour=11, patient_id=str(uuid7()))
    assert refused.status_code == nobody.status_code == 422
    assert refused.json()["detail"] == nobody.json()["detail"]
    again = await hold(api, once)
    assert (again.status_code, again.json()["detail"]) == (422, nobody.json()["detail"])
    assert (await api.get(f"/api/appointments/{made['id']}", headers=ana)).status_code == 200
    await api.put(MINE, headers=ana)
    again = await hold(api, once)
    assert (again.status_code, again.json()["id"]) == (200, made["id"])


KEPT = {
    "release": lambda api, path, who: api.delete(path("reserve"), headers=who),
    "cancel": lambda api, path, who: api.post(path("cancel"), json={}, headers=who),
    "delete": lambda api, path, who: api.delete(path(""), headers=who),
}
LOST = {
    "get": lambda api, path, who: api.get(path(""), headers=who),
    "history": lambda api, path, who: api.get(path("history"), headers=who),
    "stream": lambda api, path, who: api.get(path("events"), headers=who),
    "ticket": lambda api, path, who: api.post(
        "/api/events/tickets", json={"appointment_id": path.id}, headers=who
    ),
    "extend": lambda api, path, who: api.post(path("reserve") + "/extend", headers=who),
    "confirm": lambda api, path, who: api.post(path("confirm"), headers=who),
    "create": lambda api, path, who: api.post(
        "/api/appointments", json={"reservation_id": path.id}, headers=who
    ),
    "edit": lambda api, path, who: api.put(path(""), json={"notes": "mine"}, headers=who),
    "move": lambda api, path, who: api.put(
        path(""), json={"starts_at": monday(15).isoformat()}, headers=who
    ),
}
"""What an agent does to a booking it made: what it keeps when its grant is taken back, and what it
loses.
"""


class Path:
    def __init__(self, id: str) -> None:
        self.id = id

    def __call__(self, action: str) -> str:
        if action == "reserve":
            return f"/api/availability/reserve/{self.id}"
        return f"/api/appointments/{self.id}" + (f"/{action}" if action else "")


@pytest.fixture
async def left(api, ana, agent, request):
    """A booking by an agent whose grant is gone; the agent's headers with its token."""
    await api.put(MINE, headers=ana)
    made = (await hold(api, agent)).json()
    token = agent | {"X-Hold-Token": made["hold_token"]}
    path = Path(made["id"])
    if request.param == "booked":
        assert (await api.post(path("confirm"), headers=token)).status_code == 200
    await api.delete(MINE, headers=ana)
    return path, token


@pytest.mark.parametrize("left", ["held", "booked"], indirect=True)
@pytest.mark.parametrize("what", LOST)
async def test_agent_without_grant_may_only_release_or_cancel(api, pool, left, what):
    path, token = left
    before = await pool.fetchrow("select * from appointments")
    refused = await LOST[what](api, path, token)
    assert (refused.status_code, refused.json()["code"]) == (404, "not_found")
    assert await pool.fetchrow("select * from appointments") == before
    listed = (await api.get("/api/appointments", headers=token)).json()["items"]
    assert listed == []


@pytest.mark.parametrize("left", ["held", "booked"], indirect=True)
@pytest.mark.parametrize("what", KEPT)
async def test_agent_without_grant_cancels_its_booking_and_reads_no_notes(
    api, ana, pool, left, what
):
    path, token = left
    await pool.execute(
        "update appointments set notes = 'secret', version = version + 1, verb = 'edit',"
        " command_id = null"
    )
    for again in ("first", "again"):
        answer = await KEPT[what](api, path, token | {"Idempotency-Key": what})
        if what == "release" and await booked(pool):
            assert answer.status_code == 404
            return
        assert answer.status_code == 200, (again, answer.text)
        assert answer.json()["status"] in ("cancelled", "released")
        assert "secret" not in answer.text
    assert (await api.get(path(""), headers=token)).status_code == 404


async def test_agent_without_grant_gets_no_hold_of_its_conversation_again(api, ana, agent):
    await api.put(MINE, headers=ana)
    wanted = {
        "conversation_id": "talk",
        "patient_id": str(ANA),
        "dentist_id": str(AMARA),
        "starts_at": monday(9).isoformat(),
        "appointment_type": "checkup",
    }
    made = await api.post("/api/chatbot/hold_slot", headers=agent, json=wanted)
    assert made.status_code == 200, made.text
    await api.delete(MINE, headers=ana)
    again = await api.post("/api/chatbot/hold_slot", headers=agent, json=wanted)
    assert again.status_code != 200
    assert made.json()["patient"]["name"]["written_by_person"] not in again.text


@pytest.mark.parametrize("left", ["held", "booked"], indirect=True)
async def test_agent_without_grant_cancels_in_a_conversation_and_reads_no_name(api, left):
    path, token = left
    given_up = {"booking_id": path.id, "hold_token": token["X-Hold-Token"]}
    answer = await api.post("/api/chatbot/cancel_booking", headers=token, json=given_up)
    assert answer.status_code == 200, answer.text
    assert answer.json()["patient"]["name"] == {"written_by_person": ""}


@pytest.mark.parametrize("left", ["held", "booked"], indirect=True)
@pytest.mark.parametrize("what", KEPT)
@pytest.mark.parametrize("named", ['"1"', '"99"', '"1", "99"', '"x"'])
async def test_agent_without_grant_learns_no_version(api, pool, left, what, named):
    path, token = left
    await rewrite(pool, "update appointments set version = 7")
    refused = await KEPT[what](api, path, token | {"If-Match": named})
    assert (refused.status_code, refused.json()["code"]) == (404, "not_found")
    assert "7" not in refused.json()["detail"]


async def booked(pool) -> bool:
    return await pool.fetchval("select booked_at is not null from appointments")


@pytest.mark.parametrize("left", ["booked"], indirect=True)
async def test_agent_without_grant_cannot_cancel_a_booking_the_patient_moved(api, ana, left):
    path, token = left
    later = {"starts_at": monday(16).isoformat()}
    assert (await api.put(path(""), json=later, headers=ana)).status_code == 200
    for what in KEPT.values():
        assert (await what(api, path, token)).status_code == 404
    assert (await api.get(path(""), headers=ana)).json()["status"] == "booked"


@pytest.mark.parametrize("left", ["booked"], indirect=True)
async def test_agent_without_grant_learns_no_later_status(api, as_, ana, left):
    path, token = left
    await api.post(path("cancel"), json={"reason": "ill"}, headers=ana)
    for what in KEPT.values():
        refused = await what(api, path, token)
        assert (refused.status_code, refused.json()["code"]) == (404, "not_found")
        assert not {"current", "version", "allowed"} & set(refused.json())


async def test_patient_created_by_agent_needs_no_grant(api, agent):
    made = (await hold(api, agent, patient_id=str(BEN))).json()
    token = agent | {"X-Hold-Token": made["hold_token"]}
    path = Path(made["id"])
    assert (await api.post(path("confirm"), headers=token)).status_code == 200
    assert (await api.put(path(""), json={"notes": "mine"}, headers=token)).status_code == 200
    assert (await api.get(path(""), headers=agent)).json()["notes"] == "mine"


async def test_confirm_during_revocation_is_refused(api, ana, agent, pool):
    await api.put(MINE, headers=ana)
    made = (await hold(api, agent)).json()
    token = agent | {"X-Hold-Token": made["hold_token"]}
    async with pool.acquire() as connection:
        async with connection.transaction():
            await connection.execute("delete from patient_grants")
            late = asyncio.create_task(api.post(Path(made["id"])("confirm"), headers=token))
            await waiting(pool, late)
    assert (await late).status_code == 404
    assert not await booked(pool)


@pytest.mark.parametrize("change", ["role = 'admin'", "active = false"])
async def test_grant_to_agent_who_loses_the_role_is_refused(api, ana, pool, change):
    assert (await api.get("/api/profiles/me", headers=ana)).status_code == 200
    async with pool.acquire() as connection:
        async with connection.transaction():
            await connection.execute(f"update profiles set {change} where id = $1", CHATBOT)
            late = asyncio.create_task(api.put(MINE, headers=ana))
            await waiting(pool, late)
    assert (await late).status_code == 404
    assert await pool.fetchval("select count(*) from patient_grants") == 0


async def waiting(pool, *tasks) -> None:
    """Until all of them wait for a lock; none may be done by then."""
    while await pool.fetchval("select count(*) from pg_locks where not granted") < len(tasks):
        assert not any(task.done() for task in tasks)


@asynccontextmanager
async def held_up(pool):
    """Whoever wants a slot of Amara's waits until this is over."""
    lock = "select pg_advisory_xact_lock(7, resource_no) from dentists where profile_id = $1"
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute(lock, AMARA)
        yield


async def test_revocation_waits_for_a_running_hold(api, ana, agent, pool):
    await api.put(MINE, headers=ana)
    async with held_up(pool):
        early = asyncio.create_task(hold(api, agent))
        await waiting(pool, early)
        taken = asyncio.create_task(api.delete(MINE, headers=ana))
        await waiting(pool, early, taken)
    assert (await early).status_code == 201
    assert (await taken).status_code == 200


async def test_hold_during_revocation_is_refused(api, ana, agent, pool):
    await api.put(MINE, headers=ana)
    async with pool.acquire() as connection:
        async with connection.transaction():
            await connection.execute("delete from patient_grants")
            late = asyncio.create_task(hold(api, agent))
            await waiting(pool, late)
    assert (await late).status_code == 422
    assert await pool.fetchval("select count(*) from appointments") == 0


async def test_erasure_waits_for_a_running_hold_by_an_agent(api, as_, ana, agent, pool):
    await api.put(MINE, headers=ana)
    over = (await hold(api, ana, notes="afraid")).json()["id"]
    await overdue(pool, over)
    async with held_up(pool):
        early = asyncio.create_task(hold(api, agent))
        await waiting(pool, early)
        erased = asyncio.create_task(api.post(f"{OF_ANA}/erase", headers=as_("admin")))
        await waiting(pool, early, erased)
    assert (await early).status_code == 201
    assert (await erased).status_code == 200


async def test_erasure_removes_grants(api, as_, ana, agent, pool):
    await api.put(MINE, headers=ana)
    await api.post(f"{OF_ANA}/erase", headers=as_("admin"))
    assert (await api.get(OF_ANA, headers=agent)).status_code == 404
    assert await pool.fetchval("select count(*) from patient_grants") == 0
