"""Bad input gets a clear problem+json of the right status, and leaves nothing behind."""

import json
import time

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from uuid_utils.compat import uuid7

from api.auth import development
from tests.support import AMARA, monday

RESERVE = "/api/availability/reserve"
GOOD = {"dentist_id": str(AMARA), "appointment_type": "checkup"}


def at(hour: int, minute: int = 0) -> str:
    return monday(hour, minute).isoformat()


@pytest.mark.parametrize(
    ("body", "status", "code", "extra"),
    [
        ({"starts_at": "2027-01-04T09:00:00"}, 422, "validation_failed", {}),
        ({"starts_at": "0001-01-01T00:00:00+14:00"}, 422, "validation_failed", {}),
        ({"starts_at": "9999-12-31T23:59:00-12:00"}, 422, "validation_failed", {}),
        ({"starts_at": "yesterday"}, 422, "validation_failed", {}),
        ({"starts_at": 1_800_000_000}, 422, "validation_failed", {}),
        ({"starts_at": "1800000000"}, 422, "validation_failed", {}),
        ({}, 422, "validation_failed", {}),
        ({"starts_at": at(9), "status": "booked"}, 422, "validation_failed", {}),
        ({"starts_at": at(9), "dentist_id": "amara"}, 422, "validation_failed", {}),
        ({"starts_at": at(9), "dentist_id": str(uuid7())}, 422, "validation_failed", {}),
        ({"starts_at": at(9), "appointment_type": "surgery"}, 422, "validation_failed", {}),
        ({"starts_at": at(9), "appointment_type": "a\x00b"}, 422, "validation_failed", {}),
        ({"starts_at": at(9), "notes": "a\x00b"}, 422, "validation_failed", {}),
        ({"starts_at": at(9), "notes": "x" * 2001}, 422, "validation_failed", {}),
        ({"starts_at": "2020-01-06T09:00:00Z"}, 409, "slot_not_offered", {"reason": "past"}),
        ({"starts_at": "2199-01-07T09:00:00Z"}, 409, "slot_not_offered", {"reason": "horizon"}),
        ({"starts_at": at(9, 7)}, 409, "slot_not_offered", {"reason": "off_grid"}),
        ({"starts_at": at(12)}, 409, "slot_not_offered", {"reason": "outside_hours"}),
        ({"starts_at": at(3)}, 409, "slot_not_offered", {"reason": "outside_hours"}),
    ],
)
async def test_a_wrong_request_is_explained(api, as_, pool, body, status, code, extra):
    answer = await api.post(RESERVE, json=GOOD | body, headers=as_("patient", "ana"))
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (status, code)
    assert answer.headers["content-type"] == "application/problem+json"
    assert problem.items() >= extra.items()
    assert {"type", "title", "status", "detail", "instance", "request_id"} <= set(problem)
    if code == "validation_failed":
        assert problem["errors"]
    assert await pool.fetchval("select count(*) from appointments") == 0


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b"{", 400),
        (b"\xff\xfe{}", 400),
        (b"[" * 100_000, 413),
        (b'{"a": ' + b"[" * 30_000 + b"]" * 30_000 + b"}", 400),
        (b'"text"', 422),
        (b'{"\\ud800": 1}', 422),
        (b"", 422),
        (json.dumps(GOOD | {"notes": "x" * 70_000}).encode(), 413),
    ],
)
async def test_a_body_that_is_no_json_or_too_large_is_refused(api, as_, content, status):
    headers = as_("patient", "ana", **{"Content-Type": "application/json"})
    answer = await api.post(RESERVE, content=content, headers=headers)
    assert answer.status_code == status
    assert answer.json()["code"] in ("validation_failed", "payload_too_large")


