"""`If-Match` as RFC 9110 has it, on every route that takes it; HEAD; and preflights."""

import json

import httpx2
import pytest

from api.app import create_app
from db.demo import CLINIC
from settings import CHECKOUT, Settings
from tests.support import AMARA, ANA, monday

PAGE = "https://app.example"
DOCUMENT = json.loads((CHECKOUT / "openapi.json").read_text())
WEEK = [{"weekday": 0, "starts": "08:00", "ends": "12:00"}]
EDITS = {
    "update": ("/api/appointments/{booking}", {"notes": "x"}),
    "update_me": ("/api/profiles/me", {"locale": "de"}),
    "update_profile": (f"/api/profiles/{ANA}", {"locale": "de"}),
    "update_clinic": (f"/api/clinics/{CLINIC}", {"slot_grid_minutes": 15}),
    "update_type": ("/api/appointment-types/{type}", {"horizon_days": 90}),
    "update_resource": ("/api/resources/{chair}", {"active": True}),
    "update_webhook": ("/api/webhooks/{webhook}", {"description": "x"}),
    "replace_schedule": (f"/api/availability/{AMARA}", {"weekly": WEEK, "exceptions": []}),
    "replace_clinic_exceptions": (f"/api/clinics/{CLINIC}/exceptions", {"exceptions": []}),
}
"""Every route that edits by PUT, with a change that is always taken."""


def test_all_conditional_routes_are_covered():
    editing = {
        operation["operationId"]
        for path in DOCUMENT["paths"].values()
        for method, operation in path.items()
        if method == "put" and any(p["name"] == "If-Match" for p in operation["parameters"])
    }
    assert editing == set(EDITS)


async def booked(api, headers, hour: int = 9) -> str:
    body = {
        "dentist_id": str(AMARA),
        "patient_id": str(ANA),
        "starts_at": monday(hour).isoformat(),
        "appointment_type": "consultation",
    }
    answer = await api.post("/api/appointments", json=body, headers=headers)
    assert answer.status_code == 201, answer.text
    return answer.json()["id"]


@pytest.fixture
async def edit(api, as_, request):
    """Sends an edit under `If-Match` headers, and returns the answer."""
    admin = as_("admin")
    path, body = EDITS[request.param]
    names = {}
    if "{booking}" in path:
        names["booking"] = await booked(api, admin)
    if "{type}" in path:
        names["type"] = (await api.get("/api/appointment-types", headers=admin)).json()[0]["id"]
    if "{chair}" in path:
        chairs = await api.get("/api/resources?kind=chair", headers=admin)
        names["chair"] = chairs.json()[0]["no"]
    if "{webhook}" in path:
        endpoint = {"url": "https://bot.example", "topics": ["availability"]}
        made = await api.post("/api/webhooks", json=endpoint, headers=admin)
        names["webhook"] = made.json()["id"]
    path = path.format(**names)

    async def send(*tags: str):
        headers = [*admin.items(), *(("If-Match", tag) for tag in tags)]
        now = int((await api.get(path, headers=admin)).headers["ETag"].strip('"'))
        headers = [(name, value.replace("NOW", str(now))) for name, value in headers]
        return await api.put(path, json=body, headers=headers)

    return send


@pytest.mark.parametrize("edit", EDITS, indirect=True)
async def test_change_needs_a_matching_strong_etag(edit):
    for tags in ('"NOW"', "NOW", "*", '"99", "NOW"', 'W/"NOW", "NOW"', '"a,b","NOW"'):
        answer = await edit(tags)
        assert answer.status_code == 200, (tags, answer.text)
    assert (await edit('"99"', '"NOW"')).status_code == 200
    for tags in ('W/"NOW"', '"99"', '"99", "98"', '"0NOW"', '"x"', '""', 'W/"x", W/"NOW"'):
        answer = await edit(tags)
        assert (answer.status_code, answer.json()["code"]) == (412, "version_conflict"), tags
    for tags in ('w/"NOW"', '"NOW', 'NOW"', "x", '"NOW" "98"', '*, "NOW"', "-1", ""):
        answer = await edit(tags)
        assert (answer.status_code, answer.json()["code"]) == (422, "validation_failed"), tags


