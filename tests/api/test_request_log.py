"""One line per request, under which everything else about it is found."""

import pytest
from uuid_utils.compat import uuid7

from db.pool import Pool
from tests.observability.lines import Lines, written
from tests.support import AMARA, monday

RESERVE = "/api/availability/reserve"
PERSONAL = "Zyxwilda"


@pytest.fixture
def lines():
    with written() as lines:
        yield lines


async def reserve(api, headers, hour: int = 9):
    body = {
        "dentist_id": str(AMARA),
        "starts_at": monday(hour).isoformat(),
        "appointment_type": "checkup",
        "notes": PERSONAL,
    }
    return await api.post(RESERVE, json=body, headers=headers)


async def test_each_request_is_one_line_with_route_status_duration_and_role(api, as_, lines: Lines):
    held = await reserve(api, as_("patient", "ana"))
    id = held.json()["id"]
    await api.get(f"/api/appointments/{id}", headers=as_("patient", "ben"))
    await api.get("/api/profiles/dentists")
    await api.get("/api/appointments")
    await api.get(f"/{PERSONAL}?token={PERSONAL}")

    told = [
        (each["method"], each["route"], each["status"], each["role"]) for each in lines.requests
    ]
    assert told == [
        ("POST", RESERVE, 201, "patient"),
        ("GET", "/api/appointments/{id}", 404, "patient"),
        ("GET", "/api/profiles/dentists", 200, "none"),
        ("GET", "/api/appointments", 401, "none"),
        ("GET", "none", 404, "none"),
    ]
    assert all(each["ms"] >= 0 for each in lines.requests)
    assert PERSONAL not in lines.text


async def test_the_lines_of_a_booking_have_its_id_and_that_of_its_workflow(api, as_, lines: Lines):
    headers = as_("patient", "ana")
    id = (await reserve(api, headers)).json()["id"]
    await api.post(f"{RESERVE}/{id}/extend", headers=headers)
    await api.post(f"/api/appointments/{id}/confirm", headers=headers)
    await api.get(f"/api/appointments/{id}", headers=headers)
    await api.delete(f"/api/appointments/{id}", headers=headers)
    await api.get(f"/api/appointments/{PERSONAL}", headers=headers)

    *of_booking, malformed = lines.requests
    assert len(of_booking) == 5
    for line in of_booking:
        assert (line["booking_id"], line["workflow_id"]) == (id, f"booking-{id}")
    assert "booking_id" not in malformed


@pytest.mark.parametrize(
    ("method", "path", "code"),
    [
        ("GET", f"/api/appointments/{AMARA}", "not_found"),
        ("POST", RESERVE, "validation_failed"),
        ("GET", "/nowhere", "not_found"),
        ("PUT", RESERVE, "method_not_allowed"),
    ],
)
async def test_the_request_id_of_a_problem_is_found_in_the_log(
    api, as_, lines: Lines, method, path, code
):
    problem = (await api.request(method, path, headers=as_("patient", "ana"))).json()
    (line,) = lines.of(request_id=problem["request_id"])
    assert (line["code"], line["status"]) == (code, problem["status"])


async def test_a_request_id_of_the_caller_is_used_and_a_strange_one_is_replaced(
    api, as_, lines: Lines
):
    for given in ("mine-1", f"{PERSONAL} {PERSONAL}", "x" * 65):
        await api.get("/api/profiles/me", headers=as_("patient", "ana", **{"X-Request-ID": given}))
    assert [line["request_id"] == "mine-1" for line in lines.requests] == [True, False, False]
    assert PERSONAL not in lines.text


async def test_a_change_by_the_api_leaves_its_request_id_for_the_worker(api, as_, pool: Pool):
    headers = as_("patient", "ana")
    id = (await reserve(api, headers | {"X-Request-ID": "first"})).json()["id"]
    asked = "select request_id from workflow_inbox where appointment_id = $1"
    assert await pool.fetchval(asked, id) == "first"
    changes = [
        ("POST", f"{RESERVE}/{id}/extend", {}),
        ("POST", f"/api/appointments/{id}/confirm", {}),
        ("PUT", f"/api/appointments/{id}", {"starts_at": monday(11).isoformat()}),
        ("POST", f"/api/appointments/{id}/cancel", {}),
    ]
    for number, (method, path, body) in enumerate(changes):
        mine = headers | {"X-Request-ID": f"change-{number}"}
        answer = await api.request(method, path, headers=mine, json=body)
        assert answer.status_code == 200, answer.text
        assert await pool.fetchval(asked, id) == f"change-{number}"


async def test_an_outage_is_at_most_two_lines_beside_those_of_the_requests(
    api, as_, lines: Lines, monkeypatch
):
    headers = as_("patient", "ana")
    await api.get("/api/profiles/me", headers=headers)

    async def refused(*_: object) -> None:
        raise ConnectionRefusedError(PERSONAL)

    monkeypatch.setattr("asyncpg.pool.Pool._acquire", refused)
    path = f"/api/appointments/{uuid7()}"
    problems = [(await api.get(path, headers=headers)).json() for _ in range(20)]
    assert 1 <= len([line for line in lines.all if line["logger"] == "db.pool"]) <= 2
    for problem in problems:
        (line,) = [each for each in lines.requests if each["request_id"] == problem["request_id"]]
        assert (line["status"], line["code"]) == (503, "unavailable")
    assert PERSONAL not in lines.text
