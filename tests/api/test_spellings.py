"""What a caller writes is read as it is written; where that cannot be, the answer says in plain
words what to write.
"""

import gzip
import json
import re
from collections.abc import Iterator
from itertools import product
from typing import Any

import pytest

from api.http.wording import MESSAGES, PATTERN_MESSAGES
from db.demo import CLINIC
from settings import CHECKOUT
from tests.api.test_strict import OPERATIONS, Operation, faults
from tests.support import AMARA

CLINICS = "/api/clinics"
JSON = {"Content-Type": "application/json"}
CLINIC_BODY = '{"name": "Jörg", "time_zone": "UTC"}'
BODIES = [each for each in OPERATIONS if each.method != "GET"]
INTEGERS = [
    (operation, name)
    for operation in OPERATIONS
    for name, schema in operation.parameters.items()
    if schema.get("type") == "integer"
]
DATES = [
    (operation, name)
    for operation in OPERATIONS
    for name, schema in operation.parameters.items()
    if "date" in {each.get("format") for each in schema.get("anyOf", [schema])}
]

UNREADABLE = {
    "latin-1": (CLINIC_BODY.encode("latin-1"), "UTF-8"),
    "utf-16": (CLINIC_BODY.encode("utf-16"), "UTF-8"),
    "gzip": (gzip.compress(CLINIC_BODY.encode()), "UTF-8"),
    "deep list": (b"[" * 30_000, "deep"),
    "deep object": (b'{"a":' * 10_000 + b"1" + b"}" * 10_000, "deep"),
    "a long number": (b'{"slot_grid_minutes": ' + b"1" * 5_000 + b"}", "digits"),
    "a quote that is none": (b"{'name': 1}", "character 1"),
    "blank": (b"  ", "character 2"),
    "two objects": (b"{}{}", "character 2"),
    "a NUL at the end": (b"{}\x00", "character 2"),
}


async def send(api, headers, operation: Operation, url: str | None = None, **parts):
    return await api.request(operation.method, url or operation.url, headers=headers, **parts)


def plain(message: str) -> bool:
    """Whether it is in our words: neither the validator's, nor Python's."""
    return not re.search(
        r"Input should|Value error|validation|<[A-Z]|Expecting|String should", message
    )


@pytest.mark.parametrize("case", UNREADABLE)
async def test_a_body_that_cannot_be_read_is_refused_and_says_why(api, as_, case):
    content, why = UNREADABLE[case]
    headers = as_("admin") | JSON
    for operation in BODIES:
        if case == "blank" and not operation.takes_body:
            continue
        answer = await send(api, headers, operation, content=content)
        problem = answer.json()
        assert (answer.status_code, problem["code"]) == (400, "validation_failed"), operation
        [error] = problem["errors"]
        assert (error["field"], why in error["message"]) == ("body", True), operation
        assert plain(problem["detail"])


async def test_a_body_begins_with_a_byte_order_mark_or_without(api, as_):
    for content in (CLINIC_BODY.encode(), CLINIC_BODY.encode("utf-8-sig")):
        answer = await api.post(CLINICS, content=content, headers=as_("admin") | JSON)
        assert (answer.status_code, answer.json()["name"]) == (201, "Jörg")


