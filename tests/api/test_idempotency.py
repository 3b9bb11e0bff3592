"""One Idempotency-Key is one request at one route, whatever the route does."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from uuid_utils.compat import uuid7

from api.app import create_app
from api.chatbot.tools import TOOLS
from db import demo, idempotency
from tests.support import AMARA, ANA, BEN, LENA, monday

RESERVE = "/api/availability/reserve"
CREATE = "/api/appointments"
VISIT = CREATE + "/{id}"
PERSON = {"full_name": "Eva Novak"}
TYPE = {"clinic_id": str(demo.CLINIC), "slug": "whitening", "name": "Whitening"} | {
    "duration_minutes": 40
}
ENDPOINT = {"url": "https://bot.example", "topics": ["appointments"]}
CHAIR = {"clinic_id": str(demo.CLINIC), "name": "Chair 9"}


def visit(hour: int = 9, **fields: Any) -> dict[str, Any]:
    return {
        "dentist_id": str(AMARA),
        "starts_at": monday(hour).isoformat(),
        "appointment_type": "checkup",
        "patient_id": str(ANA),
    } | fields


@dataclass
class Front:
    """An admin, whom nothing of what is asked here is forbidden."""

    api: Any
    headers: Mapping[str, str]

    async def ask(self, method: str, path: str, body: Any = None, key: str | None = None) -> Any:
        headers = {**self.headers} | ({"Idempotency-Key": key} if key else {})
        return await self.api.request(method, path, json=body, headers=headers)

    async def made(self, *steps: str, hour: int = 9, **fields: Any) -> str:
        """A hold, taken through these verbs."""
        held = await self.ask("POST", RESERVE, visit(hour, **fields))
        assert held.status_code == 201, held.text
        for step in steps:
            done = await self.ask("POST", f"{CREATE}/{held.json()['id']}/{step}")
            assert done.status_code == 200, done.text
        return held.json()["id"]


@pytest.fixture
def front(api, as_) -> Front:
    return Front(api, as_("admin"))


Before = Callable[[Front], Awaitable[str]]


@dataclass(frozen=True)
class Case:
    """A route that takes a key, a request there, and others that the same key may not stand for.
    A request is (id, body); the id is of a booking that `before` has made.
    """

    method: str
    path: str
    before: Before | None
    body: Any
    others: tuple[Any, ...]
    """Other bodies; `...` for the same body about another booking."""


def holding(*steps: str) -> Before:
    async def before(front: Front) -> str:
        return await front.made(*steps)

    return before


async def pending(front: Front) -> str:
    await front.api.put(
        f"/api/appointment-types/{await type_id(front)}",
        json={"needs_approval": True},
        headers=front.headers,
    )
    return await front.made("confirm")


async def type_id(front: Front) -> str:
    types = (await front.ask("GET", "/api/appointment-types")).json()
    return next(
        each["id"]
        for each in types
        if (each["slug"], each["clinic_id"]) == ("checkup", str(demo.CLINIC))
    )


async def subscribed(front: Front) -> str:
    return (await front.ask("POST", "/api/webhooks", ENDPOINT)).json()["id"]


async def pinged(front: Front) -> str:
    """The path of a replay, after the endpoint."""
    id = await subscribed(front)
    delivery = (await front.ask("POST", f"/api/webhooks/{id}/test")).json()["id"]
    return f"{id}/deliveries/{delivery}/replay"


CASES: dict[str, Case] = {
    "reserve": Case(
        "POST",
        RESERVE,
        None,
        visit(notes="x"),
        (
            visit(10, notes="x"),
            visit(notes="y"),
            visit(),
            visit(dentist_id=str(LENA), notes="x"),
            visit(patient_id=str(BEN), notes="x"),
            visit(appointment_type="cleaning", notes="x"),
        ),
    ),
    "create": Case(
        "POST",
        CREATE,
        None,
        visit(notes="x"),
        (visit(11, notes="x"), visit(notes="y"), {"reservation_id": str(uuid7())}),
    ),
    "create from a hold": Case(
        "POST",
        CREATE,
        holding(),
        {"reservation_id": "{id}"},
        ({"reservation_id": "{other}"}, visit(12), {"reservation_id": "{id}"} | visit()),
    ),
    "confirm": Case("POST", VISIT + "/confirm", holding(), None, (...,)),
    "extend": Case("POST", RESERVE + "/{id}/extend", holding(), None, (...,)),
    "release": Case("DELETE", RESERVE + "/{id}", holding(), None, (...,)),
    "approve": Case("POST", VISIT + "/approve", pending, None, (...,)),
    "decline": Case("POST", VISIT + "/decline", pending, None, (...,)),
    "cancel": Case(
        "POST",
        VISIT + "/cancel",
        holding("confirm"),
        {"reason": "ill", "note": "flu"},
        ({"reason": "ill"}, {"reason": "other", "note": "flu"}, {}, ...),
    ),
    "delete": Case("DELETE", VISIT + "?reason=ill", holding("confirm"), None, (...,)),
    "edit": Case(
        "PUT",
        VISIT,
        holding("confirm"),
        {"notes": "x"},
        ({"notes": "y"}, {"notes": "x", "starts_at": monday(14).isoformat()}, ...),
    ),
    "move": Case(
        "PUT",
        VISIT,
        holding("confirm"),
        {"starts_at": monday(14).isoformat()},
        ({"starts_at": monday(15).isoformat()}, {"notes": "y"}, {"dentist_id": str(LENA)}, ...),
    ),
    "create_clinic": Case(
        "POST",
        "/api/clinics",
        None,
        {"name": "B", "time_zone": "Europe/Rome"},
        ({"name": "C", "time_zone": "Europe/Rome"}, {"name": "B", "time_zone": "Europe/Paris"}),
    ),
    "create_type": Case(
        "POST", "/api/appointment-types", None, TYPE, (TYPE | {"name": "W"}, TYPE | {"slug": "w"})
    ),
    "create_resource": Case("POST", "/api/resources", None, CHAIR, (CHAIR | {"name": "Chair 8"},)),
    "create_profile": Case(
        "POST", "/api/profiles", None, PERSON, ({"full_name": "X"}, PERSON | {"phone": "030 77-12"})
    ),
    "create_webhook": Case(
        "POST",
        "/api/webhooks",
        None,
        ENDPOINT,
        (ENDPOINT | {"topics": ["profiles"]}, ENDPOINT | {"active": False}),
    ),
    "rotate_webhook_secret": Case(
        "POST",
        "/api/webhooks/{id}/rotate-secret",
        subscribed,
        {"overlap_hours": 1},
        ({"overlap_hours": 2}, None),
    ),
    "ping_webhook": Case("POST", "/api/webhooks/{id}/test", subscribed, None, ()),
    "replay_webhook_delivery": Case("POST", "/api/webhooks/{id}", pinged, None, ()),
}
STAFF_STEPS = {"check_in", "start", "complete", "no_show"}
"""Verbs that wait for the visit's day; they are the same code as `confirm`."""

