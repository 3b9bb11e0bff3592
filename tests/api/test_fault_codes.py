"""Each refused field has a stable code, by which programs and the web app choose their words."""

import json
from pathlib import Path
from typing import Any, get_args

import pytest

from api.http.faults import CODES
from api.http.wording import MESSAGES, PATTERN_CODES, PATTERN_MESSAGES, TYPES
from db.demo import CLINIC
from domain.timetable import Fault
from tests.support import AMARA

I18N = Path(__file__).parents[2] / "web" / "src" / "i18n"
HOURS = {"weekday": 1, "starts": "08:00", "ends": "12:00"}
MADE = {"clinic_id": str(CLINIC), "name": "New", "slug": "new", "duration_minutes": 30}

CASES: list[tuple[str, str, dict[str, Any], list[tuple[str, str]]]] = [
    ("POST", "/api/profiles", {}, [("full_name", "missing")]),
    ("POST", "/api/profiles", {"full_name": " "}, [("full_name", "no_letter")]),
    ("POST", "/api/profiles", {"full_name": ""}, [("full_name", "too_short")]),
    ("POST", "/api/profiles", {"full_name": "x" * 201}, [("full_name", "too_long")]),
    ("POST", "/api/profiles", {"full_name": "a\x00"}, [("full_name", "invalid_character")]),
    ("POST", "/api/profiles", {"full_name": 7}, [("full_name", "wrong_type")]),
    ("POST", "/api/profiles", {"full_name": None}, [("full_name", "wrong_type")]),
    ("POST", "/api/profiles", {"full_name": "A", "x": 1}, [("x", "unknown_field")]),
    ("POST", "/api/profiles", {"full_name": "A", "email": "a@"}, [("email", "invalid_email")]),
    ("POST", "/api/profiles", {"full_name": "A", "phone": "no"}, [("phone", "invalid_phone")]),
    ("POST", "/api/profiles", {"full_name": "A", "locale": "?"}, [("locale", "invalid_language")]),
    ("POST", "/api/profiles", {"full_name": "A", "role": "king"}, [("role", "not_one_of")]),
    ("POST", "/api/profiles", {"full_name": "A", "role": "dentist"}, [("body", "needed_for_role")]),
    ("POST", "/api/profiles", {"full_name": "A", "bio": "x"}, [("body", "not_for_role")]),
    ("POST", "/api/clinics", {"name": "A", "time_zone": "Mars"}, [("time_zone", "invalid_zone")]),
    ("POST", "/api/appointment-types", MADE | {"slug": "?"}, [("slug", "invalid_slug")]),
    (
        "POST",
        "/api/appointment-types",
        MADE | {"duration_minutes": 0},
        [("duration_minutes", "too_small")],
    ),
    (
        "POST",
        "/api/appointment-types",
        MADE | {"duration_minutes": 10**6},
        [("duration_minutes", "too_large")],
    ),
    ("POST", "/api/appointment-types", MADE | {"slug": "checkup"}, [("slug", "taken")]),
    (
        "PUT",
        f"/api/availability/{AMARA}",
        {"weekly": [HOURS, HOURS], "exceptions": []},
        [("weekly.1", "overlaps")],
    ),
    (
        "PUT",
        f"/api/availability/{AMARA}",
        {"weekly": [HOURS | {"ends": "08:00"}], "exceptions": []},
        [("weekly.0.ends", "same_as_start")],
    ),
    (
        "PUT",
        f"/api/availability/{AMARA}",
        {"weekly": [HOURS | {"ends": "25:00"}], "exceptions": []},
        [("weekly.0.ends", "invalid_time")],
    ),
    ("PUT", "/api/profiles/me", {}, [("body", "empty")]),
    ("GET", "/api/profiles?search=%2B", {}, [("search", "no_letter")]),
    ("GET", "/api/profiles?nobody=1", {}, [("nobody", "unknown_field")]),
]


@pytest.mark.parametrize(("method", "path", "body", "expected"), CASES)
async def test_a_refused_field_has_a_code(api, as_, method, path, body, expected):
    sent = {} if method == "GET" else {"json": body}
    answer = await api.request(method, path, headers=as_("admin"), **sent)
    errors = answer.json().get("errors", [])
    assert [(each["field"], each["code"]) for each in errors] == expected
    for each in errors:
        assert each.keys() - {"limit"} == {"field", "code", "message"}
        has_limit = each["code"] in ("too_short", "too_long", "too_small", "too_large")
        assert ("limit" in each) == has_limit


def test_each_kind_of_validation_error_has_a_code():
    assert TYPES.keys() >= MESSAGES.keys()
    assert PATTERN_CODES.keys() == PATTERN_MESSAGES.keys()
    assert set(TYPES.values()) | set(PATTERN_CODES.values()) <= set(CODES)
    assert set(get_args(Fault.__annotations__["code"])) <= set(CODES)


@pytest.mark.parametrize("language", ["en", "de"])
def test_the_web_app_has_words_for_each_code(language):
    words = json.loads((I18N / language / "errors.json").read_text())["fault"]
    assert {name.removesuffix("_one").removesuffix("_other") for name in words} == (
        set(CODES) - {"invalid"}
    )
