"""Names of any script are kept composed and found again; what does not show is refused."""

import unicodedata
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from api.http.body import Body
from domain.names import indexed, sought
from tests.api.test_openapi import _subclasses
from tests.api.test_strict import faults

PROFILES = "/api/profiles"
MULTI_LINE = {"notes", "note", "bio", "staff_notes", "cancel_note"}
EXACT = {"pattern", "format", "enum", "const"}
CONTROLS = ["\r", "\n", "\t", "\x00", "\x1b[31m", "\x7f", "\x85", "\u2028"]
BIDI = ["\u202e", "\u202d", "\u202a", "\u2066", "\u2067", "\u2069", "\u200f", "\u061c"]
UNSEEN = [
    *("\u200b", "\u2060", "\ufeff", "\u00ad", "\u180e", "\u034f", "\u206a", "\u206f", "\ufff9"),
    *("\ufffb", "\U000e0041", "\U000e007f", "\u2800", "\u3164", "\u115f", "\uffa0", "\u17b4"),
]


def _texts() -> list[tuple[type[Body], str]]:
    """Every field of a body that takes any text."""
    return [
        (body, name)
        for body in _subclasses(Body)
        for name, schema in body.model_json_schema().get("properties", {}).items()
        if any(
            given.get("type") == "string" and not EXACT & given.keys()
            for given in schema.get("anyOf", [schema])
        )
    ]


TEXTS = _texts()


def refused(body: type[Body], name: str, value: Any) -> bool:
    try:
        body.model_validate({name: value})
    except ValidationError as error:
        return any(fault["loc"][:1] == (name,) for fault in error.errors())
    return False


@pytest.mark.parametrize(("body", "name"), TEXTS, ids=lambda x: getattr(x, "__name__", x))
def test_controls_are_refused_in_every_text_and_line_ends_in_those_of_one_line(body, name):
    for bad in CONTROLS:
        many_lines = name in MULTI_LINE and bad in "\r\n\t\u2028"
        for text in (f"Ana{bad}Torres", f"Ana{bad}", f"{bad}Ana"):
            assert refused(body, name, text) is not many_lines, repr(bad)
    for bad in BIDI + UNSEEN:
        assert refused(body, name, f"Ana{bad}Torres") is (name not in MULTI_LINE), repr(bad)
    for good in ("Ana Torres-Vidal", "क्\u200dष", "\u0600\u0661", "葛\U000e0100城"):
        assert not refused(body, name, good)


@pytest.mark.parametrize(("body", "name"), TEXTS, ids=lambda x: getattr(x, "__name__", x))
def test_every_text_is_composed_on_its_way_in(body, name):
    parts = "Jo\u0308rg"
    if name == "topics":
        return
    given = body.model_validate({name: parts}) if _needs_only(body, name) else None
    if given is not None:
        assert getattr(given, name) == unicodedata.normalize("NFC", parts)


BLANKS = ["", " ", "   ", "\t", "\n", " \r\n ", "\u00a0", "\u3000", "\u2028", "\u200b", "\ufeff"]


@pytest.mark.parametrize(("body", "name"), TEXTS, ids=lambda x: getattr(x, "__name__", x))
def test_a_blank_text_is_null_where_it_can_be_empty_and_refused_elsewhere(body, name):
    taken = TypeAdapter(body.model_fields[name].rebuild_annotation())
    for blank in BLANKS:
        if name in body.CAN_BE_EMPTY:
            assert taken.validate_python(blank) is None, repr(blank)
        else:
            assert refused(body, name, blank), repr(blank)
    if name in body.CAN_BE_EMPTY:
        assert taken.validate_python(" as written ") == " as written "


def _needs_only(body: type[Body], name: str) -> bool:
    return all(not f.is_required() for field, f in body.model_fields.items() if field != name)


UNSEEN_NAMES = ["", " ", "\u200d", "\u00a0", "\u200b", "\u0301", "x" * 201, "\ufeff", "\u3164"]


async def test_invisible_name_is_refused(api, as_):
    for name in UNSEEN_NAMES:
        answer = await api.post(PROFILES, json={"full_name": name}, headers=as_("admin"))
        assert "full_name" in faults(answer), repr(name)


NO_ADDRESSES = [
    *("<b>ana</b>@example.org", "Ana <ana@example.org>", "ana@example.org<script>", "a@b"),
    *("ana@exa mple.org", "ana@@example.org", "ana.example.org", "@example.org", "ana@"),
    *('"<script>"@example.org', "ana@example.org\n", "ana@[127.0.0.1]", "a\u202e@example.org"),
    *("ana@-example.org", "ana..b@example.org", "ana@example..org"),
    *("javascript:alert(1)@example.org", "ana@example.org,eva@example.org", "ana@localhost"),
]


async def test_invalid_email_is_refused(api, as_):
    for email in NO_ADDRESSES:
        for path, method in ((PROFILES, "POST"), ("/api/profiles/me", "PUT")):
            body = {"full_name": "Ana", "email": email}
            answer = await api.request(method, path, json=body, headers=as_("admin"))
            assert "email" in faults(answer), email