async def test_verb_needs_a_matching_strong_etag(api, as_):
    admin = as_("admin")
    path = f"/api/appointments/{await booked(api, admin)}"
    for tag in ('W/"2"', '"1", "9"', '"x"'):
        for method, verb in (("POST", "/cancel"), ("DELETE", ""), ("POST", "/check-in")):
            answer = await api.request(method, path + verb, headers=admin | {"If-Match": tag})
            assert (answer.status_code, answer.json()["code"]) == (412, "version_conflict"), verb
    done = await api.post(f"{path}/cancel", headers=admin | {"If-Match": '"1", "2"'})
    assert done.json()["status"] == "cancelled"


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/health", "/version", "/docs"])
async def test_head_answers_like_get_without_a_body(api, path):
    got, headed = await api.get(path), await api.head(path)
    assert (headed.status_code, headed.content) == (got.status_code, b"")
    for name in ("content-type", "content-length"):
        assert headed.headers[name] == got.headers[name]


async def test_head_works_on_every_route_that_can_be_read(api, as_):
    booking = await booked(api, as_("admin"))
    ids = {"id": booking, "clinic_id": str(CLINIC), "dentist_id": str(AMARA), "no": "1"}
    for template, operations in DOCUMENT["paths"].items():
        path = template.format(**ids) if "get" in operations else template
        headers = as_("admin")
        if "get" not in operations:
            assert (await api.head(path, headers=headers)).status_code == 405, template
        elif template.endswith("/events"):
            assert (await api.head(path, headers=headers)).status_code == 405, template
        else:
            got = await api.get(path, headers=headers)
            headed = await api.head(path, headers=headers)
            assert (headed.status_code, headed.content) == (got.status_code, b""), template
            assert headed.headers.get("content-type") == got.headers.get("content-type")


async def test_no_response_echoes_the_host_header(api, as_):
    ids = {"id": str(ANA), "clinic_id": str(CLINIC), "dentist_id": str(AMARA), "no": "1"}
    ids |= dict.fromkeys(("agent_id", "patient_id", "delivery_id"), ids["id"])
    for name in ("Host", "X-Forwarded-Host", "Forwarded"):
        headers = as_("admin", **{name: "evil.example"})
        for template, operations in DOCUMENT["paths"].items():
            for method in operations:
                if template.endswith("/events"):
                    continue
                for end in ("", "/", "//", "?x=1"):
                    path = template.format(**ids) + end
                    answer = await api.request(method, path, headers=headers)
                    assert not answer.is_redirect, path
                    assert "evil.example" not in f"{answer.headers} {answer.text}", path
        for path in ("/docs", "/docs/", "/docs/assets", "/docs/assets/", "/openapi.json", "//evil"):
            answer = await api.get(path, headers=headers)
            assert "evil.example" not in f"{answer.headers} {answer.text}", path


@pytest.mark.parametrize("end", ["/", "//"])
async def test_trailing_slash_is_404(api, as_, end):
    for template in ("/api/appointments", "/api/profiles/me", "/health"):
        answer = await api.get(template + end, headers=as_("admin"))
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


@pytest.fixture
def page(settings: Settings) -> httpx2.AsyncClient:
    """A page of another origin that is listed."""
    app = create_app(settings.model_copy(update={"cors_origins": (PAGE,)}))
    transport = httpx2.ASGITransport(app)
    return httpx2.AsyncClient(transport=transport, base_url="http://chairtime")


@pytest.mark.parametrize("name", ["Cache-Control", "Last-Event-ID", "Accept", "pragma"])
async def test_cors_allows_the_headers_of_event_streams(page, name):
    asked = {
        "Origin": PAGE,
        "Access-Control-Request-Method": "GET",
        "Access-Control-Request-Headers": name,
    }
    answer = await page.options("/api/events", headers=asked)
    assert answer.status_code == 200
    assert name.lower() in answer.headers["Access-Control-Allow-Headers"].lower()


@pytest.mark.parametrize(
    "asked",
    [
        {"Access-Control-Request-Headers": "X-Evil"},
        {"Access-Control-Request-Method": "PATCH"},
        {"Origin": "https://evil.example"},
        {"Access-Control-Request-Headers": "X-Evil", "Access-Control-Request-Method": "TRACE"},
    ],
)
async def test_refused_preflight_is_a_problem(page, asked):
    good = {"Origin": PAGE, "Access-Control-Request-Method": "GET"}
    answer = await page.options("/api/events", headers=good | asked)
    assert (answer.status_code, answer.json()["code"]) == (400, "validation_failed")
    assert answer.headers["content-type"] == "application/problem+json"
    assert "Access-Control-Allow-Methods" not in answer.headers or "Origin" not in asked
