"""`allowed` and the API agree: what it names is accepted, and nothing else changes anything."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from domain.booking import LIVE, MAX_EXTENSIONS, RULES, Status, Verb
from tests.support import AMARA, BEN, MATEO, monday, rewrite

CALLERS = {
    "patient": ("patient", "ben"),
    "patient of an agent's booking": ("patient", "ben"),
    "agent": ("agent", "chatbot"),
    "dentist": ("dentist", "amara"),
    "desk": ("desk", "greta"),
    "admin": ("admin", "admin"),
}
BY_AGENT = ("patient of an agent's booking", "agent")

FAR, SOON, BEGUN = timedelta(weeks=3), timedelta(hours=2), -timedelta(minutes=10)
MINUTE = timedelta(minutes=1)
CASES: dict[str, dict[str, Any]] = {
    "far ahead": {},
    "within the cancel notice": {"starts": SOON},
    "begun": {"starts": BEGUN},
    "begun before it was booked": {"starts": BEGUN, "walk_in": True},
    "a day late": {"starts": -timedelta(days=1, hours=2), "walk_in": True},
    "deadline over": {"left": -MINUTE},
    "extended as often as possible": {"extensions": MAX_EXTENSIONS},
}
STATES = [(status, case) for status in Status for case in CASES if status in LIVE] + [
    (status, "far ahead") for status in Status if status not in LIVE
]
ELSEWHERE = {"starts_at": monday(15, weeks=2).isoformat()}
PATHS = {Verb.EXTEND: "availability/reserve/{}/extend", Verb.RELEASE: "availability/reserve/{}"}


@pytest.mark.parametrize("caller", CALLERS)
async def test_allowed_names_exactly_the_verbs_that_the_api_accepts(api, pool, as_, caller):
    id, headers = await _booked(api, as_, caller)
    named, accepted = {}, {}
    for status, case in STATES:
        await _put(pool, id, status, **CASES[case])
        shown = (await api.get(f"/api/appointments/{id}", headers=headers)).json()
        named[status, case] = shown["allowed"]
        accepted[status, case] = []
        for number, verb in enumerate(RULES):
            await _put(pool, id, status, **CASES[case])
            if verb is not Verb.EXPIRE and await _accepts(api, id, verb, headers, number):
                accepted[status, case].append(str(verb))
    assert named == accepted
    assert {verb for verbs in named.values() for verb in verbs}


async def test_a_list_an_answer_and_a_stream_show_what_one_appointment_shows(api, as_):
    id, headers = await _booked(api, as_, "dentist")
    shown = (await api.get(f"/api/appointments/{id}", headers=headers)).json()
    listed = (await api.get("/api/appointments", headers=headers)).json()["items"]
    assert listed == [shown]
    edited = await api.put(f"/api/appointments/{id}", json={"notes": "x"}, headers=headers)
    assert edited.json() == shown | {
        "notes": "x",
        "version": shown["version"] + 1,
        "updated_at": edited.json()["updated_at"],
    }


async def test_a_refusal_names_the_verbs_that_this_caller_may_use(api, as_):
    id, headers = await _booked(api, as_, "patient")
    for caller in (headers, as_("dentist", "amara")):
        shown = (await api.get(f"/api/appointments/{id}", headers=caller)).json()
        refused = await api.delete(f"/api/availability/reserve/{id}", headers=caller)
        assert refused.json()["allowed"] == shown["allowed"]


async def test_extensions_left_counts_down_while_held(api, as_):
    headers = as_("patient", "ben")
    held = (await api.post("/api/availability/reserve", json=_wish(), headers=headers)).json()
    seen = [held["extensions_left"]]
    while "extend" in held["allowed"]:
        path = f"/api/availability/reserve/{held['id']}/extend"
        held = (await api.post(path, headers=headers)).json()
        seen.append(held["extensions_left"])
    assert seen == list(range(MAX_EXTENSIONS, -1, -1))
    booked = (await api.post(f"/api/appointments/{held['id']}/confirm", headers=headers)).json()
    assert "extensions_left" not in booked


async def test_cancel_until_is_the_instant_at_which_the_notice_begins(api, pool, as_):
    id, headers = await _booked(api, as_, "patient")
    await _put(pool, id, Status.BOOKED)
    shown = (await api.get(f"/api/appointments/{id}", headers=headers)).json()
    until = datetime.fromisoformat(shown["cancel_until"])
    assert until == datetime.fromisoformat(shown["starts_at"]) - timedelta(days=1)
    await _put(pool, id, Status.CANCELLED)
    shown = (await api.get(f"/api/appointments/{id}", headers=headers)).json()
    assert "cancel_until" not in shown


async def test_staff_see_the_patients_name_and_the_chair_and_nobody_else_does(api, pool, as_):
    id, _ = await _booked(api, as_, "agent")
    for caller, (role, name) in CALLERS.items():
        who = role, "mateo" if role == "dentist" else name
        shown = (await api.get(f"/api/appointments/{id}", headers=as_(*who))).json()
        staff = {"patient_name", "chair", "chair_name"} & set(shown)
        assert bool(staff) == (role in ("dentist", "desk", "admin")), caller
    assert (shown["patient_name"], shown["chair_name"]) == ("Ben Walker", "Chair 1")
    assert shown["chair"] == await pool.fetchval("select no from resources where name = 'Chair 1'")


async def test_the_chair_is_known_from_the_first_answer_to_the_last(api, as_):
    headers = as_("dentist", "amara")
    body = _wish() | {"patient_id": str(BEN)}
    made = (await api.post("/api/appointments", json=body, headers=headers)).json()
    path = f"/api/appointments/{made['id']}"
    moved = (await api.put(path, json=ELSEWHERE, headers=headers)).json()
    gone = (await api.post(f"{path}/cancel", headers=headers)).json()
    assert {made["chair_name"], moved["chair_name"], gone["chair_name"]} == {"Chair 1"}
    body["appointment_type"] = "consultation"  # which needs none
    made = (await api.post("/api/appointments", json=body, headers=headers)).json()
    assert "chair" not in made
    assert made["patient_name"] == "Ben Walker"


async def test_lapsed_at_is_shown_once_a_visit_is_flagged(api, pool, as_):
    id, headers = await _booked(api, as_, "dentist")
    await _put(pool, id, Status.BOOKED, **CASES["a day late"])
    await rewrite(pool, "update appointments set lapsed_at = clock_timestamp() where id = $1", id)
    shown = (await api.get(f"/api/appointments/{id}", headers=headers)).json()
    assert shown["lapsed_at"]
    assert "complete" not in shown["allowed"]


def _wish() -> dict[str, str]:
    return {
        "dentist_id": str(AMARA),
        "starts_at": monday(9).isoformat(),
        "appointment_type": "checkup",
    }


async def _booked(api, as_, caller: str) -> tuple[UUID, dict[str, str]]:
    """A booking of Ben, and the headers of a caller who may see it."""
    maker = CALLERS["agent" if caller in BY_AGENT else "patient"]
    body = _wish() | {"patient_id": str(BEN)}
    if caller in BY_AGENT:
        body["dentist_id"] = str(MATEO)
    answer = await api.post("/api/appointments", json=body, headers=as_(*maker))
    made = answer.json()
    headers = as_(*CALLERS[caller])
    if caller == "agent":
        headers["X-Hold-Token"] = made["hold_token"]
    return UUID(made["id"]), headers


async def _put(
    pool,
    id: UUID,
    status: Status,
    starts: timedelta = FAR,
    left: timedelta = 5 * MINUTE,
    extensions: int = 0,
    walk_in: bool = False,
) -> None:
    """Puts the booking into a state, as if nothing had happened to it since. `left`: until the
    deadline of that state.
    """
    await rewrite(
        pool,
        """
        with gone as (delete from appointment_transitions where appointment_id = $1),
             free as (delete from slot_reservations where appointment_id = $1)
        update appointments
           set status = $2, version = 1, extensions = $5, walk_in = $6,
               lapsed_at = null, notes = null,
               starts_at = clock_timestamp() + $3::interval,
               ends_at = clock_timestamp() + $3::interval + interval '30 minutes',
               hold_expires_at = clock_timestamp() + $4::interval,
               approval_expires_at = clock_timestamp() + $4::interval,
               policy = policy || '{"cancel_notice": 86400}'
         where id = $1
        """,
        id,
        str(status),
        starts,
        left,
        extensions,
        walk_in,
    )


async def _accepts(api, id: UUID, verb: Verb, headers: dict[str, str], number: int) -> bool:
    """Whether the API carries the verb out. It also answers 200, and changes nothing, where the
    booking is already in the state that was asked for.
    """
    body = {Verb.RESCHEDULE: ELSEWHERE, Verb.EDIT: {"notes": f"note {number}"}}.get(verb)
    method = {Verb.RELEASE: "DELETE"}.get(verb, "PUT" if body else "POST")
    path = f"appointments/{id}" if body else PATHS.get(verb, f"appointments/{{}}/{verb}")
    path = path.format(id).replace("_", "-")
    answer = await api.request(method, f"/api/{path}", json=body, headers=headers)
    assert answer.status_code < 500, answer.text
    return answer.status_code == 200 and answer.json()["version"] == 2
