"""Staff are invited by e-mail: a profile waits for the first sign-in with that verified address."""

import time

import jwt
import pytest
from uuid_utils.compat import uuid7

from api.auth import development
from db.demo import CLINIC
from tests.support import AMARA, ANA, monday

EMAIL = "rosa@example.org"
BY_CODE = {"amr": [{"method": "otp", "timestamp": 1}]}
INVITED = {"full_name": "Rosa Lind", "email": EMAIL, "role": "desk", "clinic_ids": [str(CLINIC)]}


@pytest.fixture
def sign_in(settings):
    """`sign_in(email=…, amr=…)`: headers of a new login, as Supabase issues its token."""

    def headers(sub=None, role=None, **claims):
        now = int(time.time())
        told = {
            "iss": development.ISSUER,
            "aud": development.AUDIENCE,
            "sub": str(sub or uuid7()),
            "iat": now,
            "exp": now + 3600,
            "app_metadata": {"role": role} if role else {"provider": "email"},
            "user_metadata": {"email_verified": True, "role": "admin"},
        }
        key = development.private_key(settings.development_key)
        token = jwt.encode(told | claims, key, algorithm="ES256")
        return {"Authorization": f"Bearer {token}"}

    return headers


async def invite(api, as_, **fields):
    answer = await api.post("/api/profiles", json=INVITED | fields, headers=as_("admin"))
    assert answer.status_code == 201, answer.text
    return answer.json()


async def me(api, headers):
    return await api.get("/api/profiles/me", headers=headers)


@pytest.mark.parametrize(
    "claims",
    [
        BY_CODE,
        {"amr": ["magiclink"]},
        {"amr": [{"method": "password", "timestamp": 2}, {"method": "invite", "timestamp": 1}]},
        {"email_verified": True, "amr": [{"method": "password", "timestamp": 1}]},
    ],
)
async def test_the_first_sign_in_with_the_verified_address_gets_the_profile(
    api, as_, sign_in, claims
):
    made = await invite(api, as_)
    assert made["invited"] is True
    rosa = sign_in(email=EMAIL.upper(), **claims)
    for _ in range(2):
        found = (await me(api, rosa)).json()
        assert (found["id"], found["role"]) == (made["id"], "desk")
        assert "invited" not in found
    assert (await api.get("/api/appointments", headers=rosa)).status_code == 200
    assert (await api.get("/api/profiles?role=patient", headers=rosa)).status_code == 200
    again = await api.post("/api/profiles", json=INVITED, headers=as_("admin"))
    assert again.status_code == 201, "a claimed address can be invited again"


@pytest.mark.parametrize(
    "claims",
    [
        {},
        {"amr": [{"method": "password", "timestamp": 1}]},
        {"email_verified": False, **BY_CODE},
        {"email_verified": "true"},
        {"phone": "+4930555", **BY_CODE},
        {"amr": "otp"},
        {"amr": {"method": "otp"}},
        {"email": "other@example.org", **BY_CODE},
        {"email": [EMAIL], **BY_CODE},
    ],
)
async def test_an_address_that_is_not_verified_claims_nothing(api, as_, sign_in, claims):
    made = await invite(api, as_)
    found = (await me(api, sign_in(**({"email": EMAIL} | claims)))).json()
    assert (found["role"], found["id"] == made["id"]) == ("patient", False)
    waiting = await api.get(f"/api/profiles/{made['id']}", headers=as_("admin"))
    assert waiting.json()["invited"] is True


async def test_letters_that_only_look_alike_make_another_address(api, as_, sign_in):
    made = await invite(api, as_, email="kim@example.org")
    for email in (
        "\N{KELVIN SIGN}im@example.org",
        "k\N{LATIN SMALL LETTER DOTLESS I}m@example.org",
    ):
        found = (await me(api, sign_in(email=email, **BY_CODE))).json()
        assert found["id"] != made["id"]


async def test_of_two_sign_ins_one_gets_the_profile(api, as_, sign_in):
    made = await invite(api, as_)
    found = [(await me(api, sign_in(email=EMAIL, **BY_CODE))).json() for _ in range(3)]
    assert [each["id"] for each in found].count(made["id"]) == 1
    assert [each["role"] for each in found].count("patient") == 2


