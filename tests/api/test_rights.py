"""Every route, as everybody, for what is one's own, another's or missing. Who may call what is what
the table in domain/rights.py says, and what is another's looks as if it were missing.
"""

import asyncio
from dataclasses import dataclass, field
from itertools import count
from typing import Any
from uuid import UUID

import httpx2
import pytest
from uuid_utils.compat import uuid7

from api.app import ROUTE_MODULES
from api.auth import development
from db import events, grants, profiles, webhook_deliveries, webhooks
from db.demo import CLINIC, person_id
from db.pool import Connection
from domain.actors import Actor, Role
from domain.rights import PUBLIC, RIGHTS, TOKEN_OPTIONAL, Right, right
from tests.api.asgi import scope
from tests.second_clinic import HARBOUR, NORA, add_harbour
from tests.support import AMARA, ANA, BEN, LENA, MATEO, monday
from webhooks.queueing import ping

ROUTES = {route.name: route for module in ROUTE_MODULES for route in module.router.routes}
READING = sorted(name for name in RIGHTS if ROUTES[name].methods == {"GET"})
CHLOE = person_id("patient", "chloe")
TRUSTED = person_id("agent", "trusted")
"""An agent to whom both patients have granted what they can."""

CALLERS = {
    "ana": ("patient", "ana"),
    "ben": ("patient", "ben"),
    "own dentist": ("dentist", "amara"),
    "other dentist": ("dentist", "lena"),
    "desk": ("desk", "greta"),
    "agent": ("agent", "chatbot"),
    "admin": ("admin", "admin"),
}
STRANGERS = ("anonymous", "expired")
WHOSE = ("own", "foreign", "missing")

CHECKUP = {"appointment_type": "checkup"}
BODIES: dict[str, dict[str, Any]] = {
    "mcp": {"jsonrpc": "2.0", "id": 1, "method": "ping"},
    "create": {"reservation_id": "{id}"},
    "update": {"notes": "new"},
    "cancel": {"reason": "ill"},
    "reserve": CHECKUP
    | {"dentist_id": "{at_dentist}", "starts_at": "{at}", "patient_id": "{patient}"},
    "replace_schedule": {"weekly": [], "exceptions": []},
    "replace_clinic_exceptions": {"exceptions": []},
    "update_me": {"locale": "de"},
    "create_profile": {"full_name": "Eva Novak"},
    "create_linked_patient": {"full_name": "Eva Novak"},
    "rename_linked_patient": {"full_name": "Eva Novak"},
    "update_profile": {"locale": "de"},
    "create_clinic": {"name": "New", "time_zone": "Europe/Rome"},
    "update_clinic": {"name": "Other"},
    "create_type": {
        "clinic_id": str(CLINIC),
        "slug": "new-{number}",
        "name": "New",
        "duration_minutes": 30,
    },
    "update_type": {"name": "Other"},
    "create_resource": {"clinic_id": str(CLINIC), "name": "New {number}"},
    "update_resource": {"name": "Other"},
    "buy_ticket": {"appointment_id": "{id}"},
    "find_slots": CHECKUP,
    "hold_slot": CHECKUP
    | {
        "conversation_id": "{number}",
        "dentist_id": "{at_dentist}",
        "starts_at": "{at}",
        "patient_id": "{patient}",
    },
    "confirm_booking": {"booking_id": "{id}", "hold_token": "{token}", "read_back_hash": "x"},
    "cancel_booking": {"booking_id": "{id}", "hold_token": "{token}"},
    "reschedule_booking": {"booking_id": "{id}", "hold_token": "{token}", "starts_at": "{at}"},
    "get_booking": {"booking_id": "{id}"},
    "create_webhook": {"url": "https://bot.example/{number}", "topics": ["appointments"]},
    "update_webhook": {"description": "new"},
}
QUERIES = {
    "search_slots": CHECKUP,
    "list_slots": CHECKUP,
    "explain_slot": CHECKUP | {"starts_at": "2030-01-07T09:00:00Z"},
    "replace_schedule": {"dry_run": "true"},
}
ABOUT = {
    "get_profile": "patient",
    "update_profile": "patient",
    "erase_profile": "patient",
    "get_dentist": "dentist_id",
    "get_clinic": "clinic_id",
    "update_clinic": "clinic_id",
    "get_type": "type",
    "update_type": "type",
    **dict.fromkeys(
        (
            *("get_webhook", "update_webhook", "delete_webhook", "rotate_webhook_secret"),
            *("list_webhook_deliveries", "replay_webhook_delivery", "ping_webhook"),
        ),
        "webhook",
    ),
}
"""What `{id}` stands for; elsewhere it is an appointment."""

IN_THE_BODY = (
    *("create", "reserve", "buy_ticket"),
    *("hold_slot", "confirm_booking", "cancel_booking", "reschedule_booking", "get_booking"),
)
"""Routes that say in their body what they are about."""


