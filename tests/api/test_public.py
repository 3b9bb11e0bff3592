"""What a visitor sees before signing in: clinics, dentists, types and times, as a patient does."""

from pathlib import Path

import httpx2
import pytest

from api.app import create_app
from api.auth import development
from api.chatbot.tools import TOOLS
from db.demo import CLINIC
from services import slot_search
from settings import Settings
from tests.realtime.listening import until
from tests.support import AMARA, LENA, MATEO, counting, monday

DAY = f"date={monday(9).date()}"
OFFERS = f"appointment_type=checkup&{DAY}"
EXPLAIN = f"/api/availability/{AMARA}/explain?appointment_type=checkup&starts_at="
READS = (
    "/api/clinics",
    f"/api/clinics/{CLINIC}",
    f"{EXPLAIN}{monday(9).isoformat().replace('+', '%2B')}",
    "/api/profiles/dentists",
    f"/api/profiles/dentists/{AMARA}",
    "/api/appointment-types",
    "/api/appointment-types/{type}",
    f"/api/availability/slots?{OFFERS}",
    f"/api/availability/{AMARA}/slots?{OFFERS}&include=all",
)


FIND_SLOTS = "/api/chatbot/find_slots"
CHECKUP = {"appointment_type": "checkup"}


@pytest.fixture
async def type(pool) -> str:
    return str(await pool.fetchval("select id from appointment_types where slug = 'checkup'"))


@pytest.mark.parametrize("path", READS)
async def test_a_visitor_is_shown_what_a_patient_is_shown(api, settings, as_, path, type):
    path = path.format(type=type)
    patient = await api.get(path, headers=as_("patient", "ana"))
    over = development.token(settings, "patient", "ana", lifetime=-60)
    for headers in ({}, {"Authorization": f"Bearer {over}"}, {"Authorization": "Bearer x"}):
        visitor = await api.get(path, headers=headers)
        assert (visitor.status_code, visitor.json()) == (200, patient.json())


async def test_from_the_hold_on_a_token_is_needed(api, type):
    body = {"dentist_id": str(AMARA), "starts_at": monday(9).isoformat()}
    for method, path in (
        ("POST", "/api/availability/reserve"),
        ("POST", "/api/appointments"),
        ("POST", "/api/appointment-types"),
        *(("POST", f"/api/chatbot/{verb}") for verb in TOOLS if verb != "find_slots"),
        ("PUT", f"/api/appointment-types/{type}"),
        ("GET", f"/api/availability/{AMARA}"),
        ("GET", f"/api/clinics/{CLINIC}/exceptions"),
        ("GET", f"{EXPLAIN}2030-01-07T09:00:00Z&moving={type}"),
        ("GET", f"/api/availability/slots?{OFFERS}&moving={type}"),
        ("GET", f"/api/availability/{AMARA}/slots?{OFFERS}&moving={type}"),
        ("GET", "/api/events"),
        ("GET", "/api/events/log?topics=availability"),
    ):
        answer = await api.request(method, path, json=body if method == "POST" else None)
        assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated"), path


@pytest.mark.parametrize(
    ("asked", "status"), [(CHECKUP, 200), (CHECKUP | {"dentist": "Dr. Nobody"}, 409), ({}, 422)]
)
async def test_a_visitor_finds_times_in_a_conversation_as_a_patient_does(api, as_, asked, status):
    answers = [
        await api.post(FIND_SLOTS, json=asked | {"conversation_id": id}, headers=headers)
        for id, headers in (("one", {}), ("two", {}), ("three", as_("patient", "ana")))
    ]
    documents = [answer.json() for answer in answers]
    for document in documents:
        document.pop("request_id", None)
    assert [answer.status_code for answer in answers] == [status] * 3
    assert documents[0] == documents[1] == documents[2]


async def test_visitors_who_ask_a_bot_for_the_same_times_share_the_search(api, monkeypatch):
    hub = api._transport.app.state.app_state.hub
    await until(lambda: hub.health.connected)
    searches = counting(monkeypatch, slot_search, "free_starts")
    for id in ("one", "two"):
        answer = await api.post(FIND_SLOTS, json=CHECKUP | {"conversation_id": id})
        assert answer.json()["slots"]
    assert len(searches) == 1


async def test_a_wrong_token_of_a_bot_is_refused_also_where_none_is_needed(api, settings):
    over = development.token(settings, "agent", lifetime=-60)
    answer = await api.post(FIND_SLOTS, json=CHECKUP, headers={"Authorization": f"Bearer {over}"})
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")


async def test_a_visitor_is_told_of_a_clinic_what_is_needed_to_choose_it(api):
    [clinic] = (await api.get("/api/clinics")).json()
    assert set(clinic) == {"id", "name", "time_zone", "slot_grid_minutes", "version", "updated_at"}