async def test_a_packed_body_is_refused(api, as_):
    headers = as_("admin") | JSON | {"Content-Encoding": "gzip"}
    answer = await api.post(CLINICS, content=gzip.compress(b"{}"), headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")
    assert "Content-Encoding gzip" in answer.json()["detail"]


async def test_a_number_in_a_query_is_written_in_digits_alone(api, as_):
    admin = as_("admin")
    for operation, name in INTEGERS:
        for text in ("1_0", "+1", " 1", "1.0", "1e1", "\u0663", "", "true", "0x1"):
            answer = await send(api, admin, operation, params={name: text})
            assert "whole number" in faults(answer)[name], (operation, text)


async def test_a_number_in_a_path_is_written_in_digits_alone(api, as_):
    for number in ("1_0", "1.0", "%201", "+1", "1e0", "true"):
        assert "no" in faults(await api.get(f"/api/resources/{number}", headers=as_("admin")))


NO_DATES = [
    "2027-01-01T00:00:00Z",
    "2027-01-01T00:00:00+10:00",
    "20270101",
    "2027-1-1",
    "today",
    "",
]


async def test_instant_instead_of_date_is_refused_in_a_query(api, as_):
    for operation, name in DATES:
        for text in NO_DATES:
            answer = await send(api, as_("admin"), operation, params={name: text})
            assert "as in 2027-03-08" in faults(answer)[name], (operation, text)


async def test_instant_instead_of_date_is_refused_in_a_schedule(api, as_):
    window = {"weekday": 0, "starts": "08:00", "ends": "12:00"}
    fields = ("valid_from", "valid_to", "on_date")
    for field, date in product(fields, [*NO_DATES, 0, 1.5, True, []]):
        weekly = [] if field == "on_date" else [window | {field: date}]
        exceptions = [{"kind": "closed", "on_date": date}] if field == "on_date" else []
        body = {"weekly": weekly, "exceptions": exceptions}
        answer = await api.put(f"/api/availability/{AMARA}", json=body, headers=as_("admin"))
        [message] = faults(answer).values()
        assert "as in 2027-03-08" in message


async def test_a_line_end_after_a_path_is_no_part_of_it(api, as_):
    for operation in OPERATIONS:
        answer = await send(api, as_("admin"), operation, operation.url + "%0A")
        assert answer.status_code == 404, operation


async def test_a_stream_allows_get_alone(api, as_):
    paths = ("/api/events", f"/api/appointments/{AMARA}/events")
    for path, method in product(paths, ("HEAD", "POST", "DELETE", "PATCH", "OPTIONS", "TRACE")):
        answer = await api.request(method, path, headers=as_("admin"))
        assert (answer.status_code, answer.headers["Allow"]) == (405, "GET"), method


async def test_a_list_of_etags_has_empty_entries_and_tags_of_any_octets(api, as_):
    for tags, status in {
        b'"1",': 200,
        b', ,"2"': 200,
        b'"x" , , "3" ,': 200,
        b'"\xe9"': 412,
        b'"\xe9", "4"': 200,
        b",": 422,
        b'"1" "2"': 422,
    }.items():
        headers = [*as_("admin").items(), (b"If-Match", tags)]
        sent = [
            (n.encode() if isinstance(n, str) else n, v if isinstance(v, bytes) else v.encode())
            for n, v in headers
        ]
        answer = await api.put(f"/api/clinics/{CLINIC}", json={"name": "A"}, headers=sent)
        assert answer.status_code == status, (tags, answer.text)


async def test_a_search_without_a_word_is_refused_and_every_word_counts(api, as_):
    admin = as_("admin")

    async def search(text: str):
        return await api.get("/api/profiles", params={"search": text}, headers=admin)

    for text in ("'", "%", "*", "\x00", "\U0001f600", "\ufffd", "--", "&|!"):
        assert "letter" in faults(await search(text))["search"], text
    for text in ("", "  "):
        assert len((await search(text)).json()["items"]) > 1
    name = "Ana Bea Cleo Dora Eva Fay Gil Hana Ida"
    made = await api.post("/api/profiles", json={"full_name": name}, headers=admin)
    assert [each["id"] for each in (await search(name)).json()["items"]] == [made.json()["id"]]
    assert (await search(f"{name} Zoe")).json()["items"] == []


WRONG: list[Any] = ["", "\ud800", "x" * 5000, 7, 1.5, -1, 10**30, True, None, [], {}, ["x"]]
WRONG_TEXTS = ["", "x", "-1", "0", "9" * 30, "x" * 2000, "\x00", "ADMIN", "null"]


def _wrong_bodies(operation: Operation) -> dict[str, Any]:
    document = json.loads((CHECKOUT / "openapi.json").read_text())
    told = document["paths"][operation.path][operation.method.lower()]["requestBody"]
    schema = told["content"]["application/json"]["schema"]
    if "properties" in schema:
        return schema["properties"]
    named = [each.get("$ref") for each in schema.get("anyOf", [schema])]
    name = next(each for each in named if each).rpartition("/")[2]
    return document["components"]["schemas"][name]["properties"]


async def test_each_wrong_value_of_a_body_is_answered_in_plain_words(api, as_):
    headers = as_("admin") | JSON
    for operation in (each for each in OPERATIONS if each.takes_body):
        for field, value in product(_wrong_bodies(operation), WRONG):
            content = json.dumps({field: value})
            answer = await send(api, headers, operation, content=content)
            assert answer.status_code < 500, (operation, content)
            for error in answer.json().get("errors", []):
                assert plain(error["message"]), (operation, content, error)


async def test_each_wrong_value_of_a_query_is_answered_in_plain_words(api, as_):
    admin = as_("admin")
    for operation in (each for each in OPERATIONS if not each.path.endswith("/events")):
        for name, text in product(operation.parameters, WRONG_TEXTS):
            answer = await send(api, admin, operation, params={name: text})
            assert answer.status_code < 500, (operation, name, text)
            if answer.status_code == 422:
                for message in faults(answer).values():
                    assert plain(message), (operation, name, text, message)


def test_each_pattern_of_a_field_has_its_words():
    document = json.loads((CHECKOUT / "openapi.json").read_text())
    del document["webhooks"]  # what we send
    patterns = {
        schema["pattern"]
        for schema in _schemas(document)
        if "W/" not in schema["pattern"]  # those of If-Match, which has words of its own
    }
    assert patterns == set(PATTERN_MESSAGES)


def _schemas(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        if isinstance(node.get("pattern"), str):
            yield node
        for each in node.values():
            yield from _schemas(each)
    if isinstance(node, list):
        for each in node:
            yield from _schemas(each)


async def test_no_message_has_unfilled_placeholders(api, as_):
    body = {"name": "", "time_zone": "x" * 65, "slot_grid_minutes": 0}
    told = faults(await api.post(CLINICS, json=body, headers=as_("admin")))
    assert told == {
        "name": "must have at least 1 characters",
        "time_zone": "must have at most 64 characters",
        "slot_grid_minutes": "must be 1 or more",
    }
    assert all(message for message in MESSAGES.values())