each = pytest.mark.parametrize("name", CASES)


async def ready(front: Front, name: str) -> tuple[Case, Callable[[Any], tuple[str, Any]]]:
    """The case with its booking made, and what fills in the id of that one, or of another."""
    case = CASES[name]
    id = await case.before(front) if case.before else ""
    other = str(uuid7())
    if case.before in (None, pending, subscribed, pinged):
        pass
    elif "{other}" in str(case.others) or ... in case.others:
        other = await front.made(hour=10, dentist_id=str(LENA), patient_id=str(BEN))

    def filled(body: Any) -> tuple[str, Any]:
        place = case.path.replace("{id}", other if body is ... else id)
        wanted = case.body if body is ... else body
        if isinstance(wanted, dict) and "reservation_id" in wanted:
            known = {"{id}": id, "{other}": other}
            named = wanted["reservation_id"]
            wanted = wanted | {"reservation_id": known.get(named, named)}
        return place, wanted

    return case, filled


async def truth(pool) -> list[Any]:
    """All rows that a request here could make or change."""
    tables = ("appointments", "clinics", "appointment_types", "resources", "profiles")
    tables += ("webhook_endpoints", "webhook_deliveries")
    return [await pool.fetch(f"select * from {table} order by 1::text") for table in tables]


@each
async def test_a_repeat_answers_200_with_the_present_state_and_changes_nothing(front, pool, name):
    case, filled = await ready(front, name)
    place, body = filled(case.body)
    first = await front.ask(case.method, place, body, "k")
    assert first.status_code in (200, 201), first.text
    before = await truth(pool)

    again = await front.ask(case.method, place, body, "k")

    assert again.status_code == 200, again.text
    volatile = {"server_time", "expires_in_seconds"}
    told = [
        {k: v for k, v in answer.json().items() if k not in volatile} for answer in (first, again)
    ]
    assert told[0] == told[1]
    assert await truth(pool) == before


