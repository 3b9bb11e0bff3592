"""The way of a front-end developer who has the document and nothing else: over HTTP, each call by
its name there, each answer held against what is promised there, each mistake explained.
"""

from collections.abc import AsyncIterator
from typing import Any

import httpx2
import jsonschema_rs
import pytest

from tests.realtime.server import serving
from tests.support import monday, overdue


class Stranger:
    """Knows the document: where an operation is, and what may come back."""

    def __init__(self, http: httpx2.AsyncClient, document: dict[str, Any], headers) -> None:
        self._http = http
        self._document = document
        self.headers = headers
        self._operations = {
            operation["operationId"]: (method, path, operation)
            for path, operations in document["paths"].items()
            for method, operation in operations.items()
        }

    async def ask(self, name: str, body=None, query=None, headers=None, **path: str) -> Any:
        """What a call that succeeds answers."""
        answer = await self._send(name, body, query, headers, path)
        assert answer.is_success, answer.text
        return answer.json()

    async def refused(
        self, code: str, *says: str, by: str, body=None, query=None, headers=None, **path: str
    ) -> Any:
        """The problem that a mistake gets: its code, and what its words must have."""
        problem = (await self._send(by, body, query, headers, path)).json()
        assert problem["code"] == code, problem
        for words in says:
            assert words in problem["detail"], problem["detail"]
        return problem

    async def _send(self, name, body, query, headers, path) -> httpx2.Response:
        method, template, operation = self._operations[name]
        sent = self.headers | (headers or {})
        url = template.format(**path)
        answer = await self._http.request(method, url, json=body, params=query, headers=sent)
        responses = operation["responses"]
        promised = responses.get(str(answer.status_code), responses["default"])
        if "$ref" in promised:
            promised = self._document["components"]["responses"]["Refused"]
        content = promised["content"][answer.headers["content-type"].partition(";")[0]]
        schema = content["schema"] | {"components": self._document["components"]}
        jsonschema_rs.Draft202012Validator(schema).validate(answer.json())
        return answer


@pytest.fixture
async def stranger(settings, as_, monkeypatch) -> AsyncIterator[Stranger]:
    monkeypatch.setenv("TEMPORAL_ADDRESS", "127.0.0.1:1")
    async with serving(settings) as running, httpx2.AsyncClient(base_url=running.url) as http:
        document = (await http.get("/openapi.json")).json()
        yield Stranger(http, document, as_("patient", "newcomer"))


@pytest.fixture
async def wish(stranger: Stranger) -> dict[str, Any]:
    """The body of a hold, of a slot that is free."""
    [dentist, *_] = await stranger.ask("list_dentists")
    [*_, slot] = await free(stranger, dentist["id"])
    return {
        "dentist_id": dentist["id"],
        "starts_at": slot["starts_at"],
        "appointment_type": "checkup",
    }


async def free(stranger: Stranger, dentist_id: str) -> list[dict[str, Any]]:
    types = {each["slug"]: each for each in await stranger.ask("list_types")}
    query = {"appointment_type": types["checkup"]["slug"], "date": monday(9).date().isoformat()}
    return await stranger.ask("list_slots", query=query, dentist_id=dentist_id)


async def test_from_the_first_call_to_the_last(stranger: Stranger, wish):
    me = await stranger.ask("get_me")
    assert me["role"] == "patient"
    once = {"Idempotency-Key": "once"}
    hold = await stranger.ask("reserve", wish, headers=once)
    assert (await stranger.ask("reserve", wish, headers=once))["id"] == hold["id"]
    assert (hold["status"], hold["patient_id"]) == ("held", me["id"])
    booked = await stranger.ask("confirm", id=hold["id"])
    assert booked["status"] == "booked"
    [first, *_] = await free(stranger, wish["dentist_id"])
    moved = await stranger.ask("update", {"starts_at": first["starts_at"]}, id=hold["id"])
    assert moved["version"] == booked["version"] + 1
    listed = await stranger.ask("list_appointments", query={"status": "booked"})
    assert [each["id"] for each in listed["items"]] == [hold["id"]]
    gone = await stranger.ask("cancel", {"reason": "ill"}, id=hold["id"])
    assert (gone["status"], gone["cancelled_by"]) == ("cancelled", "patient")
    told = await stranger.ask("history", id=hold["id"])
    assert [each["verb"] for each in told] == ["hold", "confirm", "reschedule", "cancel"]
    assert first in await free(stranger, wish["dentist_id"])