@dataclass
class World:
    """Ana's visit to Amara, Ben's to Lena, and the agent's booking of Ben with Mateo."""

    api: httpx2.AsyncClient
    expired: str
    as_: Any
    type: str
    chair: int
    visits: dict[str, dict[str, Any]] = field(default_factory=dict)
    numbers: Any = field(default_factory=count)
    webhooks: dict[str, str] = field(default_factory=dict)
    """The endpoints of the agent, the admin and another agent, and a delivery of each."""

    def headers(self, caller: str, whose: str = "own") -> dict[str, str]:
        if caller == "anonymous":
            return {}
        if caller == "expired":
            return {"Authorization": f"Bearer {self.expired}"}
        headers = self.as_(*CALLERS[caller])
        if caller == "agent" and whose == "own" and self.visits.get("agent"):
            headers["X-Hold-Token"] = self.visits["agent"]["hold_token"]
        return headers

    async def book(self, caller: str, dentist, patient) -> None:
        body = CHECKUP | {
            "dentist_id": str(dentist),
            "patient_id": str(patient),
            "starts_at": monday(9 if caller != "agent" else 11).isoformat(),
        }
        headers = self.headers(caller)
        answer = await self.api.post("/api/appointments", json=body, headers=headers)
        self.visits[caller] = answer.json()

    async def add_webhook(self, connection: Connection, name: str, owner: Actor) -> None:
        id, delivery = uuid7(), uuid7()
        fields = {"url": "https://bot.example", "topics": ["appointments"], "active": True}
        fields |= {"kinds": None, "description": None}
        assert await webhooks.add(connection, id, owner, fields)
        endpoint = await webhooks.get(connection, id, owner)
        message = ping(endpoint, await events.position(connection))
        await webhook_deliveries.queue(connection, id, [(delivery, message)])
        self.webhooks |= {name: str(id), f"{name} delivery": str(delivery)}

    def things(self, caller: str, whose: str) -> dict[str, str]:
        """What goes into path and body."""
        common = {"at": monday(14).isoformat(), "number": str(next(self.numbers))}
        own = caller if whose == "own" and caller in self.webhooks else "other"
        common |= {"webhook": self.webhooks[own], "delivery_id": self.webhooks[f"{own} delivery"]}
        if whose == "missing":
            names = (
                "appointment",
                "patient",
                "patient_id",
                "dentist_id",
                "agent_id",
                "clinic_id",
                "type",
                "webhook",
                "delivery_id",
            )
            at = AMARA if "dentist" not in caller else uuid7()
            missing = {"no": "999999", "at_dentist": str(at)}
            return common | missing | dict.fromkeys(names, str(uuid7()))
        if caller == "desk" and whose == "foreign":
            return common | self.at_the_other_clinic()
        of_ana = (caller in ("ben", "other dentist")) == (whose == "foreign")
        visit = self.visits["ana" if of_ana else "ben"]
        patient = visit["patient_id"]
        if caller == "agent":
            visit = self.visits["agent"] if whose == "own" else visit
            patient = str(BEN if whose == "own" else ANA)
        return common | {
            "appointment": visit["id"],
            "patient": patient,
            "dentist_id": str(AMARA if of_ana else LENA),
            "at_dentist": str(LENA if "dentist" in caller and not of_ana else AMARA),
            "agent_id": str(TRUSTED if whose == "own" else LENA),
            "patient_id": self.visits["child of ana" if of_ana else "child of ben"]["id"],
            "clinic_id": str(CLINIC),
            "type": self.type,
            "no": str(self.chair),
        }

    def at_the_other_clinic(self) -> dict[str, str]:
        """What a receptionist of the first clinic may not see. The dentist to book at is of the
        first clinic; the patient is not.
        """
        return {
            "appointment": self.visits["elsewhere"]["id"],
            "patient": str(CHLOE),
            "dentist_id": str(NORA),
            "at_dentist": str(AMARA),
            "agent_id": str(LENA),
            "patient_id": str(CHLOE),
            "clinic_id": str(HARBOUR),
            "type": self.type,
            "no": str(self.chair),
        }

    async def call(self, name: str, caller: str, whose: str) -> httpx2.Response:
        route, things = ROUTES[name], self.things(caller, whose)
        things["id"] = things[ABOUT.get(name, "appointment")]
        hold_tokens = self.api._transport.app.state.app_state.hold_tokens
        things["token"] = hold_tokens.of(UUID(things["appointment"]))
        (method,) = route.methods
        body = {
            key: value.format(**things) if isinstance(value, str) else value
            for key, value in BODIES.get(name, {}).items()
        }
        request = self.api.build_request(
            method,
            route.path_format.format(**things),
            params=QUERIES.get(name),
            json=body or None,
            headers=self.headers(caller, whose),
        )
        if name.startswith("stream"):
            return await begun(self.api, request)
        return await self.api.send(request)


async def begun(api: httpx2.AsyncClient, request: httpx2.Request) -> httpx2.Response:
    """The answer of a stream that has begun, or the refusal."""
    app, answered = api._transport.app, asyncio.Event()
    sent: dict[str, Any] = {"body": b""}

    async def receive():
        await answered.wait()
        return {"type": "http.disconnect"}

    async def send(message):
        sent.update(status=message.get("status", sent.get("status")))
        sent["body"] += message.get("body", b"")
        if message["type"] == "http.response.body":
            answered.set()

    await app(scope(request), receive, send)
    return httpx2.Response(sent["status"], content=sent["body"])


