"""The same requests get the same answers over REST, MCP over HTTP and MCP over stdio."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import pytest
from mcp.client import Client

from api.auth import development
from db.pool import Pool
from domain import patient_limits
from tests.mcp.client import Caller
from tests.mcp.conversation import expire
from tests.mcp.test_stdio import stdio
from tests.support import AMARA, ANA, BEN, monday

Document = dict[str, Any]
Door = Callable[[str, Document], Awaitable[Document]]

DAY = monday(9).date().isoformat()
NOBODY = "01a22332-11dc-7086-8e30-07053d700382"
CHECKUP = {"appointment_type": "checkup"}
SEARCH = CHECKUP | {"date": DAY}
AT_NINE = CHECKUP | {
    "conversation_id": "talk",
    "dentist_id": str(AMARA),
    "starts_at": monday(9).isoformat(),
    "patient_id": str(BEN),
}
A, B = "first", "second"


def at(hour: int, minute: int = 0) -> str:
    return monday(hour).replace(minute=minute).isoformat()


def of(name: str, *fields: str) -> Document:
    """Fields of the hold that was kept under this name."""
    return {field: f"{name}.{field}" for field in ("booking_id", *fields)}


ALL = ("hold_token", "read_back_hash")

REQUESTS: list[tuple[str, Document]] = [
    ("find_slots", SEARCH),
    ("find_slots", SEARCH | {"language": "de"}),
    ("find_slots", SEARCH | {"language": "fr"}),
    ("find_slots", SEARCH | {"time_zone": "America/New_York"}),
    ("find_slots", SEARCH | {"time_zone": "Mars/Base"}),
    ("find_slots", SEARCH | {"dentist": "Dr. Okafor"}),
    ("find_slots", SEARCH | {"dentist": "okafour"}),
    ("find_slots", SEARCH | {"dentist": "Dr. Nobody"}),
    ("find_slots", SEARCH | {"dentist": "Dr."}),
    ("find_slots", SEARCH | {"part_of_day": "morning", "dentist": None}),
    ("find_slots", SEARCH | {"not_before": "10:30", "not_after": "12:00"}),
    ("find_slots", SEARCH | {"weekdays": ["tuesday"], "days": 14, "earliest": True}),
    ("find_slots", SEARCH | {"days": 0}),
    ("find_slots", SEARCH | {"days": "seven"}),
    ("find_slots", SEARCH | {"colour": "blue"}),
    ("find_slots", CHECKUP | {"date": "tomorrow"}),
    ("find_slots", {"appointment_type": "massage"}),
    ("find_slots", {}),
    ("hold_slot", AT_NINE | {"keep": A}),
    ("hold_slot", AT_NINE),
    ("hold_slot", AT_NINE | {"conversation_id": "other"}),
    ("hold_slot", AT_NINE | {"starts_at": "2020-03-02T09:00:00+01:00"}),
    ("hold_slot", AT_NINE | {"starts_at": at(9, 7)}),
    ("hold_slot", AT_NINE | {"starts_at": at(3)}),
    ("hold_slot", AT_NINE | {"dentist_id": NOBODY}),
    ("hold_slot", AT_NINE | {"patient_id": str(ANA), "starts_at": at(13)}),
    ("hold_slot", {name: AT_NINE[name] for name in AT_NINE if name != "conversation_id"}),
    ("hold_slot", AT_NINE | {"starts_at": at(11), "notes": 'Say "ja" 🦷', "keep": B}),
    ("get_booking", of(A)),
    ("get_booking", of(A) | {"known_version": 7, "wait_seconds": 25, "language": "de"}),
    ("get_booking", of(A) | {"wait_seconds": 26}),
    ("get_booking", {"booking_id": NOBODY}),
    ("get_booking", {"booking_id": "7"}),
    ("confirm_booking", of(A, "hold_token")),
    ("confirm_booking", of(A, *ALL) | {"hold_token": "x"}),
    ("confirm_booking", of(A, *ALL) | {"read_back_hash": "x"}),
    ("confirm_booking", of(A, *ALL) | {"agreed_by": "dog"}),
    ("confirm_booking", of(A, *ALL)),
    ("confirm_booking", of(A, *ALL)),
    ("confirm_booking", of(B, *ALL) | {"expired": True}),
    ("get_booking", of(B)),
    ("reschedule_booking", of(A) | {"starts_at": at(14)}),
    ("reschedule_booking", of(A, "hold_token") | {"starts_at": at(14, 7)}),
    ("reschedule_booking", of(A, "hold_token") | {"starts_at": at(14)}),
    ("cancel_booking", of(A) | {"hold_token": "x"}),
    ("cancel_booking", of(A, "hold_token") | {"reason": "bored"}),
    ("cancel_booking", of(A, "hold_token")),
    ("cancel_booking", of(A, "hold_token")),
    ("reschedule_booking", of(A, "hold_token") | {"starts_at": at(15)}),
]
"""Verbs and arguments, in order. `keep` names the hold for later requests, and `expired` lets the
booking expire before; neither is sent.
"""

OF_ONE_RUN = {"booking_id", "appointment_id", "hold_token", "read_back_hash", "expires_in_seconds"}
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+(Z|[+-]\d\d:\d\d)")
"""With a fraction of a second: when something happened or will happen, not when a slot starts."""
TIME_OF_DAY = re.compile(r"\d{1,2}:\d\d( [AP]M)?")


@asynccontextmanager
async def rest(caller: Caller) -> AsyncIterator[Door]:
    async with httpx2.AsyncClient(base_url=caller.url, headers=caller.headers("agent")) as http:

        async def ask(verb: str, arguments: Document) -> Document:
            answer = await http.post(f"/api/chatbot/{verb}", json=arguments)
            document = answer.json()
            assert answer.status_code == document.get("status" if not document["ok"] else "", 200)
            return document

        yield ask


@asynccontextmanager
async def over_http(caller: Caller) -> AsyncIterator[Door]:
    async with caller.connected("agent") as client:
        yield _calling(client)


@asynccontextmanager
async def over_stdio(caller: Caller) -> AsyncIterator[Door]:
    token = development.token(caller.settings, "agent")
    async with Client(stdio(caller.url, token)) as client:
        yield _calling(client)


def _calling(client: Client) -> Door:
    async def ask(verb: str, arguments: Document) -> Document:
        result = await client.call_tool(verb, arguments)
        assert result.is_error is not result.structured_content["ok"]
        return result.structured_content

    return ask


async def answers(ask: Door, pool: Pool) -> list[Document]:
    kept: dict[str, Document] = {}
    found = []
    for verb, request in REQUESTS:
        arguments = {name: _value(kept, value) for name, value in request.items()}
        keep, expired = arguments.pop("keep", None), arguments.pop("expired", False)
        if expired:
            await expire(pool, arguments["booking_id"])
        document = await ask(verb, arguments)
        if keep:
            assert document["ok"], document
            kept[keep] = document
        found.append(_comparable(document, document.get("status") == "held"))
    return found


def _value(kept: dict[str, Document], value: Any) -> Any:
    name, _, field = value.partition(".") if isinstance(value, str) else ("", "", "")
    return kept[name][field] if name in kept else value


def _comparable(value: Any, held: bool) -> Any:
    """Without what differs from hold to hold; the texts of a hold name the time of its expiry."""
    match value:
        case dict():
            return {
                name: name if name in OF_ONE_RUN else _comparable(each, held)
                for name, each in value.items()
                if name not in ("instance", "request_id")
            }
        case list():
            return [_comparable(each, held) for each in value]
        case str() if INSTANT.fullmatch(value):
            return "instant"
        case str() if held and " " in value:
            return TIME_OF_DAY.sub("time", value)
        case _:
            return value


@pytest.mark.parametrize("door", [over_http, over_stdio])
async def test_all_doors_answer_equally(api, caller, pool, door, monkeypatch):
    monkeypatch.setattr(patient_limits, "FREE_RELEASES", 2)  # one hold expires at each door
    async with rest(caller) as ask:
        expected = await answers(ask, pool)
    refused = [document["code"] for document in expected if not document["ok"]]
    assert len(expected) - len(refused) >= 15
    assert len(set(refused)) >= 8, refused
    async with door(caller) as ask:
        found = await answers(ask, pool)
    for request, ours, theirs in zip(REQUESTS, found, expected, strict=True):
        assert ours == theirs, request
