"""How much conversations and agents may hold, and what the history keeps of who agreed."""

import asyncio

import pytest

from tests.api.test_chatbot import CHECKUP, agreed, of_ben, refused, say, told, wanted
from tests.support import ANA, BEN, LENA, monday, overdue

AGENT_HOLD = "/api/availability/reserve"


@pytest.fixture
def agent(as_):
    return as_("agent")


@pytest.fixture
def limited(api, monkeypatch):
    """Sets a limit of the running API."""
    settings = api._transport.app.state.app_state.settings
    return lambda name, most: monkeypatch.setitem(settings.__dict__, name, most)


@pytest.fixture
async def patients(api, agent):
    """Patients whom the agent created, as each may have two holds only."""
    answers = [
        await api.post("/api/profiles", json={"full_name": f"Patient {n}"}, headers=agent)
        for n in range(6)
    ]
    return [answer.json()["id"] for answer in answers]


@pytest.mark.parametrize(
    ("setting", "code", "same_conversation", "same_day"),
    [
        ("conversation_holds", "conversation_quota", True, False),
        ("agent_holds", "agent_quota", False, False),
        ("agent_holds_per_day", "dentist_day_quota", False, True),
    ],
)
async def test_concurrent_holds_beyond_a_limit_are_refused(
    api, agent, patients, limited, pool, setting, code, same_conversation, same_day
):
    limited(setting, 2)

    def asked(n: int):
        talk = "talk" if same_conversation else f"talk {n}"
        at = monday(9 + n) if same_day else monday(9 + n, weeks=1 + n % 3)
        return wanted(patient_id=patients[n], conversation_id=talk, starts_at=at.isoformat())

    answers = await asyncio.gather(*(say(api, agent, "hold_slot", **asked(n)) for n in range(3)))
    assert sorted(answer.status_code for answer in answers) == [200, 200, 429]
    lost = next(answer for answer in answers if answer.status_code == 429)
    document = lost.json()
    assert document["code"] == code
    assert document["held_until"]
    assert 0 < int(lost.headers["Retry-After"]) <= 300
    first = next(answer for answer in answers if answer.status_code == 200).json()
    await overdue(pool, first["booking_id"])
    n = answers.index(lost)
    await told(api, agent, "hold_slot", **asked(n))


async def test_booked_visits_do_not_count_for_the_limits(api, agent, limited):
    for name in ("conversation_holds", "agent_holds", "agent_holds_per_day"):
        limited(name, 1)
    hold = await told(api, agent, "hold_slot", **of_ben())
    await told(api, agent, "confirm_booking", **agreed(hold))
    await told(api, agent, "hold_slot", **of_ben(14))


async def test_the_limit_of_a_day_does_not_concern_other_days_dentists_or_patients(
    api, as_, agent, patients, limited
):
    limited("agent_holds_per_day", 1)
    await told(api, agent, "hold_slot", **of_ben())
    day = await refused(api, agent, "hold_slot", **wanted(14, patient_id=patients[0]))
    assert day["code"] == "dentist_day_quota"
    await told(api, agent, "hold_slot", **wanted(14, LENA, patient_id=patients[0]))
    later = monday(9, weeks=2).isoformat()
    await told(api, agent, "hold_slot", **of_ben(starts_at=later))
    await told(api, as_("patient", "ana"), "hold_slot", **wanted(15))


async def test_the_limits_of_an_agent_hold_on_every_route(api, agent, limited):
    limited("agent_holds", 1)
    await told(api, agent, "hold_slot", **of_ben())
    body = CHECKUP | {
        "dentist_id": str(LENA),
        "patient_id": str(BEN),
        "starts_at": monday(14).isoformat(),
    }
    answer = await api.post(AGENT_HOLD, json=body, headers=agent)
    assert (answer.status_code, answer.json()["code"]) == (429, "agent_quota")


async def test_a_repeat_is_answered_though_the_limit_is_reached(api, agent, limited):
    limited("conversation_holds", 1)
    first = await told(api, agent, "hold_slot", **of_ben())
    again = await told(api, agent, "hold_slot", **of_ben())
    assert again["booking_id"] == first["booking_id"]


@pytest.mark.parametrize(
    ("language", "by", "kept"),
    [
        ("en", None, "patient"),
        ("de", "guardian", "guardian"),
        ("de", "representative", "representative"),
    ],
)
async def test_the_history_keeps_who_agreed_to_what_in_which_language(
    api, as_, agent, language, by, kept
):
    hold = await told(api, agent, "hold_slot", **of_ben(), language=language)
    await told(api, agent, "confirm_booking", **agreed(hold, agreed_by=by, language="en"))
    path = f"/api/appointments/{hold['booking_id']}"
    await api.post(f"{path}/check-in", headers=as_("admin"))
    named = {name: hold[name] for name in ("booking_id", "hold_token")}
    await told(api, agent, "cancel_booking", **named)
    history = (await api.get(f"{path}/history", headers=as_("admin"))).json()
    assert [line["verb"] for line in history if "agreement" in line] == ["confirm"]
    assert history[1]["agreement"] == {
        "read_back_hash": hold["read_back_hash"],
        "language": language,
        "agreed_by": kept,
    }


async def test_a_confirmation_outside_of_conversations_records_no_agreement(api, as_):
    body = CHECKUP | {"dentist_id": str(LENA), "starts_at": monday(14).isoformat()}
    ana = as_("patient", "ana")
    held = await api.post(AGENT_HOLD, json=body, headers=ana)
    path = f"/api/appointments/{held.json()['id']}"
    await api.post(f"{path}/confirm", headers=ana)
    history = (await api.get(f"{path}/history", headers=ana)).json()
    assert all("agreement" not in line for line in history)
    assert str(ANA) in history[0]["actor"]
