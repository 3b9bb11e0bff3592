"""What dentists may: hold and book at themselves alone, and know their patients, whom they do not
choose by themselves.
"""

from datetime import timedelta
from uuid import UUID

import pytest

from db.demo import person_id
from domain.people import DENTIST_ACCESS_YEARS
from tests.support import AMARA, ANA, BEN, LENA, monday, overdue

OF_ANA = f"/api/profiles/{ANA}"
PERSONAL_EDITS = [
    {"email": "other@example.org"},
    {"phone": "030 987654"},
    {"full_name": "Other Name"},
    {"time_zone": "Asia/Tokyo"},
    {"locale": "fr"},
]
CHECKUP = {"appointment_type": "checkup", "patient_id": str(ANA)}


@pytest.fixture
def amara(as_):
    return as_("dentist", "amara")


async def book(api, headers, dentist: UUID = AMARA, hour: int = 9, route: str = "", **fields):
    body = CHECKUP | {"dentist_id": str(dentist), "starts_at": monday(hour).isoformat()}
    path = f"/api/{route or 'appointments'}"
    return await api.post(path, json=body | fields, headers=headers)


@pytest.mark.parametrize("route", ["appointments", "availability/reserve"])
async def test_dentist_books_only_their_own_slots(api, amara, pool, route):
    refused = await book(api, amara, LENA, route=route)
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
    assert await pool.fetchval("select count(*) from appointments") == 0
    assert (await book(api, amara, AMARA, route=route)).status_code == 201


async def test_a_dentist_moves_no_visit_to_a_colleague(api, as_, amara):
    made = (await book(api, amara)).json()
    path = f"/api/appointments/{made['id']}"
    refused = await api.put(path, json={"dentist_id": str(LENA)}, headers=amara)
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
    assert (await api.get(path, headers=amara)).json() == made
    stays = await api.put(
        path, json={"dentist_id": str(AMARA), "starts_at": monday(11).isoformat()}, headers=amara
    )
    assert stays.status_code == 200
    moved = await api.put(path, json={"dentist_id": str(LENA)}, headers=as_("admin"))
    assert moved.status_code == 200


async def knows(api, headers) -> bool:
    """Whether the dentist sees Ana's profile, by both routes."""
    one = await api.get(OF_ANA, headers=headers)
    listed = await api.get("/api/profiles", params={"role": "patient"}, headers=headers)
    among = str(ANA) in {person["id"] for person in listed.json()["items"]}
    assert among == (one.status_code == 200)
    return among


async def end(api, id: str, how: str, pool, headers) -> None:
    match how:
        case "release":
            await api.delete(f"/api/availability/reserve/{id}", headers=headers)
        case "overdue":
            await overdue(pool, UUID(id))
        case "lapse":
            await pool.execute(
                """
                update appointments set lapsed_at = now(), version = version + 1, verb = 'lapse',
                       command_id = null, starts_at = now() - interval '3 days',
                       ends_at = now() - interval '2 days' where id = $1
                """,
                id,
            )
        case _:
            await api.post(f"/api/appointments/{id}/{how}", json={}, headers=headers)


@pytest.mark.parametrize(
    ("route", "how"),
    [
        ("availability/reserve", "release"),
        ("availability/reserve", "overdue"),
        ("availability/reserve", "cancel"),
        ("appointments", "cancel"),
        ("appointments", "no-show"),
        ("appointments", "lapse"),
    ],
)
async def test_what_a_dentist_books_gives_access_only_while_it_is_live(
    api, amara, pool, route, how
):
    assert not await knows(api, amara)
    made = (await book(api, amara, route=route)).json()["id"]
    assert await knows(api, amara)
    if how == "no-show":
        await began(pool, made)
    await end(api, made, how, pool, amara)
    assert not await knows(api, amara)


@pytest.mark.parametrize("who", [("patient", "ana"), ("agent", "chatbot"), ("admin", "admin")])
async def test_visit_made_by_others_gives_access_after_it_ends(api, as_, amara, pool, who):
    await api.put(
        f"/api/profiles/me/agents/{person_id('agent', 'chatbot')}", headers=as_("patient", "ana")
    )
    made = (await book(api, as_(*who))).json()["id"]
    assert await knows(api, amara)
    await api.post(f"/api/appointments/{made}/cancel", json={}, headers=amara)
    assert await knows(api, amara)
    for years, known in ((DENTIST_ACCESS_YEARS - 1, True), (DENTIST_ACCESS_YEARS + 1, False)):
        await ended_ago(pool, made, years)
        assert await knows(api, amara) is known


WITHIN, BEYOND = timedelta(days=89), timedelta(days=91)
"""Of a checkup's horizon, which is 90 days."""


@pytest.mark.parametrize("who", [("dentist", "amara"), ("admin", "admin"), ("patient", "ana")])
async def test_what_a_dentist_books_gives_access_only_within_the_horizon(
    api, as_, amara, pool, who
):
    made = (await book(api, as_(*who))).json()["id"]
    for ahead in (WITHIN, BEYOND, WITHIN):
        await pool.execute(
            """
            update appointments set starts_at = now() + $2::interval, verb = 'reschedule',
                   ends_at = now() + $2::interval + interval '1 hour', version = version + 1,
                   command_id = null
             where id = $1
            """,
            made,
            ahead,
        )
        assert await knows(api, amara) is (who[0] != "dentist" or ahead < BEYOND)


