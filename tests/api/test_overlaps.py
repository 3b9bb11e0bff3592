"""Another visit of the patient is in the way: patients and staff are told so, an agent is not."""

from datetime import datetime
from uuid import UUID

import pytest

from tests.support import AMARA, BEN, LENA, monday

RESERVE, BOOK = "/api/availability/reserve", "/api/appointments"
CALLERS = [("patient", "ben"), ("dentist", "lena"), ("admin", "admin"), ("agent", "chatbot")]


def wanted(role: str, dentist: UUID, hour: int, minute: int = 0) -> dict[str, str]:
    asked = {
        "dentist_id": str(dentist),
        "starts_at": monday(hour, minute).isoformat(),
        "appointment_type": "checkup",
    }
    return asked if role == "patient" else asked | {"patient_id": str(BEN)}


@pytest.fixture
async def with_grant(api, as_):
    agent = (await api.get("/api/profiles/me", headers=as_("agent", "chatbot"))).json()["id"]
    await api.put(f"/api/profiles/me/agents/{agent}", headers=as_("patient", "ben"))


@pytest.mark.parametrize("how", ["hold", "book", "move"])
@pytest.mark.parametrize("booked", [False, True])
@pytest.mark.parametrize("who", CALLERS, ids=lambda who: who[0])
async def test_patient_overlap_is_told_to_patients_and_staff_only(
    api, as_, with_grant, who, booked, how
):
    caller, role = as_(*who), who[0]
    others = BOOK if booked else RESERVE
    visit = await api.post(others, json=wanted("patient", AMARA, 9), headers=as_("patient", "ben"))
    assert visit.status_code == 201
    if how == "move":
        own = await api.post(BOOK, json=wanted(role, LENA, 14), headers=caller)
        shown = {"X-Hold-Token": own.json().get("hold_token", "none")}
        path, place = f"{BOOK}/{own.json()['id']}", {"starts_at": monday(9).isoformat()}
        refused = await api.put(path, json=place, headers=caller | shown)
    else:
        path = RESERVE if how == "hold" else BOOK
        refused = await api.post(path, json=wanted(role, LENA, 9), headers=caller)
    assert refused.status_code == 409
    said = refused.json()
    if role != "agent":
        assert said["code"] == "patient_overlap"
        assert said["blocking"] == ("booked" if booked else "held")
        return
    assert (said["code"], said["blocking"]) == ("slot_unavailable", "booked")
    assert not {"held_until", "yours", "appointment_id"} & said.keys()
    assert visit.json()["id"] not in refused.text
    starts = [datetime.fromisoformat(each["starts_at"]) for each in said["alternatives"]]
    assert len(starts) == 3
    assert monday(9) not in starts