@pytest.mark.parametrize("key", ["", "k" * 256])
async def test_a_key_has_1_to_255_characters(api, as_, key):
    headers = as_("patient", "ana", **{"Idempotency-Key": key})
    answer = await api.post(RESERVE, json=GOOD | {"starts_at": at(9)}, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (422, "validation_failed")


@pytest.mark.parametrize("wrong", [{"duration_minutes": True}, {"duration_minutes": "30"}])
@pytest.mark.parametrize("also", [{}, {"bookable_online": 0}, {"bookable_online": "yes"}])
async def test_values_are_not_coerced_from_other_types(api, as_, wrong, also):
    listed = (await api.get("/api/appointment-types", headers=as_("admin"))).json()
    for body in (wrong, also or wrong):
        answer = await api.put(
            f"/api/appointment-types/{listed[0]['id']}", json=body, headers=as_("admin")
        )
        assert (answer.status_code, answer.json()["code"]) == (422, "validation_failed")


async def test_a_problem_names_the_path_as_it_was_asked_for(api):
    answer = await api.get("/api/appointments/%3Fa%23b%0A")
    assert answer.json()["instance"] == "/api/appointments/%3Fa%23b%0A"


async def test_unknown_paths_and_methods_are_problems_too(api, as_):
    missing = await api.get("/api/nowhere")
    assert (missing.status_code, missing.json()["code"]) == (404, "not_found")
    wrong = await api.patch("/api/appointments", headers=as_("patient"))
    assert (wrong.status_code, wrong.json()["code"]) == (405, "method_not_allowed")
    assert wrong.headers["allow"] == "GET, HEAD, POST"


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", "/api/profiles/dentists", "GET, HEAD"),
        ("DELETE", "/api/profiles/me", "GET, HEAD, PUT"),
        ("PUT", "/api/availability/slots", "GET, HEAD"),
        ("PUT", "/api/availability/reserve", "POST"),
        ("GET", "/api/availability/reserve", "POST"),
    ],
)
async def test_path_segment_is_not_taken_for_an_id(api, method, path, allowed):
    wrong = await api.request(method, path, json={})
    assert (wrong.status_code, wrong.json()["code"]) == (405, "method_not_allowed")
    assert wrong.headers["allow"] == allowed


async def test_invalid_id_and_cursor_are_refused(api, as_):
    ana = as_("patient", "ana")
    assert (await api.get("/api/appointments/7", headers=ana)).status_code == 422
    for cursor in ("x", "!!", "bm90IGEgY3Vyc29y", "MjAyNy0wMS0wMXxuZXZlcg=="):
        answer = await api.get("/api/appointments", params={"cursor": cursor}, headers=ana)
        assert (answer.status_code, answer.json()["code"]) == (422, "validation_failed")


def forged(settings, **claims) -> str:
    now = int(time.time())
    good = {
        "iss": development.ISSUER,
        "aud": development.AUDIENCE,
        "sub": str(uuid7()),
        "iat": now,
        "exp": now + 60,
        "app_metadata": {"role": "admin"},
    }
    key = development.private_key(settings.development_key)
    return jwt.encode({k: v for k, v in (good | claims).items() if v is not None}, key, "ES256")


async def test_invalid_token_reveals_nothing(api, as_, settings):
    public = development.private_key(settings.development_key).public_key()
    other = ec.generate_private_key(ec.SECP256R1())
    tokens = [
        "",
        "nonsense",
        "a.b.c",
        "x" * 9000,
        forged(settings, exp=int(time.time()) - 60),
        forged(settings, exp=None),
        forged(settings, sub="admin"),
        forged(settings, sub=None),
        forged(settings, iss="https://elsewhere"),
        forged(settings, aud="anon"),
        forged(settings, app_metadata={"role": "system"}),
        forged(settings, app_metadata={"role": "clinic"}),
        forged(settings, app_metadata="admin"),
        development.sign(other, uuid7(), "admin", 60),
        jwt.encode({"sub": str(uuid7())}, "", algorithm="none"),
        jwt.encode({"sub": str(uuid7())}, str(public.public_numbers().x).encode(), "HS256"),
        development.token(settings, "admin")[:-4] + "AAAA",
    ]
    for token in tokens:
        answer = await api.get("/api/appointments", headers={"Authorization": f"Bearer {token}"})
        assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated"), token
        assert answer.headers["www-authenticate"] == "Bearer"
    assert (await api.get("/api/appointments")).status_code == 401


async def test_the_role_is_never_taken_from_what_a_user_can_edit(api, settings):
    token = forged(settings, app_metadata={}, user_metadata={"role": "admin"}, role="admin")
    answer = await api.get("/api/appointments", headers={"Authorization": f"Bearer {token}"})
    assert answer.json()["items"] == []
    refused = await api.post(
        RESERVE,
        json=GOOD | {"starts_at": at(9), "patient_id": str(uuid7())},
        headers={"Authorization": f"Bearer {token}"},
    )
    assert refused.status_code == 403


async def test_only_development_has_a_local_issuer(settings):
    from api.auth.security import Verifier

    with pytest.raises(RuntimeError, match="issuer"):
        Verifier.of(settings.model_copy(update={"environment": "production"}))


async def test_a_request_id_is_echoed_or_made(api):
    given = await api.get("/livez", headers={"X-Request-ID": "abc-1"})
    assert given.headers["X-Request-ID"] == "abc-1"
    bad = await api.get("/livez", headers={"X-Request-ID": "a b\tc"})
    assert bad.headers["X-Request-ID"] != "a b\tc"