async def test_explain_tells_a_visitor_nothing_of_anybody(api, pool, as_):
    """Another visit of Ana at that time, a closing's private reason and who booked stay private."""
    ana, at = as_("patient", "ana"), monday(9).isoformat()
    wish = {"appointment_type": "checkup", "starts_at": at}
    await api.post("/api/appointments", json=wish | {"dentist_id": str(LENA)}, headers=ana)
    path = EXPLAIN + at.replace("+", "%2B")
    assert (await api.get(path)).json()["offered"]
    await pool.execute(
        """insert into schedule_exceptions (clinic_id, resource_no, on_date, kind, reason)
           select clinic_id, resource_no, $2, 'closed', 'in hospital' from dentists
            where profile_id = $1""",
        MATEO,
        monday(9).date(),
    )
    other = path.replace(str(AMARA), str(MATEO))
    seen = await api.get(other)
    assert seen.json()["reasons"][0]["reason"] == "closed"
    assert "hospital" not in seen.text
    assert (await api.get(other, headers=as_("patient", "ben"))).json() == seen.json()
    assert "hospital" in (await api.get(other, headers=as_("admin"))).text


async def test_staff_with_a_token_are_shown_the_times_that_staff_may_book(api, pool, as_):
    await pool.execute("update appointment_types set lead_time = '30 days' where slug = 'checkup'")
    path = f"/api/availability/{AMARA}/slots?{OFFERS}"
    assert (await api.get(path)).json() == []
    assert (await api.get(path, headers=as_("admin"))).json()


async def test_an_account_that_was_stopped_is_a_visitor(api, pool, as_):
    staff = as_("dentist", "amara")
    await pool.execute("update appointment_types set lead_time = '30 days' where slug = 'checkup'")
    await pool.execute("update profiles set active = false where id = $1", AMARA)
    path = f"/api/availability/slots?{OFFERS}&limit=1"
    answer = await api.get(path, headers=staff)
    assert (answer.status_code, answer.json()["items"]) == (200, [])


async def test_visitors_share_an_answer_and_callers_see_their_own_changes(api, as_, monkeypatch):
    hub = api._transport.app.state.app_state.hub
    await until(lambda: hub.health.connected)  # its first look at the log ends what is shared
    searches = counting(monkeypatch, slot_search, "search")
    path = f"/api/availability/{AMARA}/slots?{OFFERS}"
    answers = [(await api.get(path)).content for _ in range(3)]
    assert (len(searches), len(set(answers))) == (1, 1)
    ana = as_("patient", "ana")
    first = (await api.get(path, headers=ana)).json()
    wish = {
        "dentist_id": str(AMARA),
        "starts_at": first[0]["starts_at"],
        "appointment_type": "checkup",
    }
    await api.post("/api/availability/reserve", json=wish, headers=ana)
    assert first[0] not in (await api.get(path, headers=ana)).json()


async def test_a_refused_request_of_a_visitor_is_not_remembered(api, pool):
    path = f"/api/availability/{AMARA}/slots?appointment_type=brand-new&{DAY}"
    assert (await api.get(path)).status_code == 404
    await pool.execute("update appointment_types set slug = 'brand-new' where slug = 'checkup'")
    assert (await api.get(path)).status_code == 200


async def test_visitors_are_counted_by_address_before_anything_is_searched(
    dsn: str, home: Path, type: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("TEMPORAL_ADDRESS", "127.0.0.1:1")
    searches = counting(monkeypatch, slot_search, "search")
    app = create_app(
        Settings(
            environment="development",
            database_url=dsn,
            metrics_port=0,
            chairtime_home=home,
            rate_limits=True,
            rate_limit_public=2,
            rate_limit_failures=1,
            _env_file=None,
        )
    )
    async with app.router.lifespan_context(app):
        for number, path in enumerate(READS):
            transport = httpx2.ASGITransport(app, client=(f"192.0.2.{number + 1}", 1))
            async with httpx2.AsyncClient(transport=transport, base_url="http://x") as visitor:
                url = path.format(type=type)
                seen = [(await visitor.get(url)).status_code for _ in range(2)]
                assert seen == [200, 200], path
                before = len(searches)
                late = await visitor.get(url)
                assert (late.status_code, late.json()["code"]) == (429, "rate_limited"), path
                assert len(searches) == before
                posts = [(await visitor.post(url.partition("?")[0])).status_code for _ in range(2)]
                assert posts[-1] == 429, "writing without a token counts as a failure"
        transport = httpx2.ASGITransport(app, client=("192.0.2.99", 1))
        async with httpx2.AsyncClient(transport=transport, base_url="http://x") as visitor:
            asked = [await visitor.post(FIND_SLOTS, json=CHECKUP) for _ in range(3)]
            assert [each.status_code for each in asked] == [200, 200, 429]
