"""Nothing that a caller sends is dropped in silence: walks over all operations of the document."""

import json
from itertools import product
from typing import Any, NamedTuple
from uuid import uuid4

import pytest

from api.app import ROUTE_MODULES
from api.http.strict import SINGLE_HEADERS, StrictRoute
from db.demo import CLINIC
from settings import CHECKOUT
from tests.support import AMARA, ANA, LENA, monday


class Operation(NamedTuple):
    method: str
    path: str
    parameters: dict[str, Any]
    """Of the query, each with its schema."""
    takes_body: bool

    @property
    def url(self) -> str:
        filled = self.path.replace("{no}", "1")
        for name in ("id", "clinic_id", "dentist_id", "agent_id", "delivery_id"):
            filled = filled.replace(f"{{{name}}}", str(uuid4()))
        return filled

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


def _operations() -> list[Operation]:
    document = json.loads((CHECKOUT / "openapi.json").read_text())
    return [
        Operation(
            method.upper(),
            path,
            {p["name"]: p["schema"] for p in told.get("parameters", ()) if p["in"] == "query"},
            "requestBody" in told,
        )
        for path, operations in document["paths"].items()
        for method, told in operations.items()
        if path.startswith("/api/")
    ]


FOR_PATIENTS = "/api/profiles/me/patients"
"""Routes that only patients may use."""

OPERATIONS = _operations()
BODILESS = [each for each in OPERATIONS if not each.takes_body]
SINGLE, LISTS = (
    [
        (operation, name)
        for operation in OPERATIONS
        for name, schema in operation.parameters.items()
        if (schema.get("type") == "array") is is_list
    ]
    for is_list in (False, True)
)


def faults(answer, asked: Operation | None = None) -> dict[str, str]:
    """The fields that an answer refuses, each with the words."""
    problem = answer.json()
    code = answer.status_code, problem["code"]
    assert code == (422, "validation_failed"), (str(asked), problem)
    assert answer.headers["content-type"] == "application/problem+json"
    return {error["field"]: error["message"] for error in problem["errors"]}


def test_each_route_for_programs_is_strict():
    for module in ROUTE_MODULES:
        for route in module.router.routes:
            strict = route.path.startswith(("/api/", "/mcp", "/.well-known/"))
            assert isinstance(route, StrictRoute) is strict, route.path


async def test_an_unknown_query_parameter_is_refused(api, as_):
    queries = ({"state": "cancelled"}, {"_method": "DELETE"}, {"": "x"}, {"LIMIT": "1"})
    for operation, query in product(OPERATIONS, queries):
        answer = await api.request(
            operation.method, operation.url, params=query, headers=as_("admin")
        )
        assert "unknown parameter" in faults(answer, operation)[next(iter(query))]


async def test_a_single_parameter_given_twice_is_refused(api, as_):
    for (operation, name), second in product(SINGLE, ("same", "other")):
        query = [(name, "same"), (name, second)]
        answer = await api.request(
            operation.method, operation.url, params=query, headers=as_("admin")
        )
        assert "more than once" in faults(answer, operation)[name]


def test_lists_are_lists_in_the_document():
    assert {name for _, name in LISTS} == {"status", "dentist_id", "topics"}


async def test_a_list_is_the_same_repeated_and_with_commas(api, as_):
    admin = as_("admin")
    for dentist, hour in ((AMARA, 9), (LENA, 10), (LENA, 11)):
        body = {
            "dentist_id": str(dentist),
            "patient_id": str(ANA),
            "starts_at": monday(hour).isoformat(),
            "appointment_type": "checkup",
        }
        path = "/api/availability/reserve" if hour == 11 else "/api/appointments"
        assert (await api.post(path, json=body, headers=admin)).status_code == 201

    async def listed(*query: tuple[str, str]) -> int:
        answer = await api.get("/api/appointments", params=query, headers=admin)
        return len(answer.json()["items"])

    one, other = ("dentist_id", str(AMARA)), ("dentist_id", str(LENA))
    both = ("dentist_id", f"{AMARA},{LENA}")
    assert [await listed(one), await listed(other)] == [1, 2]
    assert [await listed(one, other), await listed(both)] == [3, 3]
    held, booked = ("status", "held"), ("status", "booked")
    assert [await listed(held), await listed(booked)] == [1, 2]
    assert [await listed(held, booked), await listed(("status", "held,booked"))] == [3, 3]

    where = ("clinic_id", str(CLINIC)), ("appointment_type", "checkup"), ("days", "14")

    async def offered(*query: tuple[str, str]) -> set[str]:
        params = [*where, *query]
        answer = await api.get("/api/availability/slots", params=params, headers=admin)
        return {slot["dentist_id"] for slot in answer.json()["items"]}

    assert await offered(one, other) == await offered(both) == {str(AMARA), str(LENA)}