async def test_international_email_is_accepted(api, as_):
    for email in (
        "ana@example.org",
        "o'brien+x@sub.example.co.uk",
        "jörg@müller.de",
        "用户@例子.广告",
    ):
        body = {"full_name": "Ana", "email": email}
        answer = await api.post(PROFILES, json=body, headers=as_("admin"))
        assert answer.status_code == 201, answer.text
        assert answer.json()["email"] == email


NO_PHONES = ["---", "(((", "+", "12", "1" * 18, "+49 30 x", "+49\n30 12", "\u0663" * 4]


async def test_invalid_phone_is_refused(api, as_):
    for phone in NO_PHONES:
        body = {"full_name": "Ana", "phone": phone}
        answer = await api.post(PROFILES, json=body, headers=as_("admin"))
        assert "phone" in faults(answer), phone


FOUND = {
    "अनिता शर्मा": ["अनिता शर्मा", "शर्मा", "अनि"],
    "Jörg Müller": ["jorg", "JÖRG", "Jo\u0308rg", "Muller jorg", "müll", "MU\u0308LLER"],
    "Zo\u0308e Strauß": ["Zöe", "strauss", "STRAUSS", "strauß"],
    "Seán O'Brien": ["o'brien", "O\u2019Brien", "obrien", "brien", "O\u00b4Brien", "sean o"],
    "Jean-Pierre Lefèvre": ["jean-pierre", "jean pierre", "pierre", "jeanpierre", "lefevre"],
    "Łukasz Żółć": ["lukasz", "zolc", "łukasz", "ŻÓŁĆ"],
    "Søren Ærø": ["soren", "aero", "SØREN"],
    "İbrahim I\u015f\u0131k": ["ibrahim", "isik", "IBRAHIM"],
    "Αλέξης Παπαδόπουλος": ["αλεξης", "ΠΑΠΑΔΟΠΟΥΛΟΣ", "παπαδόπουλος"],
    "Ёлкин Пётр": ["елкин", "ПЁТР", "петр"],
    "מֹשֶׁה כהן": ["משה", "כהן"],
    "محمّد علي": ["محمد", "علي"],
    "சுப்பிரமணியன்": ["சுப்பிரமணியன்", "சுப்பி"],
    "สมชาย ใจดี": ["สมชาย", "ใจดี"],
    "Nguyễn Thị Hồng": ["nguyen thi hong", "NGUYỄN", "hồng"],
    "田中 太郎": ["田中", "太郎", "太"],
    "김철수": ["김철수", "김"],
    "\ufb01ona \uff37ide": ["fiona", "wide"],
}
"""Searches by which each name must be found."""


async def test_people_are_found_by_words_of_any_script_whatever_case_and_accents(api, as_):
    admin = as_("admin")
    for name in FOUND:
        made = await api.post(PROFILES, json={"full_name": name}, headers=admin)
        assert made.json()["full_name"] == unicodedata.normalize("NFC", name)
    for name, searches in FOUND.items():
        for search in (name, unicodedata.normalize("NFD", name), name.upper(), *searches):
            answer = await api.get(PROFILES, params={"search": search}, headers=admin)
            found = [person["full_name"] for person in answer.json()["items"]]
            assert found == [unicodedata.normalize("NFC", name)], (name, search)


async def test_who_was_renamed_is_found_by_the_new_name_alone(api, as_):
    admin = as_("admin")
    made = (await api.post(PROFILES, json={"full_name": "Zoe Alt"}, headers=admin)).json()

    async def found(search: str) -> bool:
        answer = await api.get(PROFILES, params={"search": search}, headers=admin)
        return made["id"] in [person["id"] for person in answer.json()["items"]]

    path = f"{PROFILES}/{made['id']}"
    await api.put(path, json={"full_name": "Zoe Nouveau"}, headers=admin)
    assert [await found("alt"), await found("nouveau")] == [False, True]
    await api.put(path, json={"phone": "030 1234"}, headers=admin)
    assert [await found("zoe 1234"), await found("nouveau")] == [True, True]
    await api.post(f"{path}/erase", headers=admin)
    assert [await found("zoe"), await found("1234")] == [False, False]


NAMES = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=30)


@given(NAMES)
def test_any_name_is_found_by_each_of_its_prefixes(name):
    for form in ("NFC", "NFD", "NFKC"):
        words = indexed([unicodedata.normalize("NFC", name)])
        for word in sought(unicodedata.normalize(form, name)):
            assert any(each.startswith(word) for each in words), (form, word, words)


@given(NAMES)
def test_index_words_are_unique_and_have_no_query_syntax(name):
    words = indexed([name, name])
    assert all(one < other for one, other in pairwise(words))
    assert all(unicodedata.category(c)[0] in "LNM" for word in words for c in word)
