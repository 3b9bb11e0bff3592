"""A refusal says what to do: it offers times that this caller can take, or says that none helps."""

import re
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from api.auth.accounts import Accounts
from api.bookings.refusal_details import another_time_helps
from api.bookings.refusals import INVALID, REFUSALS
from api.chatbot import advice, texts
from db.pool import Unavailable
from domain import patient_limits
from domain.booking import Outcome
from tests.api.test_chatbot import agreed, of_ben, refused, told, wanted
from tests.api.test_chatbot_limits import limited
from tests.support import BEN, LENA, MATEO, monday, overdue

__all__ = ["limited"]

Arguments = dict[str, Any]
OF_SLOT = ("dentist_id", "starts_at", "appointment_type")
OF_REST = re.compile(r"Idempotency-Key|If-Match|Retry-After|GET /|POST /|reserve|release one")
UNSPOKEN = frozenset({"idempotency_key_reused"})
"""Codes that no verb answers with."""


class World:
    """The clinic, its callers, and limits that a case changes."""

    def __init__(self, api, as_, pool, limited, monkeypatch) -> None:
        self.api, self.pool, self.limited, self.monkeypatch = api, pool, limited, monkeypatch
        self.ana, self.ben, self.chloe = (as_("patient", each) for each in ("ana", "ben", "chloe"))
        self.agent = as_("agent")

    async def held(self, who, **arguments: Any) -> Arguments:
        return await told(self.api, who, "hold_slot", **arguments)

    async def booked(self, who, **arguments: Any) -> Arguments:
        hold = await self.held(who, **arguments)
        await told(self.api, who, "confirm_booking", **agreed(hold))
        return hold

    async def given_up(self, who, **arguments: Any) -> None:
        named = proof(await self.held(who, **arguments))
        await told(self.api, who, "cancel_booking", **named)


def proof(hold: Arguments) -> Arguments:
    return {name: hold[name] for name in ("booking_id", "hold_token")}


def other(n: int, **fields: Any) -> Arguments:
    """Another time of Ana's, on another day."""
    return wanted(conversation_id=f"other {n}", starts_at=at(9, weeks=1 + n), **fields)


def at(hour: int, minutes: int = 0, weeks: int = 1) -> str:
    return (monday(hour, weeks=weeks) + timedelta(minutes=minutes)).isoformat()


@pytest.fixture
def world(api, as_, pool, limited, monkeypatch) -> World:
    return World(api, as_, pool, limited, monkeypatch)


Refused = tuple[Any, str, Arguments]
"""Who is refused, at which verb, with which arguments."""


async def taken(world: World) -> Refused:
    """The next times are Ana's own, with somebody else."""
    await world.held(world.chloe, **wanted())
    await world.booked(world.ana, **wanted(dentist=LENA, starts_at=at(9, 30)))
    return world.ana, "hold_slot", wanted()


async def own_visit(world: World) -> Refused:
    await world.booked(world.ana, **wanted(dentist=LENA))
    return world.ana, "hold_slot", wanted()


async def visit_hidden_from_the_agent(world: World) -> Refused:
    await world.booked(world.ben, **wanted(dentist=LENA))
    return world.agent, "hold_slot", of_ben()


async def closed(world: World) -> Refused:
    return world.ana, "hold_slot", wanted(starts_at=at(3))


async def no_chair(world: World) -> Refused:
    await world.pool.execute(
        """update resources set active = false where kind = 'chair'
              and no > (select min(no) from resources where kind = 'chair')"""
    )
    await world.held(world.chloe, **wanted(dentist=LENA))
    return world.ana, "hold_slot", wanted()


async def cooldown(world: World) -> Refused:
    for _ in "12":
        await world.given_up(world.ana, **wanted())
    return world.ana, "hold_slot", wanted()


async def full_day(world: World) -> Refused:
    world.limited("agent_holds_per_day", 1)
    await world.held(world.agent, **of_ben(14))
    return world.agent, "hold_slot", of_ben(conversation_id="second")


async def expired_twice(world: World) -> Refused:
    await world.given_up(world.ana, **wanted())
    hold = await world.held(world.ana, **wanted())
    await overdue(world.pool, hold["booking_id"])
    return world.ana, "confirm_booking", agreed(hold)


async def move_to_taken(world: World) -> Refused:
    hold = await world.booked(world.ana, **wanted(14))
    await world.booked(world.ana, **wanted(dentist=LENA, starts_at=at(9, 30)))
    await world.held(world.chloe, **wanted())
    return world.ana, "reschedule_booking", proof(hold) | {"starts_at": at(9)}


async def move_onto_own_visit(world: World) -> Refused:
    hold = await world.booked(world.ana, **wanted(14))
    await world.booked(world.ana, **wanted(dentist=MATEO))
    return world.ana, "reschedule_booking", proof(hold) | {"starts_at": at(9)}


OTHER_TIMES: dict[Callable[[World], Awaitable[Refused]], str] = {
    taken: "slot_unavailable",
    own_visit: "patient_overlap",
    visit_hidden_from_the_agent: "slot_unavailable",
    closed: "slot_not_offered",
    no_chair: "slot_not_offered",
    cooldown: "hold_cooldown",
    full_day: "dentist_day_quota",
    expired_twice: "hold_expired",
    move_to_taken: "slot_unavailable",
    move_onto_own_visit: "patient_overlap",
}