@each
async def test_another_request_under_the_same_key_is_refused_and_changes_nothing(front, pool, name):
    case, filled = await ready(front, name)
    first = await front.ask(case.method, *filled(case.body), "k")
    assert first.status_code in (200, 201), first.text
    before = await truth(pool)
    for other in case.others:
        refused = await front.ask(case.method, *filled(other), "k")
        assert (refused.status_code, refused.json()["code"]) == (422, "idempotency_key_reused"), (
            other,
            refused.text,
        )
    assert await truth(pool) == before


@each
async def test_one_key_sent_ten_times_at_once_is_carried_out_once(front, pool, name):
    case, filled = await ready(front, name)
    place, body = filled(case.body)
    answers = await asyncio.gather(*(front.ask(case.method, place, body, "k") for _ in range(10)))
    codes = sorted(answer.status_code for answer in answers)
    assert codes in ([200] * 10, [200] * 9 + [201]), [answer.text for answer in answers]
    assert len({(answer.json().get("id"), answer.json().get("no")) for answer in answers}) == 1
    assert len({answer.headers.get("ETag") for answer in answers}) == 1
    assert await pool.fetchval("select count(*) from idempotency_keys") == 1


@each
async def test_without_a_key_no_request_is_kept(front, pool, name):
    case, filled = await ready(front, name)
    assert (await front.ask(case.method, *filled(case.body))).status_code in (200, 201)
    assert await pool.fetchval("select count(*) from idempotency_keys") == 0


def test_every_route_that_takes_a_key_is_tried_here(settings):
    document = create_app(settings).openapi()
    takes = {
        operation["operationId"]
        for operations in document["paths"].values()
        for operation in operations.values()
        if "Idempotency-Key" in str(operation.get("parameters"))
    }
    tried = (set(CASES) - {"create from a hold", "edit", "move"}) | STAFF_STEPS | {"update"}
    assert takes - {"create_linked_patient"} == tried  # a patient's: test_linked_patients.py


def test_every_post_under_api_takes_a_key_but_those_that_need_none(settings):
    """A ticket is good once and cannot be shown again; who is erased once is erased; a cookie may
    be set twice. A verb of a conversation can be repeated by itself (test_chatbot.py).
    """
    document = create_app(settings).openapi()
    without = {
        operations["post"]["operationId"]
        for path, operations in document["paths"].items()
        if path.startswith("/api") and "post" in operations
        if "Idempotency-Key" not in str(operations["post"].get("parameters"))
    }
    assert without == {"buy_ticket", "erase_profile", "open_tools", *TOOLS}


async def test_one_key_and_three_bodies_make_one_booking(front, pool):
    """As it was found: a booking, and two holds to be confirmed, under one key."""
    bodies = [visit()] + [
        {"reservation_id": await front.made(hour=hour, patient_id=str(BEN))} for hour in (10, 11)
    ]
    answers = [await front.ask("POST", CREATE, body, "one") for body in bodies]
    assert [answer.status_code for answer in answers] == [201, 422, 422]
    assert await pool.fetchval("select count(*) from appointments where status = 'booked'") == 1


async def test_bodies_that_race_under_one_key_make_one_booking(front, pool):
    for n in range(5):
        holds = [await front.made(hour=9 + i, patient_id=str(BEN)) for i in range(2)]
        bodies = [{"reservation_id": id} for id in holds] + [visit(13 + n % 2)]
        answers = await asyncio.gather(
            *(front.ask("POST", CREATE, body, f"one {n}") for body in bodies)
        )
        assert sorted(answer.status_code for answer in answers) == [201, 422, 422]
        assert await pool.fetchval("select count(*) from appointments where status = 'booked'") == 1
        for row in await pool.fetch(
            "select id from appointments where status in ('held', 'booked')"
        ):
            await front.ask("DELETE", f"{CREATE}/{row['id']}")


async def test_a_key_belongs_to_one_route(front):
    held = await front.ask("POST", RESERVE, visit(), "k")
    booked = await front.ask("POST", CREATE, visit(10), "k")
    confirmed = await front.ask("POST", f"{CREATE}/{held.json()['id']}/confirm", key="k")
    assert [each.status_code for each in (held, booked, confirmed)] == [201, 201, 200]
    assert confirmed.json()["id"] != booked.json()["id"]