@pytest.mark.parametrize(
    ("who", "may"),
    [
        (("dentist", "amara"), False),
        (("admin", "admin"), True),
        (("patient", "ana"), True),
    ],
)
async def test_a_dentist_changes_patients_whose_visit_somebody_else_made(api, as_, amara, who, may):
    await book(api, as_(*who))
    before = (await api.get(OF_ANA, headers=amara)).json()
    for edit in PERSONAL_EDITS:
        answer = await api.put(OF_ANA, json=edit, headers=amara)
        assert answer.status_code == (200 if may else 403), edit
    if not may:
        assert answer.json()["code"] == "forbidden"
        assert (await api.get(OF_ANA, headers=amara)).json() == before
        same = {"email": before.get("email"), "full_name": before["full_name"]}
        assert (await api.put(OF_ANA, json=same, headers=amara)).status_code == 200


async def test_a_dentist_changes_patients_whom_they_made_and_themselves(api, amara):
    made = await api.post("/api/profiles", json={"full_name": "Eva Neu"}, headers=amara)
    for id in (made.json()["id"], AMARA):
        edited = await api.put(f"/api/profiles/{id}", json={"phone": "030 123456"}, headers=amara)
        assert edited.status_code == 200


async def test_a_hold_that_was_never_booked_gives_no_access_when_it_is_over(api, as_, amara, pool):
    made = (await book(api, as_("patient", "ana"), route="availability/reserve")).json()["id"]
    assert await knows(api, amara)
    await end(api, made, "release", pool, as_("patient", "ana"))
    assert not await knows(api, amara)


async def test_access_moves_with_the_visit_to_a_colleague(api, as_, amara):
    made = (await book(api, as_("patient", "ana"))).json()["id"]
    await api.put(
        f"/api/appointments/{made}", json={"dentist_id": str(LENA)}, headers=as_("patient", "ana")
    )
    assert not await knows(api, amara)
    assert await knows(api, as_("dentist", "lena"))


async def test_repeat_is_answered_only_to_those_who_see_the_booking_now(api, as_, amara):
    once = amara | {"Idempotency-Key": "once"}
    made = (await book(api, once, notes="hers")).json()
    again = await book(api, once, notes="hers")
    assert (again.status_code, again.json()["id"]) == (200, made["id"])
    path = f"/api/appointments/{made['id']}"
    await api.put(path, json={"dentist_id": str(LENA)}, headers=as_("admin"))
    again = await book(api, once, notes="hers")
    assert again.status_code in (404, 422)
    assert made["id"] not in again.text


async def began(pool, id: str) -> None:
    """As if its start had come."""
    await shifted(pool, id, "starts_at - now()")


async def ended_ago(pool, id: str, years: int) -> None:
    await shifted(pool, id, f"ends_at - now() + interval '{years} years'")


async def shifted(pool, id: str, earlier: str) -> None:
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("set local session_replication_role = replica")
        await connection.execute(
            f"""
            update appointments
               set starts_at = starts_at - ({earlier}), ends_at = ends_at - ({earlier})
             where id = $1
            """,
            id,
        )


async def test_reads_of_a_patient_by_staff_are_recorded_and_stay(api, as_, amara, pool):
    await book(api, as_("patient", "ana"))
    admin, lena = as_("admin"), as_("dentist", "lena")
    await api.get(OF_ANA, headers=lena)
    await api.get("/api/profiles/me", headers=as_("patient", "ana"))
    assert await reads(pool) == []
    await api.get(OF_ANA, headers=amara)
    await api.get("/api/profiles", params={"search": "ana"}, headers=admin)
    await api.put(OF_ANA, json={"locale": "de"}, headers=amara)
    await api.get(f"/api/profiles/{LENA}", headers=admin)
    await api.get("/api/profiles/me", headers=amara)
    by_amara, by_admin = f"dentist:{AMARA}", f"admin:{person_id('admin', 'admin')}"
    assert await reads(pool) == [(str(ANA), by_amara), (str(ANA), by_admin), (str(ANA), by_amara)]
    for change in (
        "delete from profile_reads",
        "update profile_reads set reader = 'nobody'",
        "truncate profile_reads",
    ):
        with pytest.raises(Exception, match="append-only"):
            await pool.execute(change)


async def test_a_repeat_that_shows_a_patient_is_recorded_as_a_read(api, amara, pool):
    made = [
        await api.post(
            "/api/profiles", json={"full_name": "New"}, headers=amara | {"Idempotency-Key": "k"}
        )
        for _ in range(3)
    ]
    assert [answer.status_code for answer in made] == [201, 200, 200]
    assert await reads(pool) == [(made[0].json()["id"], f"dentist:{AMARA}")] * 2


async def reads(pool) -> list[tuple[str, str]]:
    rows = await pool.fetch("select profile_id, reader from profile_reads order by id")
    return [(str(id), reader) for id, reader in rows]


async def test_each_patient_on_a_page_is_recorded_as_read(api, as_, pool):
    page = (await api.get("/api/profiles", headers=as_("admin"))).json()["items"]
    patients = {person["id"] for person in page if person["role"] == "patient"}
    assert patients == {id for id, _ in await reads(pool)} >= {str(ANA), str(BEN)}