@pytest.mark.parametrize("case", OTHER_TIMES, ids=lambda case: case.__name__)
async def test_where_another_time_helps_three_are_offered_that_can_be_taken(world, case):
    who, verb, arguments = await case(world)
    document = await refused(world.api, who, verb, **arguments)
    assert document["code"] == OTHER_TIMES[case]
    assert len(document["alternatives"]) == 3
    moves = verb == "reschedule_booking"
    assert ("call reschedule_booking" if moves else "call hold_slot") in document["next_step"]
    for n, each in enumerate(document["alternatives"]):
        assert each["say"] in document["say"]
        slot = {name: each[name] for name in OF_SLOT}
        if moves:
            await told(world.api, who, verb, **proof(arguments), **slot)
        else:
            patient = {"patient_id": str(BEN)} if who is world.agent else {}
            await world.given_up(who, **slot, **patient, conversation_id=f"anew {n}")


async def two_holds(world: World) -> Refused:
    for n in (1, 2):
        await world.held(world.ana, **other(n))
    return world.ana, "hold_slot", wanted()


async def all_visits(world: World) -> Refused:
    world.monkeypatch.setattr(patient_limits, "BOOKING_QUOTA", 1)
    await world.booked(world.ana, **other(1))
    return world.ana, "hold_slot", wanted()


async def talkative(world: World) -> Refused:
    world.limited("conversation_holds", 1)
    await world.held(world.ana, **other(1))
    return world.ana, "hold_slot", wanted(conversation_id="other 1")


async def busy_agent(world: World) -> Refused:
    world.limited("agent_holds", 1)
    await world.held(world.agent, **other(1, patient_id=str(BEN)))
    return world.agent, "hold_slot", of_ben()


async def not_online(world: World) -> Refused:
    await world.pool.execute("update appointment_types set bookable_online = false")
    return world.ana, "hold_slot", wanted()


NO_TIME_HELPS: dict[Callable[[World], Awaitable[Refused]], tuple[str, str]] = {
    two_holds: ("hold_quota", "cancel_booking"),
    all_visits: ("booking_quota", "cancel_booking"),
    talkative: ("conversation_quota", "confirm_booking"),
    busy_agent: ("agent_quota", "held_until"),
    not_online: ("slot_not_offered", "call the clinic"),
}


@pytest.mark.parametrize("case", NO_TIME_HELPS, ids=lambda case: case.__name__)
async def test_where_no_time_helps_none_is_offered_and_it_says_what_does(world, case):
    who, verb, arguments = await case(world)
    document = await refused(world.api, who, verb, **arguments)
    code, what_to_do = NO_TIME_HELPS[case]
    assert (document["code"], document["alternatives"]) == (code, [])
    assert re.match("No (other )?time helps", document["next_step"])
    assert what_to_do in document["next_step"]


async def test_a_time_that_the_patient_has_already_is_said_to_be_theirs(world):
    await world.held(world.ana, **wanted())
    document = await refused(world.api, world.ana, "hold_slot", **wanted(conversation_id="later"))
    assert document["yours"] is True
    assert "already" in document["say"]
    assert "get_booking" in document["next_step"]


@pytest.mark.parametrize("outcome", Outcome)
def test_every_outcome_has_its_words_for_a_conversation(outcome):
    code, sentence = REFUSALS.get(outcome, INVALID)
    if code in UNSPOKEN:
        return
    for known in texts.REFUSALS.values():
        assert known[code]
    assert (advice.NEXT_STEPS[code] == advice.SEARCH) == another_time_helps(outcome)
    detail = advice.in_a_conversation({"code": code, "detail": sentence})["detail"]
    assert not OF_REST.search(detail + advice.NEXT_STEPS[code])


def test_every_kind_has_its_words_in_both_languages():
    english, german = texts.REFUSALS["en"], texts.REFUSALS["de"]
    assert english.keys() == german.keys() == advice.NEXT_STEPS.keys()


async def test_an_outage_is_told_in_words_that_fit_the_verb(world, monkeypatch):
    async def fails(*_: Any, **__: Any) -> None:
        raise Unavailable("TimeoutError")

    hold = await world.held(world.ana, **wanted())
    monkeypatch.setattr("db.appointments.get", fails)
    document = await refused(world.api, world.ana, "confirm_booking", **agreed(hold))
    assert document["code"] == "unavailable"
    for said in (document["detail"], document["next_step"]):
        assert "the same call" in said


@pytest.mark.parametrize(
    ("method", "path", "how"),
    [
        ("POST", "/api/chatbot/hold_slot", "repeat the same call"),
        ("POST", "/mcp", "repeat the same call"),
        ("GET", "/api/appointments", "repeat the request"),
        ("POST", "/api/appointments", "Idempotency-Key"),
    ],
)
async def test_an_outage_before_the_verb_is_told_in_the_same_words(
    world, monkeypatch, method, path, how
):
    async def fails(*_: Any) -> None:
        raise Unavailable("TimeoutError")

    monkeypatch.setattr(Accounts, "status", fails)
    answer = await world.api.request(method, path, headers=world.ana)
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert how in answer.json()["detail"]


async def test_errors_of_arguments_name_no_route(world):
    nobody = "01a22332-11dc-7086-8e30-07053d700382"
    document = await refused(world.api, world.ana, "hold_slot", **wanted(dentist=nobody))
    assert document["errors"][0]["field"] == "dentist_id"
    assert "find_slots" in document["detail"]
    assert not OF_REST.search(document["detail"])