async def test_a_key_belongs_to_its_caller_whatever_the_route(api, as_, front):
    id = await front.made()
    assert (await front.ask("POST", f"{CREATE}/{id}/confirm", key="k")).status_code == 200
    ana = Front(api, as_("patient", "ana"))
    gone = await ana.ask("POST", f"{CREATE}/{id}/cancel", {"reason": "ill"}, "k")
    again = await ana.ask("POST", f"{CREATE}/{id}/cancel", {"reason": "ill"}, "k")
    assert gone.json() == again.json()


async def test_a_refused_request_leaves_its_key_free(front):
    taken = await front.made("confirm")
    assert (await front.ask("POST", CREATE, visit(patient_id=str(BEN)), "k")).status_code == 409
    free = await front.ask("POST", CREATE, visit(10, patient_id=str(BEN)), "k")
    assert free.status_code == 201
    assert (await front.ask("POST", f"{CREATE}/{taken}/approve", key="v")).status_code == 200
    late = await front.ask("POST", f"{CREATE}/{taken}/decline", key="d")
    assert late.status_code == 409
    other = await front.made("confirm", hour=11)
    assert (await front.ask("DELETE", f"{CREATE}/{other}", key="d")).status_code == 200


async def test_a_repeat_is_answered_before_its_body_is_judged(front, pool):
    """The visit has moved since, and is offered no more."""
    held = await front.made()
    body = visit() | {"reservation_id": held}
    assert (await front.ask("POST", CREATE, body, "k")).status_code == 201
    move = {"starts_at": monday(14).isoformat()}
    assert (await front.ask("PUT", f"{CREATE}/{held}", move, "m")).status_code == 200
    await pool.execute("update appointment_types set horizon = '1 hour'")
    await pool.execute("update dentists set bookable = false")
    again = await front.ask("POST", CREATE, body, "k")
    moved = await front.ask("PUT", f"{CREATE}/{held}", move, "m")
    for answer in (again, moved):
        assert (answer.status_code, answer.json()["starts_at"]) == (200, f"{monday(14):%FT%TZ}")


async def test_repeat_hides_what_its_caller_may_no_longer_see(api, as_, pool):
    dentist = Front(api, as_("dentist"))
    made = await dentist.ask("POST", CREATE, visit(), "k")
    assert made.status_code == 201
    moved = await api.put(
        f"{CREATE}/{made.json()['id']}", json={"dentist_id": str(LENA)}, headers=as_("admin")
    )
    assert moved.status_code == 200, moved.text
    again = await dentist.ask("POST", CREATE, visit(), "k")
    assert (again.status_code, again.json()["code"]) == (404, "not_found")


async def test_keys_are_deleted_after_seven_days_and_not_before(front, pool):
    for n, body in enumerate((visit(9), visit(10), visit(11, patient_id=str(BEN)))):
        assert (await front.ask("POST", RESERVE, body, f"k{n}")).status_code == 201
    age = (
        "update idempotency_keys set created_at = created_at - $1::interval where target = any($2)"
    )
    targets = [
        row["target"] for row in await pool.fetch("select target from idempotency_keys order by 1")
    ]
    await pool.execute(age, timedelta(days=7), targets[:2])
    await pool.execute(age, timedelta(days=6, hours=23), targets[2:])
    async with pool.acquire() as connection:
        assert await idempotency.delete_old(connection, 1) == 1
        assert await idempotency.delete_old(connection, 10) == 1
        assert await idempotency.delete_old(connection, 10) == 0
    assert await pool.fetchval("select count(*) from idempotency_keys") == 1


async def test_idempotency_keys_are_neither_stored_nor_sent_to_temporal(front, pool):
    """Ids are not made of keys: two databases that saw the same requests share none."""
    key = "a-key-that-is-nowhere"
    held = (await front.ask("POST", RESERVE, visit(), key)).json()
    await front.ask("POST", f"{CREATE}/{held['id']}/confirm", key=key)
    ids = await pool.fetch("select command_id from appointment_transitions")
    assert {row["command_id"].version for row in ids} == {7}
    for table in ("appointments", "appointment_transitions", "workflow_inbox", "idempotency_keys"):
        rows = await pool.fetch(f"select t::text from {table} t")
        assert rows
        for row in rows:
            assert key not in row["t"]