async def booked_elsewhere(api: httpx2.AsyncClient, headers: dict[str, str]) -> dict[str, Any]:
    """Chloe's visit to Nora at the second clinic."""
    body = CHECKUP | {"dentist_id": str(NORA), "starts_at": monday(9).isoformat()}
    return (await api.post("/api/appointments", json=body, headers=headers)).json()


@pytest.fixture
async def world(api, as_, settings, pool) -> World:
    expired = development.token(settings, "admin", lifetime=-60)
    chair = await pool.fetchval("select min(no) from resources where kind = 'chair'")
    type_id = await pool.fetchval("select id from appointment_types where slug = 'filling'")
    world = World(api, expired, as_, str(type_id), chair)
    await world.book("ana", AMARA, ANA)
    await world.book("ben", LENA, BEN)
    await world.book("agent", MATEO, BEN)
    for parent in ("ana", "ben"):
        path, child = "/api/profiles/me/patients", {"full_name": f"Child of {parent}"}
        answer = await api.post(path, json=child, headers=as_("patient", parent))
        [world.visits[f"child of {parent}"]] = answer.json()
    await add_harbour(pool)
    world.visits["elsewhere"] = await booked_elsewhere(api, as_("patient", "chloe"))
    async with pool.acquire() as connection:
        service = {"role": Role.AGENT, "full_name": "Trusted"}
        await profiles.create(connection, TRUSTED, service, None)
        for patient in (ANA, BEN):
            await grants.give(connection, patient, TRUSTED)
        for name, role, owner in (
            ("agent", "agent", person_id("agent", "chatbot")),
            ("admin", "admin", person_id("admin", "admin")),
            ("other", "agent", TRUSTED),
        ):
            await world.add_webhook(connection, name, Actor(Role(role), owner))
    return world


def test_every_route_has_its_row_and_every_row_its_route():
    assert set(RIGHTS) | PUBLIC == set(ROUTES)
    assert not set(RIGHTS) & PUBLIC
    assert len(ROUTES) == sum(len(module.router.routes) for module in ROUTE_MODULES)
    for row in RIGHTS.values():
        assert set(row) == {Role.PATIENT, Role.DENTIST, Role.DESK, Role.AGENT, Role.ADMIN}


def test_route_without_rights_row_fails_at_start():
    with pytest.raises(LookupError, match=r"domain/rights\.py"):
        right("brand_new", Role.ADMIN)


@pytest.mark.parametrize("name", sorted(PUBLIC))
async def test_public_routes_need_no_token(world, name):
    for caller in STRANGERS:
        for whose in WHOSE:
            answer = await world.call(name, caller, whose)
            missing = whose == "missing" and about_something(name)
            assert answer.status_code in ((404,) if missing else (200, 503))


async def test_access_to_routes_that_read_follows_the_rights_table(world):
    """They change nothing for each other, so that one world will do."""
    for name in READING:
        await check_access(world, name)


@pytest.mark.parametrize("name", sorted(set(RIGHTS) - set(READING)))
async def test_access_follows_the_rights_table(world, name):
    await check_access(world, name)


async def check_access(world: World, name: str) -> None:
    for caller in STRANGERS:
        for whose in WHOSE:
            answer = await world.call(name, caller, whose)
            if name in TOKEN_OPTIONAL - {"stream_events"} and caller == "anonymous":
                assert answer.status_code == 200
                continue
            code = answer.status_code, answer.json()["code"]
            assert code == (401, "unauthenticated"), (name, caller)
    for caller, (role, _) in CALLERS.items():
        answers = [await world.call(name, caller, whose) for whose in WHOSE]
        check(name, RIGHTS[name][Role(role)], caller, *answers)


def check(name: str, given: Right, caller: str, own, foreign, missing) -> None:
    who = name, caller
    if given is Right.NONE:
        for answer in (own, foreign, missing):
            assert (answer.status_code, answer.json()["code"]) == (403, "forbidden"), who
        return
    assert judged(own), (*who, own.text)
    if given is Right.ALL:
        assert judged(foreign), (*who, foreign.text)
        assert judged(missing) is not about_something(name), (*who, missing.text)
    elif about_something(name):
        assert not judged(foreign), (*who, foreign.text)
        assert same(foreign, missing), (*who, foreign.text, missing.text)


def about_something(name: str) -> bool:
    return "{" in ROUTES[name].path or name in IN_THE_BODY


def judged(answer: httpx2.Response) -> bool:
    """Done, or refused for the state that the thing is in, and not for whose it is."""
    return answer.status_code < 300 or answer.status_code == 409


def same(foreign: httpx2.Response, missing: httpx2.Response) -> bool:
    """Whether the two cannot be told apart, but for the path that was asked for."""
    bodies = [answer.json() for answer in (foreign, missing)]
    for body in bodies:
        del body["instance"], body["request_id"]
    return foreign.status_code == missing.status_code and bodies[0] == bodies[1]