async def test_a_dentist_is_booked_before_the_first_sign_in_and_sees_it_after(api, as_, sign_in):
    dentist = {"role": "dentist", "clinic_id": str(CLINIC), "specialty": "Surgery"}
    fields = {name: value for name, value in INVITED.items() if name != "clinic_ids"} | dentist
    made = (await api.post("/api/profiles", json=fields, headers=as_("admin"))).json()
    hours = {"weekly": [{"weekday": 0, "starts": "08:00", "ends": "12:00"}], "exceptions": []}
    await api.put(f"/api/availability/{made['id']}", json=hours, headers=as_("admin"))
    wish = {"dentist_id": made["id"], "appointment_type": "checkup"}
    wish["starts_at"] = monday(9).isoformat()
    booked = await api.post("/api/appointments", json=wish, headers=as_("patient", "ana"))
    headers = sign_in(email=EMAIL, **BY_CODE)
    listed = (await api.get("/api/appointments", headers=headers)).json()["items"]
    assert [each["id"] for each in listed] == [booked.json()["id"]]


async def test_who_called_as_a_patient_before_still_gets_the_profile(api, as_, sign_in):
    sub = uuid7()
    assert (await me(api, sign_in(sub, email=EMAIL))).json()["role"] == "patient"
    made = await invite(api, as_)
    accounts = api._transport.app.state.app_state.accounts
    accounts.invalidate(sub)  # as if the cached status had expired
    found = (await me(api, sign_in(sub, email=EMAIL, **BY_CODE))).json()
    assert found["id"] == made["id"]


async def test_who_has_visits_or_another_role_keeps_their_own_profile(api, as_, sign_in):
    await invite(api, as_)
    wish = {"dentist_id": str(AMARA), "appointment_type": "checkup"}
    wish["starts_at"] = monday(9).isoformat()
    await api.post("/api/appointments", json=wish, headers=as_("patient", "ana"))
    for sub, role in ((ANA, None), (ANA, "patient"), (AMARA, "dentist")):
        found = (await me(api, sign_in(sub, role=role, email=EMAIL, **BY_CODE))).json()
        assert found["id"] == str(sub)


async def test_only_invited_profiles_are_claimed(api, pool, as_, sign_in):
    patient = {"full_name": "Eva Novak", "email": EMAIL}
    await api.post("/api/profiles", json=patient, headers=as_("admin"))
    await pool.execute("update profiles set email = $1 where id = $2", EMAIL, AMARA)
    assert (await me(api, sign_in(email=EMAIL, **BY_CODE))).json()["role"] == "patient"


async def test_a_deactivated_or_erased_invitation_is_not_claimed(api, as_, sign_in):
    made = await invite(api, as_)
    path = f"/api/profiles/{made['id']}"
    await api.put(path, json={"active": False}, headers=as_("admin"))
    assert (await me(api, sign_in(email=EMAIL, **BY_CODE))).json()["role"] == "patient"
    await api.post(f"{path}/erase", headers=as_("admin"))
    assert (await me(api, sign_in(email=EMAIL, **BY_CODE))).json()["role"] == "patient"


async def test_the_role_is_the_profiles_and_ends_with_it(api, as_, sign_in):
    made, sub = await invite(api, as_), uuid7()
    rosa = sign_in(sub, email=EMAIL, **BY_CODE)
    assert (await me(api, rosa)).status_code == 200
    claims_more = sign_in(sub, role="admin", email=EMAIL, **BY_CODE)
    assert (await me(api, claims_more)).status_code == 403
    path = f"/api/profiles/{made['id']}"
    await api.put(path, json={"active": False}, headers=as_("admin"))
    assert (await me(api, rosa)).status_code == 403


async def test_one_address_waits_in_one_profile(api, as_):
    await invite(api, as_)
    again = await api.post(
        "/api/profiles", json=INVITED | {"email": EMAIL.title()}, headers=as_("admin")
    )
    assert (again.status_code, again.json()["errors"][0]["field"]) == (422, "email")


async def test_a_ticket_and_its_stream_are_those_of_the_claimed_profile(api, as_, sign_in):
    await invite(api, as_)
    rosa = sign_in(email=EMAIL, **BY_CODE)
    bought = await api.post("/api/events/tickets", json={}, headers=rosa)
    assert bought.status_code == 201