@pytest.mark.parametrize("path", ["/api/events", "/api/events/log"])
async def test_repeated_topics_are_all_read(api, as_, path):
    for query in (["availability", "nonsense"], ["nonsense", "profiles"], ["profiles,nonsense"]):
        params = [("topics", name) for name in query]
        assert (
            "nonsense" in faults(await api.get(path, params=params, headers=as_("admin")))["topics"]
        )


async def test_a_body_that_nobody_reads_is_refused(api, as_):
    headers = as_("admin", **{"Content-Type": "application/json"})
    for operation in BODILESS:

        async def send(content: bytes, to=operation):
            return await api.request(to.method, to.url, content=content, headers=headers)

        assert "no_such" in faults(await send(b'{"no_such": 1}'), operation)
        assert "body" in faults(await send(b"[]"), operation)
        broken = await send(b"{")
        code = broken.status_code, broken.json()["code"]
        assert code == (400, "validation_failed"), str(operation)


@pytest.mark.parametrize("operation", [each for each in BODILESS if each.method != "GET"], ids=str)
async def test_a_body_that_says_nothing_is_taken_where_none_is_read(api, as_, operation):
    for content in (b"", b"{}", b" \n"):
        headers = as_("admin", **{"Content-Type": "application/json"})
        answer = await api.request(
            operation.method, operation.url, content=content, headers=headers
        )
        assert answer.status_code in (204, 403, 404)


async def test_an_unknown_field_of_a_body_is_refused(api, as_):
    for operation in OPERATIONS:
        if operation.takes_body:
            role = "patient" if operation.path.startswith(FOR_PATIENTS) else "admin"
            answer = await api.request(
                operation.method, operation.url, json={"no_such": 1}, headers=as_(role)
            )
            assert "unknown field" in faults(answer, operation)["no_such"]


@pytest.mark.parametrize(
    ("content", "field"),
    [
        (b'{"notes": "a", "notes": "b"}', "notes"),
        (b'{"a": {"b": 1, "c": 2, "b": 1}}', "b"),
        (b'{"notes": NaN}', "body"),
        (b'{"notes": -Infinity}', "body"),
    ],
)
async def test_json_that_can_be_read_in_two_ways_is_refused(api, as_, content, field):
    headers = as_("admin", **{"Content-Type": "application/json"})
    for operation in OPERATIONS:
        if operation.method != "GET":
            answer = await api.request(
                operation.method, operation.url, content=content, headers=headers
            )
            assert field in faults(answer, operation)


@pytest.mark.parametrize("number", ["1" * 5000, "1e999", "-0", "1" * 30, "1.5"])
async def test_number_out_of_range_is_refused(api, as_, number):
    headers = as_("admin", **{"Content-Type": "application/json"})
    content = f'{{"name": "C", "time_zone": "UTC", "slot_grid_minutes": {number}}}'.encode()
    answer = await api.post("/api/clinics", content=content, headers=headers)
    assert answer.status_code in (400, 422)
    query = {"limit": number}
    assert "limit" in faults(await api.get("/api/appointments", params=query, headers=headers))


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "", "a/b"])
async def test_a_body_of_another_type_is_refused(api, as_, kind):
    headers = as_("admin", **{"Content-Type": kind})
    answer = await api.post("/api/clinics", content=b'{"name": "C"}', headers=headers)
    assert "Content-Type: application/json" in faults(answer)["body"]


@pytest.mark.parametrize("name", SINGLE_HEADERS)
async def test_repeated_single_value_header_is_refused(api, as_, name):
    sent = [*as_("admin").items(), (name, "one"), (name, "two")]
    answer = await api.post(f"/api/appointments/{uuid4()}/confirm", headers=sent)
    assert "more than once" in faults(answer)[name]


async def test_a_header_does_not_change_the_method(api, as_):
    headers = as_("admin", **{"X-HTTP-Method-Override": "DELETE", "X-Method-Override": "PUT"})
    answer = await api.get("/api/appointments", headers=headers)
    assert "items" in answer.json()