@pytest.mark.parametrize(
    ("mistake", "code", "says"),
    [
        ({"appointment_type": "cehckup"}, "validation_failed", ("unknown at", "checkup")),
        ({"appointment_type": None}, "validation_failed", ("appointment_type",)),
        ({"dentist_id": str(0)}, "validation_failed", ("dentist_id", "UUID")),
        (
            {"dentist_id": "0192e4a0-0000-7000-8000-00000000d001"},
            "validation_failed",
            ("GET /api/profiles/dentists",),
        ),
        ({"starts_at": "2020-01-06T09:00:00Z"}, "slot_not_offered", ("in the past",)),
        ({"starts_at": "2199-01-06T09:00:00Z"}, "slot_not_offered", ("choose an earlier one",)),
        ({"starts_at": monday(9, 7).isoformat()}, "slot_not_offered", ("list of slots",)),
        ({"starts_at": monday(3).isoformat()}, "slot_not_offered", ("dentist's hours",)),
        (
            {"starts_at": "2027-03-08T09:00:00"},
            "validation_failed",
            ("must include a UTC offset, as in",),
        ),
        ({"starts_at": "tomorrow"}, "validation_failed", ("must be a date and time, as in",)),
        ({"colour": "red"}, "validation_failed", ("colour: unknown field; see /docs",)),
    ],
)
async def test_a_mistake_in_a_hold_says_what_to_do(stranger, wish, mistake, code, says):
    for operation in ("reserve", "create"):
        await stranger.refused(code, *says, by=operation, body=wish | mistake)


async def test_what_is_missing_is_named(stranger, wish):
    for name in wish:
        body = {field: value for field, value in wish.items() if field != name}
        await stranger.refused("validation_failed", f"{name}: is required", by="reserve", body=body)
    problem = await stranger.refused("validation_failed", "reservation_id", by="create", body={})
    assert problem["errors"][0]["field"] == "body"
    query = {"appointment_type": "cehckup"}
    types = "GET /api/appointment-types"
    await stranger.refused("validation_failed", types, by="search_slots", query=query)
    path = {"dentist_id": wish["dentist_id"]}
    await stranger.refused("not_found", types[4:], by="list_slots", query=query, **path)
    empty = {"Idempotency-Key": ""}
    says = "Idempotency-Key: "
    await stranger.refused("validation_failed", says, by="reserve", body=wish, headers=empty)


async def test_loser_of_a_slot_is_shown_alternatives(stranger, wish, as_):
    hold = await stranger.ask("reserve", wish, headers={"Idempotency-Key": "once"})
    another = wish | {"starts_at": monday(9).isoformat()}
    says = "send a new key"
    again = {"Idempotency-Key": "once"}
    await stranger.refused(
        "idempotency_key_reused", says, by="reserve", body=another, headers=again
    )
    ben = as_("patient", "ben")
    says = "choose one of the alternatives"
    problem = await stranger.refused("slot_unavailable", says, by="reserve", body=wish, headers=ben)
    assert len(problem["alternatives"]) == 3
    await stranger.refused("not_found", by="confirm", headers=ben, id=hold["id"])
    await stranger.ask("reserve", wish | {"starts_at": problem["alternatives"][0]["starts_at"]})
    await stranger.refused("hold_quota", "confirm or release one", by="reserve", body=another)


async def test_hold_has_a_deadline_and_booking_follows_the_table(stranger, wish, pool):
    hold = await stranger.ask("reserve", wish)
    move = {"starts_at": monday(9).isoformat()}
    says = "held; possible now: confirm, extend, release, edit, cancel"
    await stranger.refused("invalid_transition", says, by="update", body=move, id=hold["id"])
    await stranger.refused(
        "validation_failed",
        "differs from the reservation; leave it out, or send the same value",
        by="create",
        body={"reservation_id": hold["id"], "appointment_type": "cleaning"},
    )
    await overdue(pool, hold["id"])
    problem = await stranger.refused(
        "hold_expired", "hold a slot again", by="confirm", id=hold["id"]
    )
    assert wish["starts_at"] in [each["starts_at"] for each in problem["alternatives"]]

    booked = await stranger.ask("create", wish)
    says = "name at least one field"
    await stranger.refused("validation_failed", says, by="update", body={}, id=booked["id"])
    stale = {"If-Match": '"1"'}
    by = {"by": "update", "body": move, "id": booked["id"]}
    await stranger.refused("version_conflict", "load it again", headers=stale, **by)
    await stranger.ask("cancel", {}, id=booked["id"])
    says = "cancelled; possible now: nothing"
    await stranger.refused("invalid_transition", says, by="confirm", id=booked["id"])


async def test_missing_token_or_right_is_explained(stranger, wish):
    await stranger.refused("forbidden", "Not allowed for the role patient", by="list_resources")
    stranger.headers = {}
    says = "Authorization: Bearer"
    await stranger.refused("unauthenticated", says, by="reserve", body=wish)
    assert await stranger.ask("list_dentists")
